//! Answers to questions that nobody foresaw.

use axum::http::{Method, Uri};
use logbook_bootstrap::{Problem, ProblemKind};

/// No such path.
pub(crate) async fn not_found(uri: Uri) -> Problem {
    let detail = format!(
        "there is no {}; /openapi.json lists what there is",
        uri.path()
    );
    Problem::new(ProblemKind::NotFound, detail)
}

/// A path that knows other methods.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} does not fit {}", uri.path());
    Problem::new(ProblemKind::MethodNotAllowed, detail)
}
