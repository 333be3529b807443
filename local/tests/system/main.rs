//! The embedded runner as a whole: the real program, its data folder, and its public doors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests"
)]

mod bad_input;
mod bad_records;
mod dead_letters;
mod demo;
mod described;
mod kills;
mod ledger;
mod mending;
mod process;
mod refused;
mod support;
mod uploading;
