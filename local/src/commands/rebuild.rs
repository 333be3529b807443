//! `logbook rebuild`: both schemas from the archive alone.

use std::process::ExitCode;

use logbook_backends::Durability;
use logbook_pipeline::{ARCHIVE_PREFIX, Job, JobOutcome, log_of_archive_key, process};

use super::block_on;
use crate::cli::DataArgs;
use crate::host::{DataFolder, Host, now};
use crate::{output, progress};

const BATCH: usize = 100;

pub(super) fn run(args: &DataArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.clone())?;
        let _lock = data.lock()?;
        data.remove_schemas()?;
        let host = Host::open(data, Durability::Fsync).await?;
        let (logs, failed) = parse_all(&host).await?;
        host.sweeper().list().await?;
        host.analyzer().run_all().await?;
        output::text(&format!("{logs} logs were parsed again, {failed} failed\n"))?;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

async fn parse_all(host: &Host) -> anyhow::Result<(u64, u64)> {
    let products = host.registry.snapshot().await?;
    let bar = progress::bar(0, "parsing");
    let (mut logs, mut failed) = (0, 0);
    let mut after: Option<String> = None;
    loop {
        let page = host
            .vault
            .archive
            .list(ARCHIVE_PREFIX, after.as_deref(), 1000)
            .await?;
        bar.inc_length(page.objects.len() as u64);
        let jobs: Vec<Job> = page
            .objects
            .iter()
            .filter_map(|object| log_of_archive_key(&object.key))
            .map(|(product, log)| Job::new(product, log, now()))
            .collect();
        for batch in jobs.chunks(BATCH) {
            for outcome in process(&host.vault, &products, &host.sessions, batch, now()).await {
                logs += 1;
                if let JobOutcome::Retry(error) = outcome {
                    failed += 1;
                    bar.suspend(|| output::note(&format!("not parsed: {error}")));
                }
            }
            bar.inc(batch.len() as u64);
        }
        match (page.more, page.objects.last()) {
            (true, Some(last)) => after = Some(last.key.clone()),
            _ => break,
        }
    }
    bar.finish_and_clear();
    Ok((logs, failed))
}
