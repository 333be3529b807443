//! However a log names a session, it has one part of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use logbook_formats::{Limits, LogContext, builtin, read_log};
use logbook_model::{LogId, ProductId, SessionId, Timestamp};

/// Session ids and events of the parts of a log of the built-in profile `logbook`.
fn parts(log: &str, given: Option<&str>) -> Vec<(String, u64)> {
    let product = ProductId::new("editor").unwrap();
    let mut context = LogContext::new(product, LogId::new("log-a").unwrap(), Timestamp(0));
    if let Some(session) = given {
        let session = session.to_owned();
        context.metadata.insert("session".to_owned(), session);
    }
    let profile = builtin("logbook").unwrap();
    let read = read_log(log.as_bytes(), profile, &context, &Limits::default(), None).unwrap();
    let parts = read.parts.into_iter();
    parts
        .map(|part| (part.session.into(), part.events))
        .collect()
}

#[test]
fn the_uploaders_session_and_the_same_one_in_the_log_are_one() {
    let named = "{\"name\":\"a\",\"session\":\"s1\"}\n";
    let unnamed = "{\"name\":\"b\"}\n";
    for log in [[named, unnamed].concat(), [unnamed, named].concat()] {
        assert_eq!(parts(&log, Some("s1")), [("s1".to_owned(), 2)]);
    }
    assert_eq!(parts(&[named, unnamed].concat(), Some("s2")).len(), 2);
}

#[test]
fn a_long_id_and_its_hash_are_one_session() {
    let long = "x".repeat(200);
    let hash = SessionId::from_text(&long);
    let line = |id: &str| format!("{{\"name\":\"a\",\"session\":\"{id}\"}}\n");
    let log = line(&long) + &line(hash.as_str());
    assert_eq!(parts(&log, None), [(hash.as_str().to_owned(), 2)]);
}
