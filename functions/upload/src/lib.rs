//! HTTP → sealed log in the archive, or a ticket for the inbox.
//!
//! An answer of 2xx means that the log is durable in the archive, or will be accepted under its
//! ticket. No database is touched.

mod caller;
mod given;
mod logs;
mod otlp;
mod tickets;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::Timestamp;
use logbook_pipeline::{Registry, Vault};

pub use tickets::{TICKET_SECS, TicketError, TicketUpload, Tickets};

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive and its keys.
    pub vault: Arc<Vault>,
    /// The products and their keys.
    pub registry: Arc<Registry>,
    /// Who writes and honours tickets.
    pub tickets: Arc<Tickets>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// The upload API, apart from serving it.
pub fn app(context: Context) -> Router {
    Router::new()
        .route("/v1/logs", post(logs::create))
        .route("/v1/otlp/v1/logs", post(otlp::export))
        .route("/v1/uploads", post(tickets::create))
        .method_not_allowed_fallback(async || {
            Problem::new(ProblemKind::MethodNotAllowed, "this path takes POST")
        })
        .with_state(context)
}
