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
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::post;
use logbook_bootstrap::{Problem, ProblemKind, metrics};
use logbook_model::Timestamp;
use logbook_pipeline::{Registry, Stage, Vault};

pub use tickets::{TicketError, TicketUpload, Tickets};

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
        .layer(map_response(counted))
        .layer(from_fn_with_state(context.clone(), measured))
        .with_state(context)
}

/// Measures how long a request takes.
async fn measured(State(context): State<Context>, request: Request, next: Next) -> Response {
    let meter = &context.vault.meter;
    meter.measure(Stage::Upload, next.run(request)).await
}

/// Counts what is refused at the door, by kind: nothing else is kept of it. And what failed, of
/// which the runtime learns nothing: an answer of 5xx is an answer.
async fn counted(response: Response) -> Response {
    let kind = response.extensions().get::<ProblemKind>();
    if kind.is_some_and(|kind| kind.is_fault()) {
        metrics::count("RequestsFailed", 1);
    }
    if let Some(kind) = kind.filter(|kind| kind.status().is_client_error()) {
        metrics::count("UploadsRefused", 1);
        tracing::info!(problem = kind.name(), "upload refused");
    }
    response
}
