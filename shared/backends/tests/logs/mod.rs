//! Small logs to store.

use std::collections::BTreeMap;

use logbook_backends::sql::{
    self, LogMeta, ParsedLog, RejectSample, RejectedLog, Rejects, SessionFilter, SessionRow,
    StoreOutcome, Via,
};
use logbook_backends::{Database, Result};
use logbook_model::{
    Consent, Day, Event, EventReject, EventTime, Kind, Level, LogId, LogReject, Part, PartBuilder,
    ProductId, SessionId, Timestamp,
};

use crate::place::Place;

pub(crate) const TIMEOUT_SECS: u32 = 1800;
pub(crate) const DAY_US: i64 = 86_400_000_000;

pub(crate) fn product() -> ProductId {
    ProductId::new("editor").unwrap()
}

pub(crate) fn log_id(id: &str) -> LogId {
    LogId::new(id).unwrap()
}

pub(crate) async fn open(place: &Place) -> Database {
    let db = place.sessions().await;
    sql::migrate(&db).await.unwrap();
    db
}

/// Archived on day 100 at the second that the id's digits give.
pub(crate) fn meta(id: &str) -> LogMeta {
    let second: i64 = id
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap_or(0);
    let at = Timestamp(100 * DAY_US + second * 1_000_000);
    LogMeta {
        product: product(),
        log: log_id(id),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: at,
        archived_at: at,
        queued_at: Some(at),
        parsed_at: Timestamp(at.0 + 1_000_000),
        sealed_bytes: 100,
        inflated_bytes: 1000,
        profile: "logbook@1".to_owned(),
        parser_version: "0.1.0".to_owned(),
    }
}

/// A part with an event a time, given in microseconds.
pub(crate) fn part(log: &str, session: &str, times: &[i64]) -> Part {
    let received_at = meta(log).received_at;
    let session = SessionId::from_text(session);
    let mut builder = PartBuilder::new(product(), session, log_id(log), received_at, 0, 100);
    for (seq, &at) in times.iter().enumerate() {
        builder.push(&Event {
            seq: seq as u32,
            line: seq as u64 + 1,
            offset: 0,
            time: Some(EventTime::utc(at)),
            name: ["open", "save", "close"][seq % 3].into(),
            level: Level::Info,
            error: false,
            kind: Kind::Normal,
            count: 1,
            duration_us: (seq % 2 == 0).then_some(1500),
        });
    }
    let part = builder.part_mut();
    part.profile = meta(log).profile;
    part.facts.version = Some("1.2.0".to_owned());
    part.facts.user = Some("u-1".to_owned());
    builder.finish()
}

/// A log of some parts whose content nothing else has.
pub(crate) fn parsed(id: &str, parts: Vec<Part>) -> ParsedLog {
    let mut content_hash = [0; 32];
    content_hash[..id.len()].copy_from_slice(id.as_bytes());
    ParsedLog {
        meta: meta(id),
        content_hash,
        records: parts.iter().map(|part| part.events).sum(),
        parts,
        repaired_utf8: 0,
        flagged: BTreeMap::from([("time_in_1970".to_owned(), 2)]),
        rejects: Rejects::default(),
        session_timeout_secs: TIMEOUT_SECS,
    }
}

pub(crate) fn rejected(id: &str, reason: LogReject) -> RejectedLog {
    RejectedLog {
        meta: meta(id),
        reason,
        detail: "it is not what it says".to_owned(),
        rejects: Rejects::default(),
        session_timeout_secs: TIMEOUT_SECS,
    }
}

/// `n` refused records of one reason, each with a sample.
pub(crate) fn refused(reason: EventReject, n: u64) -> Rejects {
    let sample = |line| RejectSample {
        reason,
        line: Some(line),
        byte_offset: Some(line * 10),
        detail: "no JSON".to_owned(),
    };
    Rejects {
        samples: (1..=n).map(sample).collect(),
        counts: BTreeMap::from([(reason, n)]),
    }
}

pub(crate) async fn store(db: &Database, logs: &[ParsedLog]) -> Vec<StoreOutcome> {
    let outcomes: Result<Vec<_>> = sql::store_parsed(db, logs).await.into_iter().collect();
    outcomes.unwrap()
}

pub(crate) fn all_sessions() -> SessionFilter {
    SessionFilter {
        product: product(),
        days: Day(-1_000_000)..=Day(1_000_000),
        version: None,
        status: None,
        user: None,
        name: None,
    }
}

pub(crate) async fn rows(db: &Database) -> Vec<SessionRow> {
    sql::sessions(db, &all_sessions(), None, 1000)
        .await
        .unwrap()
}

/// The days that are out of date, after which none is.
pub(crate) async fn take_dirty(db: &Database) -> Vec<i32> {
    let days = sql::dirty_days(db, None, 1000).await.unwrap();
    sql::clear_dirty(db, &days).await.unwrap();
    days.into_iter().map(|day| day.day.0).collect()
}
