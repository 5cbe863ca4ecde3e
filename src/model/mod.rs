//! The types that cross borders between stages: plain data, public fields, no behaviour that acts.
//!
//! A stage's own intermediate types stay in that stage. Ids are newtypes whose number can only be made in
//! [`crate::store`], so that a feed's id can never be passed where a story's is wanted.

mod ahead;
mod digest;
mod entry;
mod feed;
mod list;
mod mail;
mod number;
mod outlet;
mod story;
mod subscriber;
mod websub;

pub use ahead::is_ahead;
pub use digest::{
    Block, CompanyVolume, Coverage, CrossRef, Edition, EditionStory, Layout, Section, SectionKind, Slot, window_days,
};
pub use entry::{Entry, IdentityKind, NewEntry};
pub use feed::{
    DueFeed, FeedHints, FeedRow, FeedSpec, FeedStatus, Moved, PastPoll, PollCounts, PollFailure, PollOutcome,
    PollRecord, Validators,
};
pub use list::{ListRead, ListRow, ListedFeed};
pub use mail::{Attempt, Delivery, DeliveryKind, DeliveryStatus, Rendered, SendOutcome, SmtpPhase, Verdict};
pub use number::{decimal, magnitude};
pub use outlet::{house, through_aggregator};
pub use story::{
    CompanyRef, Headline, Mark, Mention, MentionPlace, Placement, PlacementReason, ScorePart, StoryView, ThemeRef,
    ThemeTag,
};
pub use subscriber::{
    Choices, EndReason, Frequency, KnownName, Length, MailFormat, NameKind, Subscriber, Subscription,
    SubscriptionStatus,
};
pub use websub::{Hub, PushRow, PushStatus};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a row id. Only the store, tests and offline evaluation make ids.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The row id.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A feed's row.
    FeedId,
    /// A stored entry's row.
    EntryId,
    /// A story's row; stable over days and restarts, never reused.
    StoryId,
    /// A person's row.
    SubscriberId,
    /// A person's subscription to one digest.
    SubscriptionId,
    /// One frozen issue of a digest.
    EditionId,
    /// The readers of one edition who get the identical mail.
    AudienceId,
    /// One message to one person.
    DeliveryId,
}
