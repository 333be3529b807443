//! `GET /v1/sessions`: runs of the software, the latest first.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_backends::sql::{self, SessionFilter, SessionKey, SessionRow};
use logbook_bootstrap::Problem;
use logbook_model::{Day, ProductId, SessionId, Status, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::Failures;
use crate::parameters::Parameters;
use crate::session::SessionReply;
use crate::{Context, Principal, Scope, cursor, reply};

/// The list's name in its cursors.
const LIST: &str = "sessions";
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 50;

/// What `GET /v1/sessions` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
pub(crate) struct SessionsQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// First day (UTC), `YYYY-MM-DD`. By default the last 28 days.
    #[param(format = Date)]
    from: Option<String>,
    /// Last day (UTC). By default today.
    #[param(format = Date)]
    to: Option<String>,
    /// Only this version of the software.
    version: Option<String>,
    /// Only this status: `ok`, `exited`, `errored`, `unhandled`, `abnormal` or `crashed`.
    status: Option<String>,
    /// Only this user, by its pseudonym; where a session names none, its installation counts.
    user: Option<String>,
    /// Only sessions in which something of this name happened.
    name: Option<String>,
    /// Sessions a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsReply {
    #[schema(value_type = String)]
    product: ProductId,
    /// First day.
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    to: Day,
    /// The latest first.
    sessions: Vec<SessionReply>,
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// Lists sessions, the latest first.
#[utoipa::path(
    operation_id = "list_sessions",
    get, path = "/v1/sessions", tag = "sessions", params(SessionsQuery),
    security(("token" = ["read:sessions"])),
    responses((status = 200, description = "A page of sessions.", body = SessionsReply), Failures),
)]
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadSessions)?;
    let given = Parameters::of::<SessionsQuery>(query.as_deref())?;
    let filter = SessionFilter {
        days: given.days((context.now)().day())?,
        version: given.text("version")?.map(str::to_owned),
        status: given.named(
            "status",
            Status::from_name,
            Status::ALL.iter().map(|status| status.name()),
        )?,
        user: given.text("user")?.map(str::to_owned),
        name: given.text("name")?.map(str::to_owned),
        product: given.product(&context, &principal).await?.id,
    };
    let limit = given.number("limit", 1..=MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = given.text("after")?.map(read_key).transpose()?;
    let rows = sql::sessions(&context.sessions, &filter, after.as_ref(), limit + 1).await?;
    reply::json(&page(filter, rows, limit))
}

/// A page of what was found, which is one more than the page takes if there is a next one.
fn page(filter: SessionFilter, mut rows: Vec<SessionRow>, limit: u32) -> SessionsReply {
    let next = cursor::cut(&mut rows, limit, |row| write_key(&row.key()));
    SessionsReply {
        product: filter.product,
        from: *filter.days.start(),
        to: *filter.days.end(),
        next,
        sessions: rows
            .into_iter()
            .map(|row| SessionReply::new(row.session, row.open_until))
            .collect(),
    }
}

fn write_key(key: &SessionKey) -> String {
    cursor::encode(LIST, &(key.effective_start.0, &key.session))
}

fn read_key(text: &str) -> Result<SessionKey, Problem> {
    let (start, session): (i64, SessionId) = cursor::decode(LIST, text)?;
    Ok(SessionKey {
        effective_start: Timestamp(start),
        session,
    })
}
