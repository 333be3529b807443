//! The bulk path: logs that wait for it on a queue of their own are given, all at once, to one run
//! of a Glue job.
//!
//! Starting a run knows no token that would make it idempotent. So each run names a manifest, whose
//! key is a function of what is in it, and before another is started the runs there were are looked
//! at: what one of them was given is not given again, wherever a drain died.

#[cfg(feature = "lambda")]
mod glue;
#[cfg(not(feature = "lambda"))]
#[path = "no_glue.rs"]
mod glue;
mod manifest;
mod received;

use std::collections::BTreeMap;
use std::time::Instant;

use logbook_backends::{ObjectStore, Put, Queue};
use logbook_bootstrap::metrics;
use logbook_model::Timestamp;

pub use glue::GlueJob;
use manifest::{Entry, Manifest};
use received::Received;

use crate::Context;

/// Largest manifest, in bytes: that of the most logs that a drain takes has a tenth of it.
const MAX_MANIFEST_BYTES: u64 = 128 << 20;

/// The bulk path, where there is one.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// Where logs wait for it.
    pub queue: Queue,
    /// Sealed logs larger than this take it.
    pub bytes: u64,
    /// The job that reads them.
    pub job: GlueJob,
}

/// A run of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// How far it is.
    pub state: RunState,
    /// The key of what it was given.
    pub manifest: Option<String>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It is waiting, starting, running or stopping.
    UnderWay,
    /// It has done its work.
    Succeeded,
    /// It ended without having done it.
    Failed,
}

/// Whether a run was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It was; its id.
    Started(String),
    /// Another is under way, and the job takes no two.
    Busy,
}

/// What a drain did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drained {
    /// Nothing waits.
    Nothing,
    /// A run is under way: what waits goes on waiting.
    Waiting,
    /// All that was received had been given to an earlier run.
    HandedOver {
        /// How many messages.
        messages: usize,
    },
    /// A run was started.
    Started {
        /// Its id.
        run: String,
        /// The key of what it was given.
        manifest: String,
        /// How many logs.
        logs: usize,
    },
}

/// Why a drain came to nothing. Its messages come again by themselves, and are dead letters in the
/// end.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] logbook_backends::Error),
    /// The service did not do what was asked.
    #[error("glue cannot {action}: {code}")]
    Glue {
        /// What was being done.
        action: &'static str,
        /// The service's code.
        code: String,
    },
}

/// Gives all that waits, as far as the budget goes, to one run of the job.
pub(crate) async fn drain(context: &Context, bulk: &Bulk) -> Result<Drained, BulkError> {
    let until = Instant::now() + context.budget;
    let runs = bulk.job.runs().await?;
    // No message is received, and none is a receipt nearer to the dead letters.
    if let Some(run) = runs.iter().find(|run| run.state == RunState::UnderWay) {
        metrics::count("BulkWaiting", 1);
        tracing::info!(run = run.id, "a run of the bulk path is under way");
        return Ok(Drained::Waiting);
    }
    let received = Received::from(&bulk.queue, until).await?;
    if received.is_empty() {
        return Ok(Drained::Nothing);
    }
    let given = given(&context.vault.archive, &runs, received.oldest()).await?;
    let (handed_over, fresh) = received.split(|entry, sent_at| {
        let started_at = given.get(entry);
        started_at.is_some_and(|started_at| *started_at > sent_at)
    });
    if !handed_over.is_empty() {
        let messages = handed_over.len();
        tracing::warn!(
            messages,
            "logs that an earlier run was given are not given again"
        );
        handed_over.delete(&bulk.queue).await?;
        if fresh.is_empty() {
            return Ok(Drained::HandedOver { messages });
        }
    }
    start(context, bulk, fresh).await
}

async fn start(context: &Context, bulk: &Bulk, fresh: Received) -> Result<Drained, BulkError> {
    let manifest = Manifest::new(fresh.entries());
    let (key, logs) = (manifest.key(), manifest.logs());
    let body = manifest.into_body();
    let archive = &context.vault.archive;
    archive
        .put(&key, body, BTreeMap::new(), Put::Always)
        .await?;
    match bulk.job.start(&key).await? {
        Start::Started(run) => {
            metrics::count("BulkRunsStarted", 1);
            metrics::count("BulkLogsGiven", logs);
            tracing::info!(
                run,
                manifest = key,
                logs,
                "a run of the bulk path was started"
            );
            fresh.delete(&bulk.queue).await?;
            Ok(Drained::Started {
                run,
                manifest: key,
                logs,
            })
        }
        Start::Busy => {
            metrics::count("BulkWaiting", 1);
            tracing::info!(logs, "the bulk path takes no second run");
            fresh.give_back(&bulk.queue).await;
            Ok(Drained::Waiting)
        }
    }
}

/// What runs that succeeded were given, with the start of the latest that was; of runs only that
/// started after `since`, when the oldest message was sent.
async fn given(
    archive: &ObjectStore,
    runs: &[Run],
    since: Timestamp,
) -> Result<BTreeMap<Entry, Timestamp>, BulkError> {
    let mut given = BTreeMap::new();
    for run in runs.iter().filter(|run| run.started_at > since) {
        if run.state == RunState::Failed {
            tracing::warn!(run = run.id, "a run of the bulk path failed");
        }
        let (RunState::Succeeded, Some(key)) = (run.state, &run.manifest) else {
            continue;
        };
        let Some(manifest) = archive.get(key, MAX_MANIFEST_BYTES).await? else {
            tracing::warn!(run = run.id, "the manifest of a run is gone");
            continue;
        };
        for entry in manifest::read(&manifest.body) {
            let started_at = given.entry(entry).or_insert(run.started_at);
            *started_at = run.started_at.max(*started_at);
        }
    }
    Ok(given)
}
