//! Bounds and strictness at the door.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::HeaderMap;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{Problem, ProblemKind};

/// Most bytes of a request's or an answer's body: Lambda takes 6 MB, base64 included.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// Reads a body whole, or says that it is too large.
pub async fn read_body(body: Body, max_bytes: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, max_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(max_bytes)),
        Err(_) => Err(Problem::new(
            ProblemKind::BadRequest,
            "the body ended too early",
        )),
    }
}

/// The answer to a body over a bound.
pub fn too_large(max_bytes: usize) -> Problem {
    Problem::new(
        ProblemKind::TooLarge,
        format!("at most {max_bytes} bytes are taken here; ask POST /v1/uploads for a ticket"),
    )
    .with("max_bytes", max_bytes)
    .with("see", "/v1/uploads")
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers
        .get(axum::http::header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The parameters of a query string, each once, none but the allowed ones.
pub fn parameters(
    query: Option<&str>,
    allowed: &[&str],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if !allowed.contains(&name.as_str()) {
            let known = if allowed.is_empty() {
                "none".to_owned()
            } else {
                allowed.join(", ")
            };
            let detail = format!("{name:?} is no parameter here; parameters are: {known}");
            return Err(Problem::new(ProblemKind::UnknownParameter, detail).with("parameter", name));
        }
        if found.insert(name.clone(), value).is_some() {
            let detail = format!("parameter {name:?} is given twice");
            return Err(Problem::new(ProblemKind::BadRequest, detail).with("parameter", name));
        }
    }
    Ok(found)
}

/// Undoes percent-encoding, and `+` for a blank.
pub fn decode(text: &str) -> Result<String, Problem> {
    let bad = || {
        Problem::new(
            ProblemKind::BadRequest,
            "the query is not percent-encoded UTF-8",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
                (high << 4 | low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_strict() {
        let found = parameters(Some("name=a%20b&to=2026-01-01"), &["name", "to"]).unwrap();
        assert_eq!(found["name"], "a b");
        let kind = |query| parameters(Some(query), &["name"]).unwrap_err().kind();
        assert_eq!(kind("nam=1"), ProblemKind::UnknownParameter);
        assert_eq!(kind("name=1&name=2"), ProblemKind::BadRequest);
        assert_eq!(kind("name=%zz"), ProblemKind::BadRequest);
        assert_eq!(kind("name=%ff"), ProblemKind::BadRequest);
    }
}
