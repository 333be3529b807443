//! Progress bars on long work, where someone looks.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing where that is no terminal.
pub(crate) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template(
        "{msg:<12} {bar:32} {human_pos:>7}/{human_len} {per_sec:>12} {eta:>5} left",
    );
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("█▌ "));
    }
    bar.set_message(what);
    bar
}
