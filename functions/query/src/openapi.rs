//! `GET /openapi.json`: the description of the API, made from the code that answers; and the
//! routes, which come from the same place.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use logbook_bootstrap::ProblemKind;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    self as openapi_types, ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, schema,
};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Context, accounts, digest, events, ledger, logs, openapi, products, receipts, rejects, reports,
    session, sessions, uploads,
};

/// What is wrong, by RFC 9457. Further members, such as `parameter`, are for programs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemReply {
    /// `urn:logbook:problem:` and a stable name.
    #[serde(rename = "type")]
    #[schema(schema_with = problem_types)]
    kind: String,
    title: String,
    status: u16,
    /// For people.
    detail: String,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// The stable names of problems.
fn problem_types() -> ObjectBuilder {
    let names = ProblemKind::ALL.iter().map(|kind| kind.name());
    ObjectBuilder::new()
        .schema_type(schema::Type::String)
        .enum_values(Some(
            names.map(|name| format!("urn:logbook:problem:{name}")),
        ))
}

/// What every endpoint may answer instead.
pub(crate) struct Failures;

impl Failures {
    const ALL: [(&'static str, &'static str); 8] = [
        (
            "400",
            "A parameter does not exist, or its value is not allowed.",
        ),
        ("401", "No token or key, or a wrong one."),
        ("403", "The token's scopes or products do not cover this."),
        ("404", "There is no such thing."),
        ("405", "The path knows other methods."),
        ("413", "The answer would be larger than 4 MiB."),
        ("500", "A fault of the server."),
        (
            "503",
            "A store cannot be reached for now; `Retry-After` says when to try again.",
        ),
    ];
}

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<openapi_types::Response>> {
        problems(&Self::ALL)
    }
}

/// Responses that say what is wrong, by status.
pub(crate) fn problems(all: &[(&str, &str)]) -> BTreeMap<String, RefOr<openapi_types::Response>> {
    let response = |&(status, description): &(&str, &str)| {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("ProblemReply")))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", problem)
            .build();
        (status.to_owned(), RefOr::T(response))
    };
    all.iter().map(response).collect()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Logbook",
        description = "Uploads; reports, sessions, logs, ledger and rejects. Times are RFC 3339; days are UTC. \
A stack answers uploads below its output `UploadUrl`, where they bear its API key as well (`x-api-key`), and all else \
below `QueryUrl`; the embedded form has one address for both."
    ),
    paths(uploads::create_log, uploads::export_logs, uploads::create_ticket),
    tags(
        (name = "uploads", description = "Logs, on their way in"),
        (name = "reports", description = "Sums over sessions, for R&D and sales"),
        (name = "sessions", description = "Runs of the software"),
        (name = "logs", description = "Uploads, as they came and how far they have come"),
        (name = "operations", description = "What was received and what was refused"),
        (name = "products", description = "What is registered"),
        (name = "accounts", description = "What is agreed with customers"),
        (name = "service", description = "The API itself"),
    ),
    components(schemas(ProblemReply)),
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

/// What answers at which path. The description of a handler names its path again, for readers; it
/// is made apart from the router, since a function that starts serves long before it describes.
macro_rules! routes {
    ($($method:ident $path:literal => $module:ident::$handler:ident,)*) => {
        /// Every route.
        pub(crate) fn router() -> Router<Arc<Context>> {
            Router::new()$(.route($path, $method($module::$handler)))*
        }

        /// Every route's description.
        fn description() -> openapi_types::OpenApi {
            OpenApiRouter::<Arc<Context>>::with_openapi(Description::openapi())
                $(.routes(utoipa_axum::routes!($module::$handler)))*
                .into_openapi()
        }
    };
}

routes! {
    get "/v1/reports" => reports::list,
    get "/v1/reports/{name}" => reports::show,
    get "/v1/digest" => digest::show,
    get "/v1/products" => products::list,
    get "/v1/accounts" => accounts::list,
    put "/v1/accounts" => accounts::import,
    get "/v1/accounts/{id}" => accounts::show,
    put "/v1/accounts/{id}" => accounts::put,
    delete "/v1/accounts/{id}" => accounts::delete,
    get "/v1/sessions" => sessions::list,
    get "/v1/sessions/{id}" => session::show,
    get "/v1/sessions/{id}/events" => events::list,
    get "/v1/logs/{id}" => logs::show,
    get "/v1/logs/{id}/receipt" => receipts::show,
    get "/v1/ledger" => ledger::show,
    get "/v1/rejects" => rejects::list,
    get "/openapi.json" => openapi::show,
    get "/healthz" => openapi::health,
}

/// The description of the API that `/openapi.json` gives.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let mut text = description().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &DOCUMENT
}

/// Describes this API.
#[utoipa::path(
    operation_id = "show_description",
    get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(crate) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// Says that the API answers. Touches no store.
#[utoipa::path(
    operation_id = "show_health",
    get, path = "/healthz", tag = "service",
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")),
)]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}
