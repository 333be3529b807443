//! `logbook rebuild`: both schemas from the archive alone.

use std::process::ExitCode;

use logbook_backends::Durability;
use logbook_model::{LogId, ProductId, Timestamp};
use logbook_pipeline::{ARCHIVE_PREFIX, Job, JobOutcome, log_of_archive_key, process};
use serde_json::json;

use super::block_on;
use crate::cli::WholeArgs;
use crate::host::{DataFolder, Host, now, require_keys};
use crate::{output, progress};

const BATCH: usize = 100;

pub(super) fn run(args: &WholeArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.data.clone())?;
        let _lock = data.lock()?;
        require_keys(&data).await?;
        data.remove_schemas()?;
        let host = Host::open(data, Durability::Fsync).await?;
        let (logs, failed) = parse_all(&host).await?;
        host.sweeper().list().await?;
        host.analyzer().run_all().await?;
        let said = format!("{logs} logs were parsed again, {failed} failed\n");
        output::outcome(args.json, &said, &json!({ "logs": logs, "failed": failed }))?;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

async fn parse_all(host: &Host) -> anyhow::Result<(u64, u64)> {
    let products = host.registry.snapshot().await?;
    let logs = archived_logs(host).await?;
    let bar = progress::bar(logs.len() as u64, "parsing");
    let mut failed = 0;
    for batch in logs.chunks(BATCH) {
        let batch = batch.iter().cloned();
        let jobs: Vec<Job> = batch
            .map(|(_, product, log)| Job::new(product, log, now()))
            .collect();
        for outcome in process(&host.vault, &products, &host.sessions, &jobs, now(), None).await {
            if let JobOutcome::Retry(error) = outcome {
                failed += 1;
                bar.suspend(|| output::note(&format!("not parsed: {error}")));
            }
        }
        bar.inc(jobs.len() as u64);
    }
    bar.finish_and_clear();
    Ok((logs.len() as u64, failed))
}

/// All logs, the first archived first: of two with the same content the same one is the first
/// again, and the other its duplicate.
async fn archived_logs(host: &Host) -> anyhow::Result<Vec<(Timestamp, ProductId, LogId)>> {
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
