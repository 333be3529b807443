//! Logs of the program itself.
//!
//! Never logged: bodies of logs, keys and tokens, ids of users, installations and accounts.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For reading.
    Text,
}

/// Starts logging to standard error. `filter` is as in `RUST_LOG`, for example `info`.
/// A second call changes nothing.
pub fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::builder().parse_lossy(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.compact().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
}
