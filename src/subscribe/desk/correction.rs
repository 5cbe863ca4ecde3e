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
        let mut refuse = |why: &str| notes.not_done.push(format!("\u{201c}{command}\u{201d}: {why}"));
        if !self.may_correct(&party.address) {
            refuse("only the operator of this service corrects stories");
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
            refuse("answer the digest whose stories you mean; it must be one of the last weeks");
            return Ok(());
        };
        if corrections::n_since(tx, current.subscriber, self.now.minus(DAY))? >= READER_DAY_MAX {
            refuse("that is enough for today");
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
                refuse(&format!("that digest has no number {number}"));
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
            format!("{number} (\u{201c}{title}\u{201d})")
        };
        if is_merge {
            let Some(((_, first), rest)) = found.split_first() else {
                return Ok(());
            };
            for (_, other) in rest {
                corrections::request(tx, &request(first, Some(other)))?;
            }
            let names: Vec<String> = found.iter().map(named).collect();
            notes.done.push(format!("{} are one story", names.join(" and ")));
        } else {
            for pair in &found {
                if pair.1.n_entries < 2 {
                    notes.not_done.push(format!(
                        "{} is a single article: there is nothing to split",
                        named(pair)
                    ));
                    continue;
                }
                corrections::request(tx, &request(pair.1, None))?;
                notes
                    .done
                    .push(format!("{} stands apart from the other headlines there", named(pair)));
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
