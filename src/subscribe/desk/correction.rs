//! A reader's word on stories, from an answer to a digest: looked up there, written down for the stage that places entries.
//!
//! - Numbers mean what the digest printed that is answered, so it must be one that this person was sent.
//! - What is said has effect for all readers. So it counts from confirmed readers only, a few a day each, with the
//!   reader's row beside it, and the operator can keep it to themselves or switch it off (`[inbound] corrections`).

use super::{Desk, Order, Party, budget::DAY};
use crate::address::Address;
use crate::config::Corrections;
use crate::model::Subscription;
use crate::store::corrections::{self, NewRequest, Shown};
use crate::store::rusqlite::Transaction;
use crate::store::{self};
use crate::subscribe::choose::Notes;
use crate::subscribe::command::Command;
use crate::subscribe::note::Note;

/// Corrections of one reader in a day.
const READER_DAY_MAX: u32 = 10;
/// Characters of a headline in an answer.
const TITLE_CHARS_MAX: usize = 70;

impl Desk {
    /// Writes a correction down, or notes why not.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn correct(
        &self,
        tx: &Transaction<'_>,
        order: &Order,
        party: &Party,
        current: &Subscription,
        command: &Command,
        notes: &mut Notes,
    ) -> store::Result<()> {
        let mut refuse = |why: &'static str, n: u32| notes.not_done.push(Note::Refused(why, command.to_string(), n));
        if !self.may_correct(&party.address) {
            refuse("only_operator", 0);
            return Ok(());
        }
        let mut shown = None;
        for id in &order.answers {
            shown = corrections::shown(tx, id, current.subscriber)?;
            if shown.is_some() {
                break;
            }
        }
        let Some(shown) = shown else {
            refuse("which_digest", 0);
            return Ok(());
        };
        if corrections::n_since(tx, current.subscriber, self.now.minus(DAY))? >= READER_DAY_MAX {
            refuse("enough_today", 0);
            return Ok(());
        }
        let (is_merge, numbers) = match command {
            Command::Split(numbers) => (false, numbers),
            Command::Merge(numbers) => (true, numbers),
            _ => return Ok(()),
        };
        let mut found: Vec<(&u32, &Shown)> = Vec::new();
        for number in numbers {
            let Some(story) = shown.iter().find(|story| story.number == *number) else {
                refuse("no_number", *number);
                return Ok(());
            };
            found.push((number, story));
        }
        let request = |first: &Shown, second: Option<&Shown>| NewRequest {
            is_merge,
            story: first.story,
            lead: first.lead,
            other: second.map(|story| story.story),
            subscriber: current.subscriber,
            at: self.now,
        };
        let named = |(number, story): &(&u32, &Shown)| {
            let title: String = story.title.chars().take(TITLE_CHARS_MAX).collect();
            (**number, title)
        };
        if is_merge {
            let Some(((_, first), rest)) = found.split_first() else {
                return Ok(());
            };
            for (_, other) in rest {
                corrections::request(tx, &request(first, Some(other)))?;
            }
            notes
                .done
                .push(Note::Stories("merged", found.iter().map(named).collect()));
        } else {
            for pair in &found {
                if pair.1.n_entries < 2 {
                    notes.not_done.push(Note::Stories("single", vec![named(pair)]));
                    continue;
                }
                corrections::request(tx, &request(pair.1, None))?;
                notes.done.push(Note::Stories("split", vec![named(pair)]));
            }
        }
        Ok(())
    }

    fn may_correct(&self, address: &Address) -> bool {
        match self.config.inbound.corrections {
            Corrections::Off => false,
            Corrections::Readers => true,
            Corrections::Operator => {
                let operator = self.config.daemon.operator.as_deref();
                operator
                    .and_then(|operator| Address::parse(operator).ok())
                    .is_some_and(|operator| operator.key() == address.key())
            }
        }
    }
}
