//! What an uploader says of a log, in headers or in a ticket's request.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{Consent, LogId, Timestamp};
use logbook_pipeline::{SAID, metadata_fits};

/// Longest value, in bytes.
const MAX_VALUE_BYTES: usize = 256;

/// What was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) log: Option<LogId>,
    pub(crate) consent: Option<Consent>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Given {
    /// Takes one more statement of consent, where it is the stricter.
    pub(crate) fn narrow(&mut self, stated: Option<Consent>) {
        if let Some(stated) = stated {
            self.consent = Some(self.consent.map_or(stated, |given| given.min(stated)));
        }
    }
}

/// Reads the `X-Logbook-…` headers; an unknown one is an error.
pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Given, Problem> {
    let mut given = Given::default();
    for (header, value) in headers {
        let Some(name) = header.as_str().strip_prefix("x-logbook-") else {
            continue;
        };
        if name == "key" {
            continue;
        }
        if headers.get_all(header).iter().nth(1).is_some() {
            return Err(twice(&name.replace('-', "_")));
        }
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            Problem::new(
                ProblemKind::BadRequest,
                format!("X-Logbook-{name} is not UTF-8"),
            )
        })?;
        set(&mut given, &name.replace('-', "_"), value)?;
    }
    Ok(given)
}

/// Of two that differ neither is guessed at.
pub(crate) fn twice(name: &str) -> Problem {
    let detail = format!("{name} is given twice");
    Problem::new(ProblemKind::BadRequest, detail).with("parameter", name)
}

/// Whether this can be said of a log.
pub(crate) fn is_known(name: &str) -> bool {
    matches!(name, "log_id" | "consent") || SAID.contains(&name)
}

/// Takes one thing that was given.
pub(crate) fn set(given: &mut Given, name: &str, value: &str) -> Result<(), Problem> {
    let bad =
        |detail: String| Problem::new(ProblemKind::BadRequest, detail).with("parameter", name);
    match name {
        "log_id" => given.log = Some(LogId::new(value).map_err(|error| bad(error.to_string()))?),
        // Said in the header and again in a ticket's request: the stricter holds.
        "consent" => given.narrow(Some(
            value.parse().map_err(|error| bad(format!("{error}")))?,
        )),
        _ if !SAID.contains(&name) => {
            let detail = format!(
                "{name:?} is nothing an uploader says; known are log_id, consent, {}",
                SAID.join(", ")
            );
            return Err(Problem::new(ProblemKind::UnknownParameter, detail).with("parameter", name));
        }
        _ if value.len() > MAX_VALUE_BYTES => {
            return Err(bad(format!("{name} has more than {MAX_VALUE_BYTES} bytes")));
        }
        "modified_at" => {
            let micros = micros_of(value).ok_or_else(|| {
                bad("modified_at is no time such as 2026-01-31T12:00:00Z".to_owned())
            })?;
            given.metadata.insert(name.to_owned(), micros.to_string());
        }
        _ if value.is_empty() => {}
        _ => {
            given.metadata.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok(())
}

/// Refuses more than an object's metadata can bear, so that nothing of it is dropped later.
pub(crate) fn check(given: &Given) -> Result<(), Problem> {
    if metadata_fits(&given.metadata) {
        return Ok(());
    }
    let detail = "all that is said of a log must fit into 1 KB; say less, or say it in the log";
    Err(Problem::new(ProblemKind::BadRequest, detail))
}

/// Microseconds of an RFC 3339 time in UTC, or of a plain number of microseconds.
fn micros_of(text: &str) -> Option<i64> {
    if let Ok(micros) = text.parse::<i64>() {
        return Timestamp::from_micros(micros).map(|at| at.0);
    }
    logbook_formats::parse_rfc3339(text).map(|at| at.0)
}
