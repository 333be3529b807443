//! A report's page for a request.

use std::time::SystemTime;

use logbook_backends::sql::rows::{Cells, statement};
use logbook_backends::{Boxed, Database};
use logbook_model::{Day, ProductId, Timestamp};

use crate::catalogue::Report;
use crate::cursor::Cursor;
use crate::description::Column;
use crate::freshness::{finished_as_of, freshness};
use crate::reply::{Cell, ReportReply};
use crate::request::{MAX_SPAN, ReportRequest};
use crate::{
    Result, account_features, accounts, active_users, cost, feature_adoption, feature_paths,
    feature_usage, fresh, funnel, ledger, platforms, release_delta, release_health, retention,
    top_errors, versions,
};

/// The days of a request, made definite.
pub(crate) struct Range {
    pub(crate) from: Day,
    pub(crate) to: Day,
    /// The last day of which anything can be known.
    pub(crate) judged_to: Option<Day>,
}

impl Range {
    /// What of it lies between two keys that begin with a day.
    pub(crate) fn within(&self, first: &[String], last: &[String]) -> Self {
        let day = |key: &[String]| key.first().and_then(|day| day.parse::<Day>().ok());
        Self {
            from: day(first).map_or(self.from, |day| day.max(self.from)),
            to: day(last).map_or(self.to, |day| day.min(self.to)),
            judged_to: self.judged_to,
        }
    }
}

/// What a report gives for a page.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) cells: Vec<Vec<Cell>>,
    pub(crate) withheld: u64,
    pub(crate) next: Option<Vec<String>>,
    /// Of the ledger: when the archive was last listed, which it speaks of.
    pub(crate) listed_as_of: Option<Timestamp>,
}

/// Reads a page of a report. `analytics` has the sessions schema attached as `sessions`.
///
/// What it rests on is read first, so that it promises no more than the page shows. Where an
/// analysis ends while it is read, days of before and after may be side by side in it.
pub fn query<'a>(
    analytics: &'a Database,
    request: &'a ReportRequest,
) -> Boxed<'a, Result<ReportReply>> {
    Box::pin(async move {
        request.check()?;
        let as_of = finished_as_of(analytics, &request.product).await?;
        let range = range(analytics, request, as_of).await?;
        let days = range.from..=range.to;
        let freshness = freshness(analytics, &request.product, as_of, &days).await?;
        let rows = match request.report {
            Report::FeatureUsage => feature_usage::page(analytics, request, &range).await?,
            Report::FeatureAdoption => feature_adoption::page(analytics, request, &range).await?,
            Report::FeaturePaths => feature_paths::page(analytics, request, &range).await?,
            Report::Funnel => funnel::page(analytics, request, &range).await?,
            Report::ReleaseHealth => release_health::page(analytics, request, &range).await?,
            Report::ReleaseDelta => release_delta::page(analytics, request, &range).await?,
            Report::TopErrors => top_errors::page(analytics, request, &range).await?,
            Report::Versions => versions::page(analytics, request, &range).await?,
            Report::Platforms => platforms::page(analytics, request, &range).await?,
            Report::ActiveUsers => active_users::page(analytics, request, &range).await?,
            Report::Retention => retention::page(analytics, request, &range).await?,
            Report::Accounts => accounts::page(analytics, request, &range).await?,
            Report::AccountFeatures => account_features::page(analytics, request, &range).await?,
            Report::Freshness => fresh::page(analytics, request, as_of, &freshness).await?,
            Report::Ledger => ledger::page(analytics, request, &range).await?,
            Report::Cost => cost::page(analytics, request, &range).await?,
        };
        Ok(ReportReply {
            report: request.report,
            from: range.from,
            to: range.to,
            by: request.grouping().to_vec(),
            columns: columns(request),
            rows: rows.cells,
            withheld_groups: rows.withheld,
            freshness,
            listed_as_of: rows.listed_as_of,
            next: rows.next.map(Cursor),
        })
    })
}

/// The columns of a reply: of those that group, only the ones that the request groups by.
fn columns(request: &ReportRequest) -> Vec<&'static Column> {
    let grouping = request.grouping();
    let all = request.report.description().columns.iter();
    all.filter(|column| match (column.groups, request.report) {
        (true, _) => grouping.contains(&column.name),
        (false, Report::Ledger) => ledger::has_column(grouping, column.name),
        (false, _) => true,
    })
    .collect()
}

async fn range(
    analytics: &Database,
    request: &ReportRequest,
    finished: Option<Timestamp>,
) -> Result<Range> {
    let judged = judged_as_of(analytics, &request.product).await?;
    let last = finished.or(judged).map_or_else(today, Timestamp::day);
    let to = request.to.unwrap_or_else(|| match request.from {
        Some(from) => last.max(from),
        None => last,
    });
    let from = request
        .from
        .unwrap_or_else(|| to.plus(1 - request.report.default_days()));
    if to.0 - from.0 > MAX_SPAN {
        return Err(request.report.bad_value("to", &to.to_string()));
    }
    Ok(Range {
        from,
        to,
        judged_to: judged.map(Timestamp::day),
    })
}

/// The instant up to which the last analysis, finished or not, was asked to look.
pub(crate) async fn judged_as_of(
    analytics: &Database,
    product: &ProductId,
) -> Result<Option<Timestamp>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT as_of FROM sessions.settlement WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut connection)
        .await?;
    Ok(row.map(|row| Cells::new(&row).time()).transpose()?)
}

/// Where nothing was ever analysed, a range without an end ends today.
fn today() -> Day {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros() as i64);
    Timestamp(micros).day()
}
