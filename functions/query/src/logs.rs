//! `GET /v1/logs/{id}`: a log as it came.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use logbook_bootstrap::http::MAX_BODY_BYTES;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_pipeline::{Error, MAX_INFLATED_BYTES, Opened, inflate_reason, open_log};
use logbook_seal::InflateError;
use utoipa::ToSchema;

use crate::openapi::{Failures, ProblemReply};
use crate::parameters::{Id, Parameters};
use crate::range::Wanted;
use crate::session::ProductQuery;
use crate::{Context, Principal, Scope};

/// The bytes of a log.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes")]
pub(crate) struct LogBytes(Vec<u8>);

/// Gives the bytes of a log, inflated, as they came: what is personal in them is not hidden.
///
/// At most 4 MiB an answer. A larger log needs a `Range: bytes=a-b` header; of a larger range
/// its first 4 MiB are given, and `Content-Range` says which bytes those are.
#[utoipa::path(
    operation_id = "show_log",
    get, path = "/v1/logs/{id}", tag = "logs",
    params(
        ("id" = String, Path, description = "The log."), ProductQuery,
        ("Range" = Option<String>, Header, description = "One range of bytes.",
         example = "bytes=0-1023"),
    ),
    security(("token" = ["admin"])),
    responses(
        (status = 200, description = "The whole log.", body = LogBytes,
         content_type = "application/octet-stream"),
        (status = 206, description = "A part of the log.", body = LogBytes,
         content_type = "application/octet-stream",
         headers(("Content-Range" = String, description = "Which bytes, of how many."))),
        (status = 410, description = "The log was erased.", body = ProblemReply,
         content_type = "application/problem+json"),
        (status = 416, description = "The range lies outside the log.",
         body = ProblemReply, content_type = "application/problem+json"),
        Failures,
    ),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    principal.require(Scope::Admin)?;
    let given = Parameters::of::<ProductQuery>(query.as_deref())?;
    let product = given.product(&context, &principal).await?.id;
    let opened = open_log(&context.vault, &product, &id.log()?).await;
    let opened = opened.map_err(unreadable)?;
    let total = opened.attributes.inflated_bytes;
    let range = match headers.get(header::RANGE) {
        Some(value) => Some(wanted(value.to_str().unwrap_or_default(), total)?),
        None if total > MAX_BODY_BYTES as u64 => return Err(needs_range(total)),
        None => None,
    };
    let bytes = range.clone().unwrap_or(0..total);
    let reading = tokio::task::spawn_blocking(move || read(&opened, &bytes));
    let body = reading.await.map_err(|_| Error::Task)?;
    let body = body.map_err(unreadable)?;
    Ok(answer(body, range.as_ref(), total))
}

fn answer(body: Vec<u8>, range: Option<&Range<u64>>, total: u64) -> Response {
    let fixed = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ACCEPT_RANGES, "bytes"),
    ];
    match range {
        None => (fixed, body).into_response(),
        Some(Range { start, end }) => {
            let place = [(
                header::CONTENT_RANGE,
                format!("bytes {start}-{}/{total}", end - 1),
            )];
            (StatusCode::PARTIAL_CONTENT, fixed, place, body).into_response()
        }
    }
}

/// A sealed log that is not what was written is no fault of who asks.
fn unreadable(error: Error) -> Problem {
    let Error::Rejected { reason, .. } = &error else {
        return error.into();
    };
    tracing::error!(error = %error, "a log in the archive cannot be opened");
    let detail = format!("the log cannot be opened: {reason}");
    Problem::new(ProblemKind::Internal, detail).with("reason", reason.name())
}

fn wanted(value: &str, total: u64) -> Result<Range<u64>, Problem> {
    let wanted = Wanted::parse(value);
    let range = wanted.and_then(|wanted| wanted.within(total, MAX_BODY_BYTES as u64));
    range.ok_or_else(|| {
        let detail = format!("Range must be bytes=a-b, bytes=a- or bytes=-n within {total} bytes");
        Problem::new(ProblemKind::RangeNotSatisfiable, detail).with("total_bytes", total)
    })
}

fn needs_range(total: u64) -> Problem {
    let detail = format!(
        "the log has {total} bytes and at most {MAX_BODY_BYTES} are given at once: ask with a \
         header such as Range: bytes=0-{}",
        MAX_BODY_BYTES - 1
    );
    Problem::new(ProblemKind::TooLarge, detail)
        .with("max_bytes", MAX_BODY_BYTES)
        .with("total_bytes", total)
}

/// The bytes of a range; what precedes them is inflated and let go.
fn read(opened: &Opened, range: &Range<u64>) -> Result<Vec<u8>, Error> {
    let mut reader = opened.log.reader(MAX_INFLATED_BYTES);
    let fault = |error: io::Error| match InflateError::of(&error) {
        Some(fault) => Error::rejected(inflate_reason(fault), fault.to_string()),
        None => Error::Task,
    };
    io::copy(&mut reader.by_ref().take(range.start), &mut io::sink()).map_err(fault)?;
    let mut body = Vec::with_capacity((range.end - range.start) as usize);
    let wanted = range.end - range.start;
    reader.take(wanted).read_to_end(&mut body).map_err(fault)?;
    if body.len() as u64 != wanted {
        return Err(Error::Attributes(
            "logbook-inflated-bytes is wrong".to_owned(),
        ));
    }
    Ok(body)
}
