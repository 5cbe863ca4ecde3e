//! Progress on a terminal, and nothing where there is none.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that counts; hidden unless standard error is a terminal.
#[must_use]
pub fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{prefix:12} {wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(what);
    bar
}

/// A line that says what is going on; hidden unless standard error is a terminal.
#[must_use]
pub fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
