//! What follows from one command, where a subscription stands and how sure we are who asks. Pure: a table.
//!
//! Three things hold in every cell, and a test goes through all of them:
//!
//! - nobody becomes a reader but by a confirm token that was mailed to the address;
//! - without proof, the most that follows is one mail to the address itself;
//! - asking twice is harmless.

use super::command::Command;

/// Where a subscription stands, as this table needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// We do not know the address, or not for this digest.
    Unknown,
    /// Asked for, not confirmed.
    Pending,
    /// Gets mail.
    Active,
    /// Over.
    Ended,
}

/// How sure we are that the owner of the address asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Anybody could have sent it.
    None,
    /// Our own MTA vouches for the sender (DMARC).
    Sender,
    /// It carries a token that only the owner was sent.
    Token,
}

/// What becomes of the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Keep,
    /// Waits for its confirmation, under a new token.
    Pending,
    /// Confirmed.
    Active,
    /// Ended.
    Ended,
    /// The choices change as asked.
    Changed,
    /// Nothing; the word on stories goes to those who place them.
    Corrected,
    /// The person and all their data go.
    Erased,
}

/// The one mail that may answer; in rising order of weight when several commands stand in one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// None.
    Silence,
    /// How this works.
    Help,
    /// There is nothing here for this address.
    NotSubscribed,
    /// What holds now.
    Settings,
    /// What changed, and what holds now.
    Changed,
    /// All data held, as JSON.
    Export,
    /// "Answer this mail and it is done": the command lacks proof.
    Question,
    /// The farewell.
    Goodbye,
    /// The opt-in question.
    Confirm,
    /// The welcome.
    Welcome,
}

/// What follows from one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// For the subscription.
    pub next: Next,
    /// For the person.
    pub answer: Answer,
}

