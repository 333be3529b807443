//! `logbook migrate`: both schemas up to date, and nothing else.

use std::process::ExitCode;

use logbook_backends::{Database, Durability};

use super::block_on;
use crate::cli::DataArgs;
use crate::host::{DataFolder, open_analytics};
use crate::output;

pub(super) fn run(args: &DataArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = DataFolder::existing(args.data.clone())?;
        let _lock = data.lock()?;
        let sessions = Database::open_file(&data.sessions(), Durability::Fsync).await?;
        logbook_backends::sql::migrate(&sessions).await?;
        open_analytics(&data, Durability::Fsync).await?;
        output::text("both schemas are up to date\n")?;
        Ok(ExitCode::SUCCESS)
    })
}
