//! `POST /v1/logs`: one log in the body.

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use logbook_backends::sql::Via;
use logbook_bootstrap::http::{MAX_BODY_BYTES, parameters, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{Consent, LogId, ProductId};
use logbook_pipeline::{
    Archived, Attempt, EXPORT_PROFILE, MAX_SEARCHED_BYTES, NewLog, Product, StatedError,
    archive_log, stated_consent, steps,
};
use serde_json::json;
use uuid::Uuid;

use crate::given::{self, Given};
use crate::{Context, caller};

pub(crate) async fn create(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let product = caller::product(&context, &headers).await?;
    let mut given = given::from_headers(&headers)?;
    for (name, value) in parameters(query.as_deref(), &["log_id"])? {
        if given.log.is_some() {
            return Err(given::twice(&name));
        }
        given::set(&mut given, &name, &value)?;
    }
    given::check(&given)?;
    check_encoding(&headers)?;
    consent(&given, &product)?;
    let body = read_body(body, MAX_BODY_BYTES).await?;
    // A log that is no OTLP and names the attribute in another form is a log that mentions it.
    given.narrow(stated_consent(&body, MAX_SEARCHED_BYTES).unwrap_or_else(StatedError::strictest));
    let consent = consent(&given, &product)?;
    let log = given.log.clone().unwrap_or_else(minted);
    let archived = archive(
        &context,
        &product,
        log.clone(),
        body,
        Via::Api,
        consent,
        given,
    )
    .await?;
    Ok(created(&product.id, &log, &archived))
}

/// A new id, sortable by time.
pub(crate) fn minted() -> LogId {
    // 36 characters of hex and hyphens are a log id.
    LogId::new(Uuid::now_v7().to_string()).unwrap_or_else(|_| unreachable!())
}

/// The consent that the log was sent under: what the request and the log itself say, or else
/// the product's default. `off` is refused here, before a byte is kept.
pub(crate) fn consent(given: &Given, product: &Product) -> Result<Consent, Problem> {
    match given.consent.unwrap_or(product.consent) {
        Consent::Off => Err(refused()),
        consent => Ok(consent),
    }
}

/// The answer to consent `off`.
pub(crate) fn refused() -> Problem {
    Problem::new(
        ProblemKind::ConsentOff,
        "the log's consent is off: nothing of it was kept",
    )
}

/// Only encodings that are told by their first bytes are taken.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    let known = [&b"gzip"[..], b"zstd", b"identity"];
    if known.contains(&encoding.as_bytes().to_ascii_lowercase().as_slice()) {
        return Ok(());
    }
    let detail = "Content-Encoding must be gzip, zstd or identity";
    Err(Problem::new(ProblemKind::UnsupportedMedia, detail))
}

/// Seals a body into the archive, and says what became of it.
pub(crate) async fn archive(
    context: &Context,
    product: &Product,
    log: LogId,
    body: Vec<u8>,
    via: Via,
    consent: Consent,
    given: Given,
) -> Result<Archived, Problem> {
    steps::reach("upload.before_archive");
    let new = NewLog {
        product: product.id.clone(),
        log,
        body,
        via,
        consent,
        received_at: (context.now)(),
        attempt: Attempt(Uuid::new_v4().simple().to_string()),
        profile: (via == Via::Otlp).then(|| EXPORT_PROFILE.to_owned()),
        refused: None,
        bulk: false,
        readable_accounts: product.accounts_readable,
        metadata: given.metadata,
    };
    let archived = archive_log(&context.vault, new).await?;
    match archived {
        Archived::Conflict => {
            tracing::warn!(product = %product.id, "log id is taken by other content");
            let detail = "a log of this id and other content was taken before";
            Err(Problem::new(ProblemKind::IdConflict, detail))
        }
        Archived::Erased => Err(Problem::new(
            ProblemKind::Gone,
            "the log of this id was erased",
        )),
        kept => Ok(kept),
    }
}

fn created(product: &ProductId, log: &LogId, archived: &Archived) -> Response {
    let receipt = format!("/v1/logs/{log}/receipt");
    let duplicate = *archived != Archived::Created;
    let status = if duplicate {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let body = json!({
        "product": product,
        "log_id": log,
        "state": "archived",
        "duplicate": duplicate,
        "receipt": receipt,
    });
    let mut response = (status, Json(body)).into_response();
    if let Ok(location) = HeaderValue::from_str(&receipt) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
