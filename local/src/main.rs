//! The program `logbook`.

mod api;
mod cli;
mod commands;
mod host;
mod log_file;
mod output;
mod progress;
#[cfg(feature = "aws")]
mod stack;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
