//! Errors as HTTP answers: RFC 9457, mapped in this one place.

use std::fmt;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// What is wrong, with a stable name. `type` is `urn:logbook:problem:` and that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// A parameter, a header or a body is not what it should be.
    BadRequest,
    /// A parameter that does not exist.
    UnknownParameter,
    /// No key or token, or a wrong one.
    Unauthorized,
    /// The token's scopes or products do not cover this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The method does not fit the path.
    MethodNotAllowed,
    /// The id is taken by other content.
    IdConflict,
    /// It was erased.
    Gone,
    /// The body is larger than is taken here.
    TooLarge,
    /// The range asked for lies outside.
    RangeNotSatisfiable,
    /// The body's encoding or type is not known.
    UnsupportedMedia,
    /// The log's consent is `off`.
    ConsentOff,
    /// A condition of the upload's ticket is not met, or it has expired.
    TicketInvalid,
    /// A store cannot be reached for now.
    Unavailable,
    /// The database resumes from a pause, or moves to another machine.
    DatabaseResuming,
    /// A fault of ours.
    Internal,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::UnknownParameter,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::IdConflict,
        Self::Gone,
        Self::TooLarge,
        Self::RangeNotSatisfiable,
        Self::UnsupportedMedia,
        Self::ConsentOff,
        Self::TicketInvalid,
        Self::Unavailable,
        Self::DatabaseResuming,
        Self::Internal,
    ];

    /// Status, name and title.
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad-request",
                "The request is not valid",
            ),
            Self::UnknownParameter => (
                StatusCode::BAD_REQUEST,
                "unknown-parameter",
                "There is no such parameter",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A valid key or token is needed",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The token does not cover this",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The method does not fit",
            ),
            Self::IdConflict => (
                StatusCode::CONFLICT,
                "id-conflict",
                "The id is taken by a log of other content",
            ),
            Self::Gone => (StatusCode::GONE, "erased", "It was erased"),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
            ),
            Self::RangeNotSatisfiable => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range-not-satisfiable",
                "The range lies outside",
            ),
            Self::UnsupportedMedia => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "The body's kind is not known",
            ),
            Self::ConsentOff => (
                StatusCode::FORBIDDEN,
                "consent-off",
                "The user did not agree; nothing was kept",
            ),
            Self::TicketInvalid => (
                StatusCode::FORBIDDEN,
                "ticket-invalid",
                "The ticket does not hold",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available for now; try again",
            ),
            Self::DatabaseResuming => (
                StatusCode::SERVICE_UNAVAILABLE,
                "database-resuming",
                "The database is resuming; try again",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "A fault of the server",
            ),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        self.parts().1
    }

    /// The value of `Retry-After`, where trying again may help: seconds.
    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Unavailable => Some("5"),
            // A serverless database resumes within some fifteen seconds.
            Self::DatabaseResuming => Some("10"),
            _ => None,
        }
    }

    /// Whether it is a fault of ours that somebody has to look after: not of the caller, and no
    /// database that resumes.
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Internal | Self::Unavailable)
    }

    /// The title, for people.
    pub const fn title(self) -> &'static str {
        self.parts().2
    }
}

/// An answer that says what is wrong.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    extra: Map<String, Value>,
}

impl Problem {
    /// A problem; `detail` is shown to the caller.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            extra: Map::new(),
        }
    }

    /// What kind it is.
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Adds a member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// A failure inside: logged here, once; the caller learns only whether to try again.
    pub fn internal(error: &dyn std::fmt::Display, transient: bool) -> Self {
        tracing::error!(error = %error, transient, "request failed");
        if transient {
            Self::new(
                ProblemKind::Unavailable,
                "a store cannot be reached; try again in a moment",
            )
        } else {
            Self::new(ProblemKind::Internal, "the server's log says more")
        }
    }
}

impl Problem {
    /// A store that failed.
    fn store(error: &logbook_backends::Error) -> Self {
        if error.is_resuming() {
            tracing::warn!(error = %error, "database is away");
            return Self::new(
                ProblemKind::DatabaseResuming,
                "the database is resuming; try again in some seconds",
            );
        }
        Self::internal(error, error.is_transient())
    }
}

impl fmt::Display for Problem {
    /// Name and detail, for answers that have no place for more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

impl From<logbook_pipeline::Error> for Problem {
    fn from(error: logbook_pipeline::Error) -> Self {
        use logbook_pipeline::Error;
        match &error {
            Error::NotFound => Self::new(ProblemKind::NotFound, "there is no such log"),
            Error::Erased => Self::new(ProblemKind::Gone, "the log was erased"),
            Error::Rejected { reason, detail } => {
                Self::new(ProblemKind::BadRequest, detail.clone()).with("reason", reason.name())
            }
            Error::TooManyContracts => Self::new(ProblemKind::BadRequest, error.to_string()),
            Error::Store(error) => Self::store(error),
            _ => Self::internal(&error, error.is_transient()),
        }
    }
}

impl From<logbook_backends::Error> for Problem {
    fn from(error: logbook_backends::Error) -> Self {
        Self::store(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.parts();
        let mut body = json!({
            "type": format!("urn:logbook:problem:{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.extra);
        }
        let mut response = (status, Json(body)).into_response();
        // For those who count answers by kind.
        response.extensions_mut().insert(self.kind);
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        if let Some(seconds) = self.kind.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.kind == ProblemKind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
