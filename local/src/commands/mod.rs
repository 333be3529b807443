//! One module a command.

mod inspect;
mod profile;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Exit code of a command that ran and refuses what it was given.
const REFUSED: u8 = 2;

pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Profile(command) => profile::run(command),
    }
}
