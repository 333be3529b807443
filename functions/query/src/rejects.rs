//! `GET /v1/rejects`: what was refused, and why.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_backends::sql::{self, RejectFilter, RejectKey, RejectRow, RejectTotal};
use logbook_bootstrap::Problem;
use logbook_model::{Day, EventReject, LogId, LogReject, ProductId};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::Failures;
use crate::parameters::Parameters;
use crate::{Context, Principal, Scope, cursor, reply};

/// The list's name in its cursors.
const LIST: &str = "rejects";
const MAX_LIMIT: u32 = 1000;
const DEFAULT_LIMIT: u32 = 100;
/// Most days of one answer.
const MAX_DAYS: i32 = 400;

/// What `GET /v1/rejects` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
pub(crate) struct RejectsQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// First day (UTC), `YYYY-MM-DD`. By default the last 28 days; at most 400.
    #[param(format = Date)]
    from: Option<String>,
    /// Last day (UTC). By default today.
    #[param(format = Date)]
    to: Option<String>,
    /// Only this reason, of a log or of a record.
    reason: Option<String>,
    /// Samples a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of rejects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectsReply {
    #[schema(value_type = String)]
    product: ProductId,
    /// First day.
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    to: Day,
    /// All that was refused, by day and reason.
    totals: Vec<TotalReply>,
    /// The first 100 of each reason and log, by day and log.
    samples: Vec<SampleReply>,
    /// The cursor of the next page of samples; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// How many refusals of one reason fall on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalReply {
    #[schema(value_type = String, format = Date)]
    day: Day,
    reason: String,
    /// `log` or `event`: what was refused.
    #[schema(value_type = String, example = "event")]
    scope: &'static str,
    /// Logs concerned.
    logs: u64,
    /// Refusals.
    count: u64,
}

/// One refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SampleReply {
    #[schema(value_type = String, format = Date)]
    day: Day,
    #[schema(value_type = String)]
    log_id: LogId,
    reason: String,
    /// `log` or `event`: what was refused.
    #[schema(value_type = String, example = "event")]
    scope: &'static str,
    /// Line of the record, from 1.
    #[schema(required)]
    line: Option<u64>,
    /// Byte at which the record starts.
    #[schema(required)]
    byte_offset: Option<u64>,
    /// For people; never quotes the record.
    detail: String,
}

impl From<RejectTotal> for TotalReply {
    fn from(total: RejectTotal) -> Self {
        Self {
            day: total.day,
            reason: total.reason,
            scope: total.scope.name(),
            logs: total.logs,
            count: total.n,
        }
    }
}

impl From<RejectRow> for SampleReply {
    fn from(row: RejectRow) -> Self {
        Self {
            day: row.key.day,
            log_id: row.key.log,
            reason: row.key.reason,
            scope: row.scope.name(),
            line: row.line,
            byte_offset: row.byte_offset,
            detail: row.detail,
        }
    }
}

/// Lists what was refused: totals, and the first samples of each log and reason.
#[utoipa::path(
    operation_id = "list_rejects",
    get, path = "/v1/rejects", tag = "operations", params(RejectsQuery),
    security(("token" = ["read:sessions"])),
    responses((status = 200, description = "A page of rejects, with totals.", body = RejectsReply), Failures),
)]
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadSessions)?;
    let given = Parameters::of::<RejectsQuery>(query.as_deref())?;
    let filter = RejectFilter {
        days: given.days_at_most((context.now)().day(), MAX_DAYS)?,
        reason: given
            .named("reason", reason_named, reasons())?
            .map(str::to_owned),
        product: given.product_with_logs(&context, &principal).await?,
    };
    let limit = given.number("limit", 1..=MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = given.text("after")?.map(read_key).transpose()?;
    let database = &context.sessions;
    let mut rows = sql::rejects(database, &filter, after.as_ref(), limit + 1).await?;
    let mut totals = sql::reject_totals(database, &filter.product, filter.days.clone()).await?;
    totals.retain(|total| {
        filter
            .reason
            .as_ref()
            .is_none_or(|only| total.reason == *only)
    });
    let next = cursor::cut(&mut rows, limit, |row| write_key(&row.key));
    reply::json(&RejectsReply {
        product: filter.product,
        from: *filter.days.start(),
        to: *filter.days.end(),
        totals: totals.into_iter().map(TotalReply::from).collect(),
        next,
        samples: rows.into_iter().map(SampleReply::from).collect(),
    })
}

fn reasons() -> impl Iterator<Item = &'static str> {
    let logs = LogReject::ALL.iter().map(|reason| reason.name());
    logs.chain(EventReject::ALL.iter().map(|reason| reason.name()))
}

fn reason_named(name: &str) -> Option<&'static str> {
    reasons().find(|reason| *reason == name)
}

fn write_key(key: &RejectKey) -> String {
    cursor::encode(LIST, &(key.day, &key.log, &key.reason, key.ordinal))
}

fn read_key(text: &str) -> Result<RejectKey, Problem> {
    let (day, log, reason, ordinal) = cursor::decode(LIST, text)?;
    Ok(RejectKey {
        day,
        log,
        reason,
        ordinal,
    })
}
