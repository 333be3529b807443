//! Prints `docs/reports.md`.
#![allow(clippy::print_stdout, reason = "it prints a page")]

fn main() {
    print!("{}", logbook_reports::docs::markdown());
}
