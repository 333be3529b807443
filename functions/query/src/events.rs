//! `GET /v1/sessions/{id}/events`: what happened in a session, out of its sealed logs.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_backends::sql;
use logbook_bootstrap::Problem;
use logbook_model::{LogId, Part, ProductId, SessionId, Timestamp};
use logbook_pipeline::{Error, Product, open_log};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

mod part;

use crate::openapi::Failures;
use crate::parameters::{Id, Parameters};
use crate::session::{in_order, no_session};
use crate::{Context, Principal, Scope, cursor, reply};
use part::{EventReply, read_part};

/// The list's name in its cursors.
const LIST: &str = "events";
const MAX_LIMIT: u32 = 1000;
const DEFAULT_LIMIT: u32 = 100;
/// Most logs opened for one answer.
const MAX_LOGS: usize = 16;
/// Most bytes of logs read for one answer; the log that passes it is read on to its page's end.
const MAX_READ_BYTES: u64 = 256 << 20;
/// Largest log read for events, inflated: what one answer's time allows.
const MAX_LOG_BYTES: u64 = 1 << 30;
/// Most bytes of events in one answer: below the bound on answers, with room for the rest.
const MAX_EVENT_BYTES: usize = 3 << 20;

/// What `GET /v1/sessions/{id}/events` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
pub(crate) struct EventsQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// Events a page, at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of events. A page may be short, or empty, and yet have a next one: one answer opens
/// only so many logs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventsReply {
    #[schema(value_type = String)]
    product: ProductId,
    #[schema(value_type = String)]
    session_id: SessionId,
    /// In the order of the logs, and in a log in its own order.
    events: Vec<EventReply>,
    /// Logs of this page of which not all is shown.
    gaps: Vec<GapReply>,
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// A log of which not all is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GapReply {
    #[schema(value_type = String)]
    log_id: LogId,
    /// `consent` where its user did not agree to more, `erased`, `not_found`, `too_large` for
    /// this way of reading, or the reason for which it cannot be opened or read.
    #[schema(example = "consent")]
    reason: String,
}

/// Where a page ends: the part's start and log, and the last event's sequence number; without
/// one, the whole part is done.
type Key = (i64, LogId, Option<u32>);

/// Shows what happened in a session, read from its sealed logs.
///
/// People stay hidden: of a record's fields only those appear that the profile keeps. Below the
/// consent `usage` a log shows only errors and crashes (`error`) or crashes (`crash`).
#[utoipa::path(
    operation_id = "list_session_events",
    get, path = "/v1/sessions/{id}/events", tag = "sessions",
    params(("id" = String, Path, description = "The session."), EventsQuery),
    security(("token" = ["read:sessions"])),
    responses((status = 200, description = "A page of events.", body = EventsReply), Failures),
)]
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadSessions)?;
    let given = Parameters::of::<EventsQuery>(query.as_deref())?;
    let product = given.product(&context, &principal).await?;
    let limit = given.number("limit", 1..=MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = given.text("after")?;
    let after: Option<Key> = after.map(|text| cursor::decode(LIST, text)).transpose()?;
    let session = SessionId::from_text(&id.0);
    let found = sql::session(&context.sessions, &product.id, &session).await?;
    let parts = in_order(found.ok_or_else(no_session)?.parts);
    let mut page = Page::new(limit as usize);
    page.fill(&context, &product, &parts, after.as_ref())
        .await?;
    reply::json(&EventsReply {
        product: product.id,
        session_id: session,
        events: page.events,
        gaps: page.gaps,
        next: page.next.map(|key| cursor::encode(LIST, &key)),
    })
}

/// The bounds of one answer, and what it has so far.
struct Page {
    limit: usize,
    events: Vec<EventReply>,
    event_bytes: usize,
    read_bytes: u64,
    gaps: Vec<GapReply>,
    next: Option<Key>,
}

impl Page {
    const fn new(limit: usize) -> Self {
        Self {
            limit,
            events: Vec::new(),
            event_bytes: 0,
            read_bytes: 0,
            gaps: Vec::new(),
            next: None,
        }
    }

    /// Reads parts until the page is full or one answer's work is done.
    async fn fill(
        &mut self,
        context: &Context,
        product: &Product,
        parts: &[Part],
        after: Option<&Key>,
    ) -> Result<(), Problem> {
        let mut done: Option<&Part> = None;
        let rest = parts
            .iter()
            .filter(|part| after.is_none_or(|key| still(part, key)));
        for (opened, part) in rest.enumerate() {
            let worked = opened >= MAX_LOGS || self.read_bytes >= MAX_READ_BYTES;
            let full = self.events.len() >= self.limit || self.event_bytes >= MAX_EVENT_BYTES;
            if worked || full {
                self.next = done.map(|part| key_of(part, None));
                return Ok(());
            }
            let seen = after.filter(|key| key.1 == part.log).and_then(|key| key.2);
            if let Some(seq) = self.read(context, product, part, seen).await? {
                self.next = Some(key_of(part, Some(seq)));
                return Ok(());
            }
            done = Some(part);
        }
        Ok(())
    }

    /// Reads one part from after `seen`; the last sequence number shown if there is more of it.
    async fn read(
        &mut self,
        context: &Context,
        product: &Product,
        part: &Part,
        seen: Option<u32>,
    ) -> Result<Option<u32>, Problem> {
        let opened = match open_log(&context.vault, &product.id, &part.log).await {
            Ok(opened) => opened,
            Err(error) => return self.gap(&part.log, error),
        };
        let log_bytes = opened.attributes.inflated_bytes;
        if log_bytes > MAX_LOG_BYTES {
            self.gaps.push(gap_of(&part.log, "too_large"));
            return Ok(None);
        }
        self.read_bytes = self.read_bytes.saturating_add(log_bytes);
        let (product, asked) = (product.clone(), part.clone());
        let limit = self.limit - self.events.len();
        let bytes = MAX_EVENT_BYTES - self.event_bytes;
        let work = move || read_part(&product, &asked, opened, seen, limit, bytes);
        let read = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Task)?;
        match read {
            Ok(mut shown) => {
                self.event_bytes += shown.bytes;
                self.events.append(&mut shown.events);
                if shown.withheld {
                    self.gaps.push(gap_of(&part.log, "consent"));
                }
                Ok(shown.more_after)
            }
            Err(error) => self.gap(&part.log, error),
        }
    }

    /// A log that will never be readable is a gap; one that may be later is a failure.
    fn gap(&mut self, log: &LogId, error: Error) -> Result<Option<u32>, Problem> {
        let reason = match &error {
            Error::NotFound => "not_found",
            Error::Erased => "erased",
            Error::Rejected { reason, .. } => reason.name(),
            _ => return Err(error.into()),
        };
        self.gaps.push(gap_of(log, reason));
        Ok(None)
    }
}

fn gap_of(log: &LogId, reason: &str) -> GapReply {
    GapReply {
        log_id: log.clone(),
        reason: reason.to_owned(),
    }
}

fn key_of(part: &Part, seq: Option<u32>) -> Key {
    (part.effective_start().0, part.log.clone(), seq)
}

/// Whether a part has anything beyond a key.
fn still(part: &Part, (start, log, seq): &Key) -> bool {
    let place = (part.effective_start(), &part.log);
    let end = (Timestamp(*start), log);
    place > end || (place == end && seq.is_some_and(|seq| seq < part.last_seq))
}
