//! `POST /v1/otlp/v1/logs`: OTLP/HTTP, as any OpenTelemetry exporter sends it.
//!
//! Source: OpenTelemetry Protocol specification, OTLP/HTTP.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use logbook_backends::sql::Via;
use logbook_bootstrap::http::{MAX_BODY_BYTES, parameters, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::Consent;
use logbook_pipeline::{
    Error, MAX_SEARCHED_BYTES, RefusedRecords, StatedError, judge_export, stated_consent,
};

use crate::logs::{archive, check_encoding, consent, minted};
use crate::{Context, caller, given};

pub(crate) async fn export(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match take(&context, query.as_deref(), &headers, body).await {
        Ok((media, refused)) => answer(media, taken(media, &refused)),
        Err(problem) => match media(&headers) {
            Ok(media) => refusal(problem, media),
            // No encoding of OTLP's is known to answer in.
            Err(_) => problem.into_response(),
        },
    }
}

async fn take(
    context: &Context,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Media, RefusedRecords), Problem> {
    let product = caller::product(context, headers).await?;
    parameters(query, &[])?;
    let mut given = given::from_headers(headers)?;
    given::check(&given)?;
    let media = media(headers)?;
    check_encoding(headers)?;
    let body = read_body(body, MAX_BODY_BYTES).await?;
    given.narrow(stated_consent(&body, MAX_SEARCHED_BYTES).or_else(unknown_consent)?);
    let consent = consent(&given, &product)?;
    let log = given.log.clone().unwrap_or_else(minted);
    let judged = judge_export(product.id.clone(), log.clone(), body, (context.now)()).await;
    let (body, refused) = judged.map_err(unreadable)?;
    archive(context, &product, log, body, Via::Otlp, consent, given).await?;
    Ok((media, refused))
}

/// Of an export none of whose records can be read nothing is kept: its sender is told.
fn unreadable(error: Error) -> Problem {
    match error {
        Error::Rejected { reason, detail } => {
            Problem::new(ProblemKind::BadRequest, format!("{reason}: {detail}"))
        }
        error => error.into(),
    }
}

/// An `ExportLogsServiceResponse`: empty, or with a `partial_success` where some records are
/// refused. They are kept in the archive all the same, and show among the rejects.
fn taken(media: Media, refused: &RefusedRecords) -> Vec<u8> {
    if refused.count == 0 {
        return match media {
            Media::Json => b"{}".to_vec(),
            Media::Protobuf => Vec::new(),
        };
    }
    let message = format!(
        "refused records: {}; the first {}",
        refused.count, refused.first
    );
    match media {
        Media::Json => serde_json::json!({ "partialSuccess": {
            "rejectedLogRecords": refused.count.to_string(),
            "errorMessage": message,
        }})
        .to_string()
        .into_bytes(),
        Media::Protobuf => {
            let mut partial = vec![1 << 3];
            varint(&mut partial, refused.count);
            text(&mut partial, 2, message.as_bytes());
            let mut response = Vec::new();
            text(&mut response, 1, &partial);
            response
        }
    }
}

fn answer(media: Media, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, media.name())], body.into()).into_response()
}

/// A refusal as OTLP/HTTP wants it: a `google.rpc.Status` in the request's own encoding. Its
/// message is the problem's name and detail; status and `Retry-After` stay.
fn refusal(problem: Problem, media: Media) -> Response {
    let message = problem.to_string();
    let body = match media {
        Media::Json => serde_json::json!({ "message": message }).to_string().into(),
        Media::Protobuf => status(&message),
    };
    let mut response = problem.into_response();
    let media = HeaderValue::from_static(media.name());
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    *response.body_mut() = Body::from(body);
    response
}

/// `Status { message = 2 }` as protobuf.
fn status(message: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    text(&mut bytes, 2, message.as_bytes());
    bytes
}

/// A field of protobuf that has a length: text, bytes or a message.
fn text(bytes: &mut Vec<u8>, field: u8, content: &[u8]) {
    bytes.push(field << 3 | 2);
    varint(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[derive(Debug, Clone, Copy)]
enum Media {
    Json,
    Protobuf,
}

impl Media {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }
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