/// Decides. `Command::Confirm` stands for a confirm token that was found and has not expired; one that was not found
/// never comes here.
#[must_use]
pub fn decide(standing: Standing, command: &Command, trust: Trust) -> Decision {
    let decision = |next, answer| Decision { next, answer };
    let trusted = trust != Trust::None;
    match (command, standing) {
        (Command::Help, _) => decision(Next::Keep, Answer::Help),

        (Command::Subscribe(_), Standing::Active) => decision(Next::Keep, Answer::Settings),
        (Command::Subscribe(_), _) => decision(Next::Pending, Answer::Confirm),

        (Command::Confirm(_), Standing::Pending) => decision(Next::Active, Answer::Welcome),
        (Command::Confirm(_), _) => decision(Next::Keep, Answer::Silence),

        (Command::Leave(_), Standing::Active) if trusted => decision(Next::Ended, Answer::Goodbye),
        (Command::Leave(_), Standing::Active) => decision(Next::Keep, Answer::Question),
        (Command::Leave(_), Standing::Pending) => decision(Next::Ended, Answer::Silence),
        (Command::Leave(_), _) if trust == Trust::Token => decision(Next::Keep, Answer::Silence),
        (Command::Leave(_), _) => decision(Next::Keep, Answer::NotSubscribed),

        (Command::Settings, Standing::Active) => decision(Next::Keep, Answer::Settings),
        (Command::Settings, _) => decision(Next::Keep, Answer::NotSubscribed),

        (Command::Change(_), Standing::Active) if trusted => decision(Next::Changed, Answer::Changed),
        (Command::Change(_), Standing::Active) => decision(Next::Keep, Answer::Question),
        // Choices made together with the request wait with it; they are nothing anybody can be harmed by.
        (Command::Change(_), Standing::Pending) => decision(Next::Changed, Answer::Silence),
        (Command::Change(_), _) => decision(Next::Keep, Answer::NotSubscribed),

        // A word on stories has effect for all readers: only one of them may say it. A question would lose which digest
        // was meant, so who lacks proof is told what holds, and that answering a digest is the way.
        (Command::Split(_) | Command::Merge(_), Standing::Active) if trusted => {
            decision(Next::Corrected, Answer::Changed)
        }
        (Command::Split(_) | Command::Merge(_), Standing::Active) => decision(Next::Keep, Answer::Settings),
        (Command::Split(_) | Command::Merge(_), _) => decision(Next::Keep, Answer::NotSubscribed),

        (Command::Export | Command::Erase, Standing::Unknown) => decision(Next::Keep, Answer::NotSubscribed),
        (Command::Export, _) if trusted => decision(Next::Keep, Answer::Export),
        // What cannot be undone is done by a token only: the last word is an answer to our question.
        (Command::Erase, _) if trust == Trust::Token => decision(Next::Erased, Answer::Silence),
        (Command::Export | Command::Erase, _) => decision(Next::Keep, Answer::Question),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Length;
    use crate::subscribe::command::Change;

    const STANDINGS: [Standing; 4] = [Standing::Unknown, Standing::Pending, Standing::Active, Standing::Ended];
    const TRUSTS: [Trust; 3] = [Trust::None, Trust::Sender, Trust::Token];

    fn commands() -> Vec<Command> {
        vec![
            Command::Subscribe(None),
            Command::Confirm("token".to_owned()),
            Command::Leave(None),
            Command::Help,
            Command::Settings,
            Command::Change(Change::Length(Length::Short)),
            Command::Export,
            Command::Erase,
            Command::Merge(vec![1, 2]),
        ]
    }

    /// One row a command; a cell is `next/answer` for unknown, pending, active, ended under one trust.
    #[track_caller]
    fn row(command: &Command, trust: Trust, cells: [&str; 4]) {
        for (standing, cell) in STANDINGS.into_iter().zip(cells) {
            let found = decide(standing, command, trust);
            let text = format!("{:?}/{:?}", found.next, found.answer);
            assert_eq!(text, cell, "{command:?} {standing:?} {trust:?}");
        }
    }

    #[test]
    fn every_cell() {
        use Trust::{None as Nobody, Sender, Token};
        let [subscribe, confirm, leave, help, settings, change, export, erase, merge] =
            <[Command; 9]>::try_from(commands()).unwrap();
        for trust in TRUSTS {
            row(
                &subscribe,
                trust,
                ["Pending/Confirm", "Pending/Confirm", "Keep/Settings", "Pending/Confirm"],
            );
            row(
                &confirm,
                trust,
                ["Keep/Silence", "Active/Welcome", "Keep/Silence", "Keep/Silence"],
            );
            row(&help, trust, ["Keep/Help"; 4]);
            row(
                &settings,
                trust,
                [
                    "Keep/NotSubscribed",
                    "Keep/NotSubscribed",
                    "Keep/Settings",
                    "Keep/NotSubscribed",
                ],
            );
        }
        row(
            &leave,
            Nobody,
            [
                "Keep/NotSubscribed",
                "Ended/Silence",
                "Keep/Question",
                "Keep/NotSubscribed",
            ],
        );
        row(
            &leave,
            Sender,
            [
                "Keep/NotSubscribed",
                "Ended/Silence",
                "Ended/Goodbye",
                "Keep/NotSubscribed",
            ],
        );
        row(
            &leave,
            Token,
            ["Keep/Silence", "Ended/Silence", "Ended/Goodbye", "Keep/Silence"],
        );
        row(
            &change,
            Nobody,
            [
                "Keep/NotSubscribed",
                "Changed/Silence",
                "Keep/Question",
                "Keep/NotSubscribed",
            ],
        );
        for trust in [Sender, Token] {
            row(
                &change,
                trust,
                [
                    "Keep/NotSubscribed",
                    "Changed/Silence",
                    "Changed/Changed",
                    "Keep/NotSubscribed",
                ],
            );
            row(
                &export,
                trust,
                ["Keep/NotSubscribed", "Keep/Export", "Keep/Export", "Keep/Export"],
            );
        }
        for (trust, active) in [
            (Nobody, "Keep/Settings"),
            (Sender, "Corrected/Changed"),
            (Token, "Corrected/Changed"),
        ] {
            row(
                &merge,
                trust,
                ["Keep/NotSubscribed", "Keep/NotSubscribed", active, "Keep/NotSubscribed"],
            );
        }
        row(
            &export,
            Nobody,
            ["Keep/NotSubscribed", "Keep/Question", "Keep/Question", "Keep/Question"],
        );
        for trust in [Nobody, Sender] {
            row(
                &erase,
                trust,
                ["Keep/NotSubscribed", "Keep/Question", "Keep/Question", "Keep/Question"],
            );
        }
        row(
            &erase,
            Token,
            [
                "Keep/NotSubscribed",
                "Erased/Silence",
                "Erased/Silence",
                "Erased/Silence",
            ],
        );
    }

    #[test]
    fn nobody_becomes_a_reader_without_a_confirm_token() {
        for standing in STANDINGS {
            for trust in TRUSTS {
                for command in commands() {
                    let next = decide(standing, &command, trust).next;
                    if next == Next::Active {
                        assert!(standing == Standing::Pending && matches!(command, Command::Confirm(_)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_forger_changes_nothing_for_a_reader() {
        for command in commands().iter().filter(|c| !matches!(c, Command::Confirm(_))) {
            assert_eq!(
                decide(Standing::Active, command, Trust::None).next,
                Next::Keep,
                "{command:?}"
            );
        }
    }
}
