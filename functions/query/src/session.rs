//! `GET /v1/sessions/{id}`: one run of the software, with its parts and features.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_backends::sql;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{
    Day, EndReason, EventTime, Feature, LogId, Name, Part, PartBuilder, Session, SessionId, Status,
    Timestamp,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::Failures;
use crate::parameters::{Id, Parameters};
use crate::{Context, Principal, Scope, reply};

/// Most features shown of a session: those used most.
const MAX_FEATURES: usize = 2000;
/// Most parts shown of a session: the earliest.
const MAX_PARTS: usize = 1000;

/// One session. Times without `Z` are local ones whose zone nothing names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionReply {
    #[schema(value_type = String)]
    session_id: SessionId,
    /// The worst that is known of it: `ok`, `exited`, `errored`, `unhandled`, `abnormal` or
    /// `crashed`.
    #[schema(value_type = String, example = "exited")]
    status: Status,
    /// `explicit`, `continued`, `timeout`, `crash` or `unknown`.
    #[schema(value_type = String, example = "explicit")]
    end_reason: EndReason,
    /// The day for which it counts (UTC).
    #[schema(value_type = String, format = Date)]
    day: Day,
    #[schema(required, value_type = Option<String>)]
    started_at: Option<EventTime>,
    #[schema(required, value_type = Option<String>)]
    last_activity_at: Option<EventTime>,
    #[schema(required, value_type = Option<String>)]
    ended_at: Option<EventTime>,
    /// The instant after which silence changes its status.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    open_until: Option<Timestamp>,
    #[schema(required)]
    version: Option<String>,
    #[schema(required)]
    os: Option<String>,
    #[schema(required)]
    runtime: Option<String>,
    #[schema(required)]
    environment: Option<String>,
    /// A pseudonym.
    #[schema(required)]
    user: Option<String>,
    /// A pseudonym.
    #[schema(required)]
    installation: Option<String>,
    /// A pseudonym, unless the product keeps accounts readable.
    #[schema(required)]
    account: Option<String>,
    /// How many logs it came in.
    parts: u32,
    events: u64,
    occurrences: u64,
    errors: u64,
    crashes: u64,
    /// Events by level.
    #[schema(value_type = BTreeMap<String, u64>)]
    levels: BTreeMap<&'static str, u64>,
}

impl SessionReply {
    pub(crate) fn new(session: Session, open_until: Option<Timestamp>) -> Self {
        let facts = session.facts;
        Self {
            session_id: session.id,
            status: session.status,
            end_reason: session.end_reason,
            day: session.effective_start.day(),
            started_at: session.started_at,
            last_activity_at: session.last_activity_at,
            ended_at: session.ended_at,
            open_until,
            version: facts.version,
            os: facts.os,
            runtime: facts.runtime,
            environment: facts.environment,
            user: facts.user,
            installation: facts.installation,
            account: facts.account,
            parts: session.parts,
            events: session.events,
            occurrences: session.occurrences,
            errors: session.errors,
            crashes: session.crashes,
            levels: PartBuilder::levels(&session.by_level),
        }
    }
}

/// One session with all that is stored of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionDetailReply {
    #[serde(flatten)]
    session: SessionReply,
    /// What happened in it by name, most used first; at most 2,000.
    features: Vec<FeatureReply>,
    /// Names in all.
    features_total: usize,
    /// What each of its logs says, in order of time; at most 1,000.
    logs: Vec<PartReply>,
}

/// How often one name occurred.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeatureReply {
    name: String,
    events: u64,
    uses: u64,
    errors: u64,
    /// Where the log gives any.
    #[schema(required)]
    durations: Option<DurationsReply>,
}

/// How long something took, in microseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DurationsReply {
    count: u64,
    sum_us: u64,
    #[schema(required)]
    p50_us: Option<u64>,
    #[schema(required)]
    p95_us: Option<u64>,
    #[schema(required)]
    p99_us: Option<u64>,
}

/// What one log says of the session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartReply {
    #[schema(value_type = String)]
    log_id: LogId,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// The profile that read it, as `name@version`.
    profile: String,
    /// An explicit start was seen.
    started: bool,
    /// Its records precede the first start of the log.
    continued: bool,
    /// An explicit end was seen.
    ended: bool,
    #[schema(required, value_type = Option<String>)]
    started_at: Option<EventTime>,
    #[schema(required, value_type = Option<String>)]
    last_activity_at: Option<EventTime>,
    /// Sequence number of its first event in the log.
    first_seq: u32,
    /// Sequence number of its last event in the log.
    last_seq: u32,
    events: u64,
    occurrences: u64,
    errors: u64,
    unhandled: u64,
    crashes: u64,
    /// How often an event's time lies before its predecessor's.
    backward_steps: u64,
}

impl From<Part> for PartReply {
    fn from(part: Part) -> Self {
        Self {
            ended: part.ended(),
            log_id: part.log,
            received_at: part.received_at,
            profile: part.profile,
            started: part.started,
            continued: part.continued,
            started_at: part.started_at,
            last_activity_at: part.last_activity_at,
            first_seq: part.first_seq,
            last_seq: part.last_seq,
            events: part.events,
            occurrences: part.occurrences,
            errors: part.errors,
            unhandled: part.unhandled,
            crashes: part.crashes,
            backward_steps: part.backward_steps,
        }
    }
}

impl From<(Name, Feature)> for FeatureReply {
    fn from((name, feature): (Name, Feature)) -> Self {
        let took = &feature.durations;
        Self {
            name: name.into(),
            events: feature.events,
            uses: feature.uses,
            errors: feature.errors,
            durations: (!took.is_empty()).then(|| DurationsReply {
                count: took.count(),
                sum_us: took.sum_us(),
                p50_us: took.quantile_us(0.5),
                p95_us: took.quantile_us(0.95),
                p99_us: took.quantile_us(0.99),
            }),
        }
    }
}

/// What endpoints of one session or one log take.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
pub(crate) struct ProductQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
}

/// Shows one session with its parts and features.
#[utoipa::path(
    operation_id = "show_session",
    get, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session."), ProductQuery),
    security(("token" = ["read:sessions"])),
    responses((status = 200, description = "The session.", body = SessionDetailReply), Failures),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadSessions)?;
    let given = Parameters::of::<ProductQuery>(query.as_deref())?;
    let product = given.product(&context, &principal).await?.id;
    let id = SessionId::from_text(&id.0);
    let found = sql::session(&context.sessions, &product, &id).await?;
    reply::json(&detail(found.ok_or_else(no_session)?))
}

/// The answer to an id that is no session's.
pub(crate) fn no_session() -> Problem {
    Problem::new(ProblemKind::NotFound, "there is no such session")
}

fn detail(found: sql::SessionDetail) -> SessionDetailReply {
    let mut session = found.session;
    let mut features: Vec<_> = std::mem::take(&mut session.features).into_iter().collect();
    let features_total = features.len();
    features.sort_by(|(a_name, a), (b_name, b)| (b.uses, a_name).cmp(&(a.uses, b_name)));
    features.truncate(MAX_FEATURES);
    let logs = in_order(found.parts).into_iter().take(MAX_PARTS);
    SessionDetailReply {
        session: SessionReply::new(session, found.open_until),
        features: features.into_iter().map(FeatureReply::from).collect(),
        features_total,
        logs: logs.map(PartReply::from).collect(),
    }
}

/// The parts of a session in the order in which a fold reads them.
pub(crate) fn in_order(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by(|a, b| (a.effective_start(), &a.log).cmp(&(b.effective_start(), &b.log)));
    parts
}
