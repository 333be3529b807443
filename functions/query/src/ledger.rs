//! `GET /v1/ledger`: whether everything that was received is accounted for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_backends::sql::{self, LedgerDay};
use logbook_bootstrap::Problem;
use logbook_model::{Day, ProductId, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::Failures;
use crate::parameters::Parameters;
use crate::{Context, Principal, Scope, reply};

/// Most days of one answer.
const MAX_DAYS: i32 = 400;

/// What `GET /v1/ledger` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
pub(crate) struct LedgerQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// First day (UTC), `YYYY-MM-DD`. By default the last 28 days; at most 400.
    #[param(format = Date)]
    from: Option<String>,
    /// Last day (UTC). By default today.
    #[param(format = Date)]
    to: Option<String>,
}

/// The ledger of some days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerReply {
    #[schema(value_type = String)]
    product: ProductId,
    /// First day.
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    to: Day,
    /// The instant of the listing of the archive that it rests on; null before the first one.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// Whether every day balances; null before the first listing.
    #[schema(required)]
    balanced: Option<bool>,
    /// The days on which there is anything.
    days: Vec<LedgerDayReply>,
}

/// One day: received = parsed + duplicate + rejected + erased + pending, if it balances.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerDayReply {
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// Deliveries, by listing and edge counts.
    received: u64,
    parsed: u64,
    duplicate: u64,
    rejected: u64,
    /// Rejected logs by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    rejected_by_reason: BTreeMap<&'static str, u64>,
    erased: u64,
    pending: u64,
    /// Logs that had a row and have none now; not part of the balance.
    lost: u64,
    #[schema(required)]
    balanced: Option<bool>,
}

impl From<LedgerDay> for LedgerDayReply {
    fn from(day: LedgerDay) -> Self {
        let rejected = day.rejected.iter();
        Self {
            day: day.day,
            received: day.received,
            parsed: day.parsed,
            duplicate: day.duplicate,
            rejected: day.rejected.values().sum(),
            rejected_by_reason: rejected.map(|(reason, n)| (reason.name(), *n)).collect(),
            erased: day.erased,
            pending: day.pending,
            lost: day.lost,
            balanced: day.balanced,
        }
    }
}

/// Shows the ledger: what was received, and what became of it.
#[utoipa::path(
    operation_id = "show_ledger",
    get, path = "/v1/ledger", tag = "operations", params(LedgerQuery),
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The ledger.", body = LedgerReply), Failures),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadReports)?;
    let given = Parameters::of::<LedgerQuery>(query.as_deref())?;
    let days = given.days_at_most((context.now)().day(), MAX_DAYS)?;
    let product = given.product_with_logs(&context, &principal).await?;
    let ledger = sql::ledger(&context.sessions, &product, days.clone()).await?;
    let balances = |day: &LedgerDay| day.balanced == Some(true);
    reply::json(&LedgerReply {
        product,
        from: *days.start(),
        to: *days.end(),
        as_of: ledger.as_of,
        balanced: ledger.as_of.map(|_| ledger.days.iter().all(balances)),
        days: ledger.days.into_iter().map(LedgerDayReply::from).collect(),
    })
}
