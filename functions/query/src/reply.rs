//! Answers: bounded, and nobody's to keep but the asker's.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use logbook_bootstrap::http::MAX_BODY_BYTES;
use logbook_bootstrap::{Problem, ProblemKind};
use serde::Serialize;

/// An answer in JSON, if it is not too large.
pub(crate) fn json<T: Serialize>(reply: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(reply).map_err(|error| Problem::internal(&error, false))?;
    bounded(body, "application/json")
}

/// An answer of some media type, if it is not too large.
pub(crate) fn bounded(body: Vec<u8>, media: &'static str) -> Result<Response, Problem> {
    if body.len() > MAX_BODY_BYTES {
        let detail = format!(
            "the answer would have more than {MAX_BODY_BYTES} bytes; ask for fewer rows or days"
        );
        return Err(Problem::new(ProblemKind::TooLarge, detail).with("max_bytes", MAX_BODY_BYTES));
    }
    Ok(([(header::CONTENT_TYPE, media)], body).into_response())
}

/// Keeps answers out of caches, and browsers from guessing what they are.
pub(crate) async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}
