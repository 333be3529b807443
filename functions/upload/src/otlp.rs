//! `POST /v1/otlp/v1/logs`: OTLP/HTTP, as any OpenTelemetry exporter sends it.
//!
//! Source: OpenTelemetry Protocol specification, OTLP/HTTP.

use std::io::{Cursor, Read};

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use logbook_backends::sql::Via;
use logbook_bootstrap::http::{MAX_BODY_BYTES, parameters, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::Consent;
use logbook_seal::{Inflate, InflateError};
use memchr::memmem;
use regex::bytes::Regex;

use crate::logs::{archive, check_encoding, consent, minted, refused};
use crate::{Context, caller, given};

/// The resource attribute by which an application states its user's consent.
const CONSENT: &[u8] = b"logbook.consent";
/// Most bytes of a body that are searched for it: no more than memory bears. A body that inflates
/// to more is refused: what it states of consent would not be known.
const MAX_SEARCHED_BYTES: u64 = 64 << 20;

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
    if let Some(stated) = stated_consent(&body)? {
        given.consent = Some(given.consent.map_or(stated, |header| header.min(stated)));
    }
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
    {
        "application/json" => Ok(Media::Json),
        "application/x-protobuf" => Ok(Media::Protobuf),
        _ => Err(Problem::new(
            ProblemKind::UnsupportedMedia,
            "Content-Type must be application/json or application/x-protobuf",
        )),
    }
}

/// The strictest consent that a body's attributes state; `None` where they state none.
fn stated_consent(body: &[u8]) -> Result<Option<Consent>, Problem> {
    let mut plain = Vec::new();
    let inflated = Inflate::new(Cursor::new(body), MAX_SEARCHED_BYTES).read_to_end(&mut plain);
    // One that does not inflate at all is rejected by name when it is parsed.
    if let Err(error) = inflated
        && let Some(InflateError::Bomb { .. }) = InflateError::of(&error)
    {
        let detail =
            format!("the body inflates to more than {MAX_SEARCHED_BYTES} bytes; send less at once");
        return Err(
            Problem::new(ProblemKind::TooLarge, detail).with("max_bytes", MAX_SEARCHED_BYTES)
        );
    }
    let mut unread = memmem::find_iter(&plain, CONSENT).count();
    if unread == 0 {
        return Ok(None);
    }
    let mut strictest = None;
    for pattern in [
        // OTLP/JSON, then protobuf: key (field 1), value (field 2) with string_value (field 1).
        r#"(?s-u)"logbook\.consent"\s*,\s*"value"\s*:\s*\{\s*"(?:stringValue|string_value)"\s*:\s*"([a-z]+)""#,
        r"(?s-u)\x0a\x0flogbook\.consent\x12.\x0a.([a-z]+)",
    ] {
        let Ok(pattern) = Regex::new(pattern) else {
            continue;
        };
        for found in pattern.captures_iter(&plain) {
            let stated = std::str::from_utf8(&found[1]).ok().and_then(parse_prefix);
            let stated = stated.ok_or_else(unreadable)?;
            strictest = Some(strictest.map_or(stated, |held: Consent| held.min(stated)));
            unread -= 1;
        }
    }
    match strictest {
        Some(Consent::Off) => Err(refused()),
        Some(consent) if unread == 0 => Ok(Some(consent)),
        _ => Err(unreadable()),
    }
}

/// The consent at the start of a text: in protobuf other fields follow at once.
fn parse_prefix(text: &str) -> Option<Consent> {
    Consent::ALL
        .iter()
        .copied()
        .find(|consent| text.starts_with(consent.name()))
}

fn unreadable() -> Problem {
    let detail = "the attribute logbook.consent must be a string: off, crash, error or usage";
    Problem::new(ProblemKind::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_found_in_json_and_protobuf() {
        let json = br#"{"attributes":[{"key":"logbook.consent","value":{"stringValue":"error"}}]}"#;
        assert_eq!(stated_consent(json).unwrap(), Some(Consent::Error));
        let protobuf = b"\x0a\x17\x0a\x0flogbook.consent\x12\x07\x0a\x05crash";
        assert_eq!(stated_consent(protobuf).unwrap(), Some(Consent::Crash));
        assert_eq!(stated_consent(b"{}").unwrap(), None);
        let off = br#"{"key":"logbook.consent","value":{"stringValue":"off"}}"#;
        assert_eq!(
            stated_consent(off).unwrap_err().kind(),
            ProblemKind::ConsentOff
        );
        let odd = br#"{"key":"logbook.consent","value":{"intValue":"1"}}"#;
        assert_eq!(
            stated_consent(odd).unwrap_err().kind(),
            ProblemKind::BadRequest
        );
    }
}
