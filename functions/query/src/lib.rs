//! analyst → answers: reports, sessions and their events, logs and receipts, ledger and
//! rejects, as JSON over HTTP. Contracts of accounts are taken, too.
//!
//! [`app`] makes a router of a [`Context`]; serving it is the caller's. Every answer but the
//! health and the description asks for a token ([`Auth`]). A parameter that does not exist is
//! an error, and so is every other slip: RFC 9457 with a stable `type`.
//!
//! No answer is larger than [`MAX_BODY_BYTES`](logbook_bootstrap::http::MAX_BODY_BYTES): lists
//! are paged by opaque cursors, bytes by ranges. The description at `/openapi.json` is made
//! from the code that answers.

mod accounts;
mod auth;
mod context;
mod cursor;
mod digest;
mod events;
mod fallback;
mod ledger;
mod logs;
mod openapi;
mod parameters;
mod products;
mod range;
mod receipts;
mod rejects;
mod reply;
mod reports;
mod session;
mod sessions;
mod uploads;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use logbook_bootstrap::{ProblemKind, metrics};

pub use auth::{Auth, Principal, Products, Scope};
pub use context::Context;
pub use openapi::document;

/// The query API. The router needs nothing of its surroundings: it can be served, nested, or
/// called as a service.
pub fn app(context: Context) -> Router {
    openapi::router()
        .fallback(fallback::not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(map_response(reply::private))
        .layer(map_response(counted))
        .with_state(Arc::new(context))
}

/// Counts answers that are faults of ours, of which the runtime learns nothing.
async fn counted(response: Response) -> Response {
    let kind = response.extensions().get::<ProblemKind>();
    if kind.is_some_and(|kind| kind.is_fault()) {
        metrics::count("RequestsFailed", 1);
    }
    response
}
