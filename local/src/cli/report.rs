//! What is asked of reports.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;

use super::AtArgs;

/// Where a report is asked, and for what.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    pub(crate) at: AtArgs,
    /// First day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Last day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// What to group by, as the report offers
    #[arg(long)]
    pub(crate) by: Option<String>,
    /// Further parameters of the report, NAME=VALUE
    #[arg(long = "where", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The report; without one, the reports there are
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) asked: AskArgs,
    /// Most rows
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print CSV
    #[arg(long)]
    pub(crate) csv: bool,
    /// Draw no chart below the table, as there is none where the output is no terminal
    #[arg(long, env = "NO_COLOR", hide_env_values = true, value_parser = is_set)]
    pub(crate) no_chart: bool,
}

/// Whether a variable says anything, whatever it is. `false` is what clap says where there is none.
#[expect(clippy::unnecessary_wraps, reason = "clap's form of a parser")]
fn is_set(text: &str) -> Result<bool, Infallible> {
    Ok(!matches!(text, "" | "false"))
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The report
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// The Python that has tableauhyperapi, for --hyper
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    pub(crate) python: PathBuf,
    #[command(flatten)]
    pub(crate) asked: AskArgs,
    /// Print JSON about what was written
    #[arg(long)]
    pub(crate) json: bool,
}

/// The file to write: one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArgs {
    /// Write Parquet, with typed columns
    #[arg(long, value_name = "FILE")]
    pub(crate) parquet: Option<PathBuf>,
    /// Write CSV, as `logbook report --csv` does
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write an extract for Tableau; needs Tableau's own `pip install tableauhyperapi`
    #[arg(long, value_name = "FILE")]
    pub(crate) hyper: Option<PathBuf>,
}
