//! Due slots (`slot`), ranking (`rank`), editions and what each audience sees of them (`compose`).
