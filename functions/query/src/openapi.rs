//! `GET /openapi.json`: the description of the API, made from the code that answers; and the
//! routes, which come from the same place.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{
    Context, events, ledger, logs, openapi, products, receipts, rejects, session, sessions,
};

/// What is wrong, by RFC 9457. Further members, such as `parameter`, are for programs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemReply {
    /// `urn:logbook:problem:` and a stable name.
    #[serde(rename = "type")]
    #[schema(example = "urn:logbook:problem:not-found")]
    kind: String,
    title: String,
    status: u16,
    /// For people.
    detail: String,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// What every endpoint may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes; problems are made where they arise")]
pub(crate) enum Failures {
    /// A parameter does not exist, or its value is not allowed.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] ProblemReply),
    /// No token or key, or a wrong one.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(#[to_schema] ProblemReply),
    /// The token's scopes or products do not cover this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] ProblemReply),
    /// There is no such thing.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] ProblemReply),
    /// The path knows other methods.
    #[response(status = 405, content_type = "application/problem+json")]
    MethodNotAllowed(#[to_schema] ProblemReply),
    /// The answer would be larger than 4 MiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemReply),
    /// A fault of the server.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] ProblemReply),
    /// A store cannot be reached for now; `Retry-After` says when to try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] ProblemReply),
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Logbook query API",
        description = "Reports, sessions, logs, ledger and rejects. Times are RFC 3339; days are UTC."
    ),
    tags(
        (name = "sessions", description = "Runs of the software"),
        (name = "logs", description = "Uploads, as they came and how far they have come"),
        (name = "operations", description = "What was received and what was refused"),
        (name = "products", description = "What is registered"),
        (name = "service", description = "The API itself"),
    ),
    modifiers(&Security),
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token; its scopes are read:reports, read:sessions and admin.",
            ))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let key = ApiKeyValue::with_description("X-Logbook-Key", "A product's upload key.");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}

/// Every route with its description.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(products::list))
        .routes(routes!(sessions::list))
        .routes(routes!(session::show))
        .routes(routes!(events::list))
        .routes(routes!(logs::show))
        .routes(routes!(receipts::show))
        .routes(routes!(ledger::show))
        .routes(routes!(rejects::list))
        .routes(routes!(openapi::show))
        .routes(routes!(openapi::health))
}

/// The description of the API that `/openapi.json` gives.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let mut text = routes().into_openapi().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &DOCUMENT
}

/// Describes this API.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(crate) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// Says that the API answers. Touches no store.
#[utoipa::path(
    get, path = "/healthz", tag = "service",
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")),
)]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}
