//! Commands that work on a stack on AWS.

use std::process::ExitCode;

use anyhow::bail;
use tokio::task::block_in_place;

use super::{account, block_on, digest, doctor, export, inspect, product, redrive, report, upload};
use crate::cli::{Command, StackArgs};
use crate::stack::Stack;

pub(super) fn run(command: Command, at: &StackArgs) -> anyhow::Result<ExitCode> {
    refuse(&command)?;
    block_on(async {
        let stack = Stack::find(at).await?;
        match command {
            Command::Product(command) => product::on_stack(command, &stack).await,
            Command::Redrive(args) => redrive::on_stack(&args, &stack).await,
            Command::Doctor(args) => doctor::on_stack(&args, &stack).await,
            Command::Inspect(args) => inspect::on_stack(&args, &stack).await,
            Command::Upload(args) => block_in_place(|| upload::on_stack(&args, &stack)),
            Command::Report(args) => block_in_place(|| report::on_stack(&args, &stack)),
            Command::Export(args) => export::on_stack(&args, &stack).await,
            Command::Digest(args) => block_in_place(|| digest::on_stack(&args, &stack)),
            Command::Account(command) => block_in_place(|| account::on_stack(command, &stack)),
            // Refused above, or about files and on no installation.
            Command::Run(_)
            | Command::Demo(_)
            | Command::Migrate(_)
            | Command::Rebuild(_)
            | Command::Profile(_) => bail!("that is not done on a stack"),
        }
    })
}

/// Says what does in place of a command that works on this machine only.
fn refuse(command: &Command) -> anyhow::Result<()> {
    let (name, instead) = match command {
        Command::Run(_) => ("run", "the stack's functions do that"),
        Command::Demo(_) => ("demo", "its logs are no use in a real archive"),
        Command::Migrate(_) => (
            "migrate",
            "`make deploy` brings the stack's schemas up to date",
        ),
        Command::Rebuild(_) => ("rebuild", "the stack's database is in its own network"),
        _ => return Ok(()),
    };
    bail!(
        "logbook {name} works on data folders only, and {instead}: leave out --stack (and \
         LOGBOOK_STACK) to use it here"
    );
}
