//! Due slots (`slot`), a story's view (`view`, `extract`), its score (`rank`), editions (`compose`) and what each
//! audience sees of them (`layout`).

pub mod compose;
pub mod extract;
pub mod layout;
pub mod rank;
pub mod slot;
pub mod view;
