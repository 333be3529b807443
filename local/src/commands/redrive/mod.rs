//! `logbook redrive`: dead letters back to the queue.

#[cfg(feature = "aws")]
mod stack;

use std::process::ExitCode;

use logbook_backends::{Durability, Message, Queue, QueuePolicy};
use serde_json::{Value, json};

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
            if args.json {
                output::json(&json!({ "dead_letters": listed("parse", &dead) }))?;
                return Ok(ExitCode::SUCCESS);
            }
            for message in &dead {
                output::text(&format!("{}  {}\n", message.sent_at, message.body))?;
            }
            if dead.is_empty() {
                output::note("there are no dead letters");
            }
            return Ok(ExitCode::SUCCESS);
        }
        let moved = queue.redrive(args.max).await?;
        let said = format!("{moved} dead letters are back on the queue\n");
        output::outcome(args.json, &said, &json!({ "queues": { "parse": moved } }))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Messages of a queue, as JSON.
fn listed(queue: &str, messages: &[Message]) -> Vec<Value> {
    let messages = messages.iter();
    messages
        .map(|message| json!({ "queue": queue, "sent_at": message.sent_at, "body": message.body }))
        .collect()
}
