//! `logbook redrive` on a stack: dead letters of its queues, and the events that intake failed
//! at. What dies in between leaves a message in two places, and does no harm: parsing a log or
//! taking it in once more changes nothing.

use std::process::ExitCode;

use anyhow::Context;
use logbook_backends::{Invoked, Message};
use serde_json::{Map, Value, json};

use super::listed;
use crate::cli::RedriveArgs;
use crate::commands::REFUSED;
use crate::stack::{FailedIntakes, JobQueue, Stack};
use crate::{output, progress};

/// Messages between two steps of the progress bar.
const STEP: u64 = 100;

/// How often what is said of failures that are alike is said.
const SAID: usize = 5;

pub(in crate::commands) async fn on_stack(
    args: &RedriveArgs,
    stack: &Stack,
) -> anyhow::Result<ExitCode> {
    let queues = stack.job_queues()?;
    let failed = stack.failed_intakes()?;
    if args.list {
        let mut found = Vec::new();
        for one in &queues {
            found.push((one.name, one.queue.dead_letters(args.max).await?));
        }
        found.push(("intake", failed.list(args.max).await?));
        if args.json {
            let all: Vec<Value> = found
                .iter()
                .flat_map(|(name, dead)| listed(name, dead))
                .collect();
            output::json(&json!({ "dead_letters": all }))?;
            return Ok(ExitCode::SUCCESS);
        }
        for (name, dead) in &found {
            list(name, dead)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut back = Map::new();
    for one in &queues {
        let moved = jobs(one, args.max).await?;
        if !args.json {
            output::text(&format!("{}: {moved} dead letters are back\n", one.name))?;
        }
        back.insert(one.name.to_owned(), moved.into());
    }
    let (done, again) = intakes(stack, &failed, args.max).await?;
    let said = format!("intake: {done} events were taken in, {again} failed again and stay\n");
    let intake = json!({ "taken_in": done, "failed_again": again });
    output::outcome(
        args.json,
        &said,
        &json!({ "queues": back, "intake": intake }),
    )?;
    Ok(if again == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

fn list(name: &str, messages: &[Message]) -> anyhow::Result<()> {
    if messages.is_empty() {
        output::note(&format!("{name}: there are no dead letters"));
    }
    for message in messages {
        output::text(&format!("{name}  {}  {}\n", message.sent_at, message.body))?;
    }
    Ok(())
}

/// Brings the dead letters of a queue back to it; says how many.
async fn jobs(one: &JobQueue, max: u64) -> anyhow::Result<u64> {
    let waiting = one.queue.depth().await?.dead.min(max);
    let bar = progress::bar(waiting, one.name);
    let mut back = 0;
    while back < max {
        let moved = one.queue.redrive((max - back).min(STEP)).await;
        let moved = moved.with_context(|| {
            format!(
                "{}: {back} dead letters are back; run the same command again to go on",
                one.name
            )
        })?;
        if moved == 0 {
            break;
        }
        back += moved;
        bar.inc(moved);
    }
    bar.finish_and_clear();
    Ok(back)
}

/// Has intake do again what it failed at. What fails again stays where it is. Gives how many were
/// taken in, and how many failed again.
async fn intakes(stack: &Stack, failed: &FailedIntakes, max: u64) -> anyhow::Result<(u64, usize)> {
    let waiting = failed.count().await?.min(max);
    let bar = progress::bar(waiting, "intake");
    let (mut done, mut again) = (0_u64, Vec::new());
    while done + (again.len() as u64) < max {
        let Some(one) = failed.take().await? else {
            break;
        };
        let intake = stack.need("IntakeFunctionArn")?;
        let outcome = failed.again(&stack.clients, intake, &one).await;
        let outcome = outcome.with_context(|| {
            format!("intake: {done} events were taken in; run the same command again to go on")
        })?;
        match outcome {
            Invoked::Done => done += 1,
            Invoked::Failed(why) => {
                if again.len() < SAID {
                    bar.suspend(|| output::note(&format!("intake failed again: {why}")));
                }
                again.push(one);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for one in &again {
        failed.give_back(one).await?;
    }
    Ok((done, again.len()))
}
