//! `logbook migrate`: both schemas up to date, and nothing else.

use std::process::ExitCode;

use logbook_backends::Durability;
use serde_json::json;

use super::block_on;
use crate::cli::WholeArgs;
use crate::host::{DataFolder, open_analytics, open_sessions};
use crate::output;

pub(super) fn run(args: &WholeArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.data.clone())?;
        let _lock = data.lock()?;
        open_sessions(&data).await?;
        open_analytics(&data, Durability::Fsync).await?;
        let document = json!({ "up_to_date": ["sessions", "analytics"] });
        output::outcome(args.json, "both schemas are up to date\n", &document)?;
        Ok(ExitCode::SUCCESS)
    })
}
