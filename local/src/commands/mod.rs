//! One module a command.

mod demo;
mod doctor;
mod inspect;
mod product;
mod profile;
mod rebuild;
mod redrive;
mod report;
mod serve;
mod upload;

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{Cli, Command};

/// Exit code of a command that ran and refuses what it was given.
const REFUSED: u8 = 2;

pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => serve::run(&args),
        Command::Upload(args) => upload::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Product(command) => product::run(command),
        Command::Redrive(args) => redrive::run(&args),
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Profile(command) => profile::run(command),
    }
}

/// Runs asynchronous work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(work)
}
