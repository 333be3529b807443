//! Named steps at which a process can be made to die, to show that nothing is lost or doubled.
//!
//! Off unless [`kill_at`] was called: by the embedded runner for its hidden `--kill-at`, by a
//! function in Lambda for `LOGBOOK_KILL_AT`, which no template sets.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static KILL: OnceLock<(String, AtomicU64)> = OnceLock::new();

/// Every step, in the order in which a log meets them.
pub const STEPS: &[&str] = &[
    "upload.before_archive",
    "archive.before_put",
    "archive.after_put",
    "archive.after_note",
    "intake.before_archive",
    "intake.before_delete",
    "intake.before_queue",
    "intake.after_queue",
    "parse.before_store",
    "parse.after_store",
    "parse.before_ack",
    "queue.before_delete",
    "queue.after_delete",
];

/// Lets the process die, as by `kill -9`, when it reaches a step for the `nth` time (from 1).
pub fn kill_at(step: &str, nth: u64) {
    // Called once at start; a second call changes nothing.
    let _ = KILL.set((step.to_owned(), AtomicU64::new(nth.max(1))));
}

/// Marks that a step is reached.
pub fn reach(step: &str) {
    if let Some((name, left)) = KILL.get()
        && name == step
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}
