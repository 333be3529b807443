//! One module a command.

mod account;
mod demo;
mod digest;
mod doctor;
mod export;
mod inspect;
mod migrate;
#[cfg(feature = "aws")]
mod on_stack;
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
    if cli.at.stack.is_some() && !is_about_files(&cli.command) {
        #[cfg(feature = "aws")]
        return on_stack::run(cli.command, &cli.at);
        #[cfg(not(feature = "aws"))]
        anyhow::bail!(
            "this build of logbook knows no AWS: build it with `cargo build --release -p logbook \
             --features aws`, or leave out --stack (and LOGBOOK_STACK)"
        );
    }
    match cli.command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => serve::run(&args),
        Command::Upload(args) => upload::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Digest(args) => digest::run(&args),
        Command::Product(command) => product::run(command),
        Command::Account(command) => account::run(command),
        Command::Redrive(args) => redrive::run(&args),
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Profile(command) => profile::run(command),
    }
}

/// Whether a command works on files alone, wherever the installation is.
const fn is_about_files(command: &Command) -> bool {
    match command {
        Command::Profile(_) => true,
        Command::Inspect(args) => args.log.is_none(),
        _ => false,
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
