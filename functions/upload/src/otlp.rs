//! `POST /v1/otlp/v1/logs`: OTLP/HTTP, as any OpenTelemetry exporter sends it.
//!
//! Source: OpenTelemetry Protocol specification, OTLP/HTTP.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use logbook_backends::sql::Via;
use logbook_bootstrap::http::{MAX_BODY_BYTES, parameters, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::Consent;
use logbook_pipeline::{StatedError, stated_consent};

use crate::logs::{archive, check_encoding, consent, minted};
use crate::{Context, caller, given};

pub(crate) async fn export(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let product = caller::product(&context, &headers).await?;
    parameters(query.as_deref(), &[])?;
    let mut given = given::from_headers(&headers)?;
    given::check(&given)?;
    let media = media(&headers)?;
    check_encoding(&headers)?;
    let body = read_body(body, MAX_BODY_BYTES).await?;
    given.narrow(stated_consent(&body).or_else(unknown_consent)?);
    let consent = consent(&given, &product)?;
    let log = given.log.clone().unwrap_or_else(minted);
    archive(&context, &product, log, body, Via::Otlp, consent, given).await?;
    // An ExportLogsServiceResponse that reports full success.
    Ok(match media {
        Media::Json => ([(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
        Media::Protobuf => ([(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response(),
    })
}

#[derive(Debug, Clone, Copy)]
enum Media {
    Json,
    Protobuf,
}

fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Ok(Media::Json),
        "application/x-protobuf" => Ok(Media::Protobuf),
        _ => Err(Problem::new(
            ProblemKind::UnsupportedMedia,
            "Content-Type must be application/json or application/x-protobuf",
        )),
    }
}

fn unknown_consent(error: StatedError) -> Result<Option<Consent>, Problem> {
    let kind = match error {
        // What is off is off, whatever else is said.
        _ if error.read() == Some(Consent::Off) => return Ok(Some(Consent::Off)),
        StatedError::Unreadable { .. } => ProblemKind::BadRequest,
        StatedError::TooLarge { .. } => ProblemKind::TooLarge,
    };
    Err(Problem::new(kind, error.to_string()))
}
