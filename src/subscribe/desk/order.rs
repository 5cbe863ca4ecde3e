//! A request with where it came from, and what became of it.

use crate::address::Address;
use crate::subscribe::command::Command;
use crate::subscribe::decide::Answer;
use crate::subscribe::inbound::{Proof, Request};

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By mail.
    Mail,
    /// By a page.
    Web,
    /// By the button of a mail program (RFC 8058).
    OneClick,
    /// By the operator, who may name a digest that is not open.
    Operator,
}

impl Way {
    /// Its name in the proof of consent.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Web => "web",
            Self::OneClick => "one_click",
            Self::Operator => "admin",
        }
    }
}

/// A request with where it came from.
#[derive(Debug, Clone)]
pub struct Order {
    /// What is asked. Of a page's request only commands, proof and `from` count; `from` may be missing.
    pub commands: Vec<Command>,
    /// What was not understood.
    pub unclear: Vec<(String, &'static str)>,
    /// Who says they ask.
    pub from: Option<Address>,
    /// Why we may believe it.
    pub proof: Proof,
    /// The door.
    pub way: Way,
    /// Message-ID or shortened network address.
    pub evidence: String,
    /// Message-ID and thread of the mail that is answered.
    pub thread: Option<(String, Vec<String>)>,
    /// The Message-IDs of ours that it may be an answer to, the likeliest first.
    pub answers: Vec<String>,
    /// The language it was written in, where that is known and one of ours.
    pub language: Option<String>,
}

impl Order {
    /// The order in a mail.
    #[must_use]
    pub fn of_mail(request: Request) -> Self {
        let mut answers = vec![request.answers];
        answers.extend(request.references.iter().rev().cloned());
        answers.retain(|id| !id.is_empty());
        let thread = (!request.message_id.is_empty()).then(|| (request.message_id.clone(), request.references));
        Self {
            commands: request.commands,
            unclear: request.unclear,
            from: Some(request.from),
            proof: request.proof,
            way: Way::Mail,
            evidence: request.message_id,
            thread,
            answers,
            language: request.language,
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Carried out, with this answer queued.
    Answered(Answer),
    /// Carried out (or nothing to do), without a mail.
    Silent,
    /// The address is on the list of those we never mail.
    Suppressed,
    /// The answer would be over a budget; nothing was changed that needs one.
    OverBudget,
    /// A token that is wrong, used or expired, and nothing else to go by.
    BadToken,
}

impl Done {
    /// Its name in the database and in metrics.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Answered(answer) => format!("{answer:?}").to_lowercase(),
            Self::Silent => "silent".to_owned(),
            Self::Suppressed => "suppressed".to_owned(),
            Self::OverBudget => "over_budget".to_owned(),
            Self::BadToken => "bad_token".to_owned(),
        }
    }
}
