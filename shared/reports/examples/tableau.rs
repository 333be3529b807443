//! Prints `docs/tableau/logbook.tds`.
#![allow(clippy::print_stdout, reason = "it prints a file")]

fn main() {
    print!("{}", logbook_reports::tableau::data_source());
}
