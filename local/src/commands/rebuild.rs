//! `logbook rebuild`: both schemas from the archive alone.

use std::process::ExitCode;

use anyhow::bail;
use logbook_backends::Durability;
use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use logbook_pipeline::{
    ARCHIVE_PREFIX, Error, Job, JobOutcome, Stage, log_of_archive_key, open_log, process,
};
use serde_json::json;

use super::block_on;
use crate::cli::WholeArgs;
use crate::host::{DataFolder, Host, now, require_keys};
use crate::{output, progress};

const BATCH: usize = 100;
/// Logs that are opened before all are.
const LOOKED_AT: usize = 3;

/// A log of the archive, and when it was put there.
type Archived = (Timestamp, ProductId, LogId);

pub(super) fn run(args: &WholeArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.data.clone())?;
        let _lock = data.lock()?;
        require_keys(&data).await?;
        data.set_schemas_aside()?;
        let done = match rebuilt(data.clone()).await {
            Ok(done) => done,
            Err(error) => {
                data.restore_schemas()?;
                return Err(error.context("both schemas are as they were"));
            }
        };
        data.drop_schemas_aside()?;
        let Rebuilt {
            logs,
            rejected,
            failed,
        } = done;
        let said = format!(
            "{logs} logs were parsed again, {rejected} of them rejected, {failed} failed\n"
        );
        let document = json!({ "logs": logs, "rejected": rejected, "failed": failed });
        output::outcome(args.json, &said, &document)?;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// What became of the archive's logs.
#[derive(Default)]
struct Rebuilt {
    logs: usize,
    rejected: u64,
    failed: u64,
}

async fn rebuilt(data: DataFolder) -> anyhow::Result<Rebuilt> {
    let host = Host::open(data, Durability::Fsync).await?;
    let logs = archived_logs(&host).await?;
    require_own_keys(&host, &logs).await?;
    let done = parse_all(&host, &logs).await?;
    host.sweeper().list().await?;
    host.analyzer().run_all().await?;
    Ok(done)
}

/// Refuses to go on under keys that open none of the archive's first logs: all would be rejected.
async fn require_own_keys(host: &Host, logs: &[Archived]) -> anyhow::Result<()> {
    let mut refused = None;
    for (_, product, log) in &logs[..logs.len().min(LOOKED_AT)] {
        match open_log(&host.vault, product, log).await {
            Err(Error::Rejected {
                reason: LogReject::WrongKey,
                detail,
            }) => refused = Some(detail),
            _ => return Ok(()),
        }
    }
    match refused {
        Some(detail) => bail!(
            "{} is not the key under which the archive's logs are sealed ({detail}): bring it \
             back from your backup",
            host.data.keys().join("kek.key").display()
        ),
        None => Ok(()),
    }
}

async fn parse_all(host: &Host, logs: &[Archived]) -> anyhow::Result<Rebuilt> {
    let products = host.registry.snapshot().await?;
    let bar = progress::bar(logs.len() as u64, "parsing");
    let mut done = Rebuilt {
        logs: logs.len(),
        ..Rebuilt::default()
    };
    for batch in logs.chunks(BATCH) {
        let batch = batch.iter().cloned();
        let jobs: Vec<Job> = batch
            .map(|(_, product, log)| Job::new(product, log, now()))
            .collect();
        let parsing = process(&host.vault, &products, &host.sessions, &jobs, now(), None);
        for outcome in host.vault.meter.measure(Stage::Parse, parsing).await {
            match outcome {
                JobOutcome::Retry(error) => {
                    done.failed += 1;
                    bar.suspend(|| output::note(&format!("not parsed: {error}")));
                }
                JobOutcome::Rejected(_) => done.rejected += 1,
                _ => {}
            }
        }
        bar.inc(jobs.len() as u64);
    }
    // What the last batch took is told by no later one.
    let last = logs.last().map(|(_, product, _)| product.clone());
    let work = last.zip(host.vault.meter.take(Stage::Parse));
    host.vault.meter.note(&host.sessions, now(), work).await;
    bar.finish_and_clear();
    Ok(done)
}

/// All logs, the first archived first: of two with the same content the same one is the first
/// again, and the other its duplicate.
async fn archived_logs(host: &Host) -> anyhow::Result<Vec<Archived>> {
    let mut logs = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let archive = &host.vault.archive;
        let page = archive.list(ARCHIVE_PREFIX, after.as_deref(), 1000).await?;
        logs.extend(page.objects.iter().filter_map(|object| {
            let (product, log) = log_of_archive_key(&object.key)?;
            Some((object.created_at, product, log))
        }));
        match (page.more, page.objects.last()) {
            (true, Some(last)) => after = Some(last.key.clone()),
            _ => break,
        }
    }
    logs.sort();
    Ok(logs)
}
