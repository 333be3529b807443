//! Reports as the description of the API shows them.

use std::collections::BTreeMap;

use logbook_reports::ReportDescription;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Every report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueReply {
    #[schema(value_type = Vec<ReportReply>)]
    pub(super) reports: &'static [ReportDescription],
}

/// What a report says of itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct ReportReply {
    /// Its name in the API.
    #[schema(example = "feature-usage")]
    name: String,
    /// Its name for people.
    title: String,
    /// What question it answers.
    question: String,
    /// What its words and figures mean.
    definition: String,
    /// Its formulas.
    formulas: Vec<String>,
    /// Where the definition comes from.
    source: String,
    /// Its table in the analytics schema; null where it has none of its own.
    #[schema(required)]
    table: Option<String>,
    /// Whether groups of few persons are withheld.
    guarded: bool,
    /// Its columns, in order. Those that group are there only where `by` names them.
    columns: Vec<ColumnReply>,
    /// What may be asked.
    parameters: Vec<ParameterReply>,
}

/// A column of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct ColumnReply {
    /// Its name, in the API as in the table.
    name: String,
    /// `date`, `time`, `text`, `integer`, `ratio`, `number` or `boolean`.
    r#type: String,
    /// What a number counts or measures; `-` for texts and days.
    unit: String,
    /// Whether rows are grouped by it.
    groups: bool,
    /// What it means.
    meaning: String,
}

/// A parameter of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct ParameterReply {
    /// Its name.
    name: String,
    /// What may be given.
    allowed: String,
    /// What holds if nothing is given.
    default: String,
    /// What it does.
    meaning: String,
}

/// A page of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct ReportPageReply {
    /// The report.
    report: String,
    product: String,
    /// First day.
    #[schema(format = Date)]
    from: String,
    /// Last day.
    #[schema(format = Date)]
    to: String,
    /// The columns that rows are grouped by.
    by: Vec<String>,
    /// The columns, in order.
    columns: Vec<ColumnReply>,
    /// The rows, in the order of their groups: a member for each column.
    rows: Vec<BTreeMap<String, Value>>,
    /// Groups of this page that are not shown because they have too few persons.
    withheld_groups: u64,
    /// What the report rests on.
    freshness: FreshnessReply,
    /// Of the ledger only: the listing of the archive that it speaks of; null before the first.
    #[schema(format = DateTime)]
    listed_as_of: Option<String>,
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// How much of what was received a report shows.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct FreshnessReply {
    /// All that was received until then is in the report; null before the first analysis.
    #[schema(required, format = DateTime)]
    complete_until: Option<String>,
    /// Days whose figures changed since they were computed.
    days_pending: u64,
    /// Logs in the archive that are not parsed yet.
    logs_pending: u64,
    /// Logs received in the range and refused as a whole.
    logs_rejected: u64,
}

/// What reports take; which of it, and what values, `GET /v1/reports` says of each.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct ReportQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// `json` or `csv`. By default what `Accept` names, else JSON.
    format: Option<String>,
    /// First day (UTC), `YYYY-MM-DD`. By default as many days before `to` as the report says.
    #[param(format = Date)]
    from: Option<String>,
    /// Last day (UTC). By default the day of the last finished analysis.
    #[param(format = Date)]
    to: Option<String>,
    /// The columns to group by, with commas between them.
    by: Option<String>,
    /// `production`, `other` or `all`.
    environment: Option<String>,
    /// Only this version of the software.
    version: Option<String>,
    /// Only this feature.
    feature: Option<String>,
    /// Only this error.
    error: Option<String>,
    /// Only this account.
    account: Option<String>,
    /// The features of a funnel, in order, with commas between them.
    steps: Option<String>,
    /// Rows a page at most. Without it a page has up to 1,000, and may end earlier, after 250 or more,
    /// where many rows of tables must be looked at for it.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}
