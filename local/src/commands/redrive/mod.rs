//! `logbook redrive`: dead letters back to the queue.

#[cfg(feature = "aws")]
mod stack;

use std::process::ExitCode;

use logbook_backends::{Durability, Queue, QueuePolicy};

use super::block_on;
use crate::cli::RedriveArgs;
use crate::host::DataFolder;
use crate::output;

#[cfg(feature = "aws")]
pub(super) use stack::on_stack;

pub(super) fn run(args: &RedriveArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.data.clone())?;
        let policy = QueuePolicy {
            durability: Durability::Process,
            ..QueuePolicy::default()
        };
        let queue = Queue::open_file(&data.queue(), policy).await?;
        if args.list {
            let dead = queue.dead_letters(args.max).await?;
            for message in &dead {
                output::text(&format!("{}  {}\n", message.sent_at, message.body))?;
            }
            if dead.is_empty() {
                output::note("there are no dead letters");
            }
            return Ok(ExitCode::SUCCESS);
        }
        let moved = queue.redrive(args.max).await?;
        output::text(&format!("{moved} dead letters are back on the queue\n"))?;
        Ok(ExitCode::SUCCESS)
    })
}
