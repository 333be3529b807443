//! Reads uploads as a pipeline would: inflate, parse, fold.
#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;

use logbook_demo::{Demo, DemoConfig, Expect, Upload};
use logbook_formats::{Limits, LogContext, ParsedLog, ReadError, builtin, read_log};
use logbook_model::{
    Day, LogId, LogReject, ProductId, Session, SessionId, SessionParts, Timestamp,
};
use logbook_seal::{Inflate, InflateError};

/// The last day of every demo in the tests: a Tuesday.
pub(crate) const END: Day = Day::from_civil(2026, 6, 30);

pub(crate) fn demo(seed: u64, sessions: u32) -> Demo {
    Demo::new(DemoConfig {
        seed,
        sessions,
        end: END,
    })
}

/// What reading an upload's body gives, whatever is expected of it.
pub(crate) fn read(upload: &Upload) -> Result<ParsedLog, LogReject> {
    let context = LogContext {
        metadata: upload.metadata.clone(),
        ..LogContext::new(
            ProductId::new("quire").unwrap(),
            LogId::new(upload.log_id.clone()).unwrap(),
            upload.received_at,
        )
    };
    let profile = builtin("logbook").unwrap();
    let source = Inflate::new(&upload.body[..], 1 << 30);
    match read_log(source, profile, &context, &Limits::default(), None) {
        Ok(log) => Ok(log),
        Err(ReadError::Rejected { reason, .. }) => Err(reason),
        Err(ReadError::Source(error)) => {
            let inflate = InflateError::of(&error).unwrap();
            Err(LogReject::from_name(inflate.code()).unwrap())
        }
    }
}

/// Every session of the uploads that are to be parsed, folded as of `as_of`.
pub(crate) fn sessions(demo: &Demo, as_of: Timestamp) -> Vec<Session> {
    let mut parts: BTreeMap<SessionId, SessionParts> = BTreeMap::new();
    for upload in demo.uploads() {
        if matches!(upload.expect, Expect::Parsed { .. }) {
            for part in read(&upload).unwrap().parts {
                parts.entry(part.session.clone()).or_default().insert(part);
            }
        }
    }
    let timeout = demo.product().session_timeout_secs;
    parts
        .values()
        .map(|parts| parts.fold(timeout, Some(as_of)).unwrap())
        .collect()
}

/// The day that a session belongs to.
pub(crate) fn day(session: &Session) -> Day {
    session.effective_start.day()
}

/// Whether it is one of the customers' own.
pub(crate) fn in_production(session: &Session) -> bool {
    session.facts.environment.as_deref() == Some("production")
}
