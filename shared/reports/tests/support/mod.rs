//! Two databases in a directory, and logs to store in them.

pub(crate) mod cases;
pub(crate) mod naive;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use logbook_backends::sql::{self, LogMeta, ParsedLog, RejectedLog, Rejects, Via};
use logbook_backends::{Attached, Connections, Database, Durability, sqlx};
use logbook_model::{
    Consent, Day, Event, EventTime, Kind, Level, LogId, LogReject, Part, PartBuilder, ProductId,
    SessionId, Timestamp,
};
use logbook_reports::{
    Progress, ReportReply, ReportRequest, SESSIONS_SCHEMA, Settings, analyze, query,
};
use sqlx::{Column as _, Row as _, ValueRef as _};

pub(crate) const TIMEOUT_SECS: u32 = 1800;
pub(crate) const SETTINGS: Settings = Settings {
    session_timeout_secs: TIMEOUT_SECS,
    min_users: 0,
};
pub(crate) const DAY_US: i64 = 86_400_000_000;
/// The day on which everything was received and is looked at.
pub(crate) const TODAY: Day = Day::from_civil(2026, 3, 10);

pub(crate) fn product() -> ProductId {
    ProductId::new("editor").unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp(Timestamp::start_of(TODAY).0 + DAY_US / 2)
}

/// The sessions and, with them attached, the analytics schema.
pub(crate) struct Stores {
    pub(crate) sessions: Database,
    pub(crate) analytics: Database,
}

pub(crate) async fn open(directory: &Path) -> Stores {
    let path = directory.join("sessions.db");
    let sessions = Database::open_file(&path, Durability::Process)
        .await
        .unwrap();
    sql::migrate(&sessions).await.unwrap();
    let name = SESSIONS_SCHEMA.to_owned();
    let file = directory.join("analytics.db");
    let attached = vec![Attached { name, path }];
    let analytics = Database::open_file_with(&file, Durability::Process, attached);
    let analytics = analytics.await.unwrap();
    logbook_reports::migrate(&analytics).await.unwrap();
    Stores {
        sessions,
        analytics,
    }
}

/// A session of a log, as a test states it.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) session: String,
    pub(crate) at_us: i64,
    pub(crate) user: Option<String>,
    pub(crate) installation: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) ended: bool,
    /// Name, kind, whether an error, count, duration.
    pub(crate) events: Vec<(String, Kind, bool, u64, Option<u64>)>,
}

impl Run {
    /// A run of version 1.0 that uses `open` once.
    pub(crate) fn new(session: &str, day: Day, user: &str) -> Self {
        Self {
            session: session.to_owned(),
            at_us: Timestamp::start_of(day).0 + 1_000_000,
            user: Some(user.to_owned()),
            installation: None,
            version: Some("1.0".to_owned()),
            environment: None,
            ended: true,
            events: vec![("open".to_owned(), Kind::Normal, false, 1, Some(1500))],
        }
    }

    pub(crate) fn part(&self, log: &str) -> Part {
        let session = SessionId::from_text(&self.session);
        let log = LogId::new(log).unwrap();
        let mut builder = PartBuilder::new(product(), session, log, now(), 0, 100);
        for (seq, (name, kind, error, count, duration_us)) in self.events.iter().enumerate() {
            builder.push(&Event {
                seq: seq as u32,
                line: seq as u64 + 1,
                offset: 0,
                time: Some(EventTime::utc(self.at_us + seq as i64 * 1_000_000)),
                name: name.as_str().into(),
                level: Level::Info,
                error: *error,
                kind: *kind,
                count: *count,
                duration_us: *duration_us,
            });
        }
        let part = builder.part_mut();
        "logbook@1".clone_into(&mut part.profile);
        part.marks_ends = true;
        part.started = true;
        part.end = self.ended.then_some(None);
        part.facts.user.clone_from(&self.user);
        part.facts.installation.clone_from(&self.installation);
        part.facts.version.clone_from(&self.version);
        part.facts.environment.clone_from(&self.environment);
        builder.finish()
    }
}

pub(crate) fn meta(log: &str, parser_version: &str) -> LogMeta {
    LogMeta {
        product: product(),
        log: LogId::new(log).unwrap(),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: now(),
        archived_at: now(),
        queued_at: None,
        parsed_at: now(),
        sealed_bytes: 100,
        inflated_bytes: 1000,
        profile: "logbook@1".to_owned(),
        parser_version: parser_version.to_owned(),
    }
}

/// A log whose content is its name and `content`.
pub(crate) fn parsed(log: &str, parser_version: &str, parts: Vec<Part>) -> ParsedLog {
    let mut content_hash = [0; 32];
    content_hash[..log.len()].copy_from_slice(log.as_bytes());
    ParsedLog {
        meta: meta(log, parser_version),
        content_hash,
        records: 1,
        parts,
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: Rejects::default(),
        session_timeout_secs: TIMEOUT_SECS,
    }
}

/// Stores runs, each in a log of its own that bears the session's name.
pub(crate) async fn store(stores: &Stores, runs: &[Run]) {
    let log = |run: &Run| parsed(&run.session, "1", vec![run.part(&run.session)]);
    let logs: Vec<ParsedLog> = runs.iter().map(log).collect();
    for outcome in sql::store_parsed(&stores.sessions, &logs).await {
        outcome.unwrap();
    }
}

pub(crate) async fn reject(stores: &Stores, log: &str) {
    let rejected = RejectedLog {
        meta: meta(log, "1"),
        reason: LogReject::Bomb,
        detail: "too much".to_owned(),
        rejects: Rejects::default(),
        session_timeout_secs: TIMEOUT_SECS,
    };
    sql::store_rejected(&stores.sessions, &rejected)
        .await
        .unwrap();
}

pub(crate) async fn analyze_all(stores: &Stores) -> Progress {
    let budget = Duration::from_mins(10);
    analyze(&stores.analytics, &product(), &SETTINGS, budget, now())
        .await
        .unwrap()
}

/// A request without a guard, over the range of all tests.
pub(crate) fn request(name: &str, parameters: &[(&str, &str)]) -> ReportRequest {
    let parameters = parameters.iter().copied();
    let mut request = ReportRequest::parse(name, product(), parameters).unwrap();
    request.from = request.from.or(Some(TODAY.plus(-100)));
    request.to = request.to.or(Some(TODAY.plus(100)));
    request.min_users = 0;
    request
}

pub(crate) async fn ask(stores: &Stores, name: &str, parameters: &[(&str, &str)]) -> ReportReply {
    query(&stores.analytics, &request(name, parameters))
        .await
        .unwrap()
}

pub(crate) async fn execute(db: &Database, sql: &'static str) {
    let Connections::Sqlite { writer, .. } = db.connections() else {
        panic!("not SQLite");
    };
    sqlx::query(sql).execute(writer).await.unwrap();
}

/// Every row of the report tables and of what they rest on, byte by byte.
pub(crate) async fn dump(db: &Database) -> Vec<String> {
    let Connections::Sqlite { readers, .. } = db.connections() else {
        panic!("not SQLite");
    };
    let mut dump = Vec::new();
    for sql in [
        "SELECT 'usage', * FROM feature_usage ORDER BY 1, 2, 3, 4, 5, 6",
        "SELECT 'health', * FROM release_health ORDER BY 1, 2, 3, 4, 5",
        "SELECT 'active', * FROM active_users ORDER BY 1, 2, 3, 4",
        "SELECT 'day', * FROM person_day ORDER BY 1, 2, 3, 4, 5",
        "SELECT 'first', * FROM person_first ORDER BY 1, 2, 3, 4",
    ] {
        for row in sqlx::query(sql).fetch_all(readers).await.unwrap() {
            let cells = row.columns().iter().map(|column| {
                let value = row.try_get_raw(column.ordinal()).unwrap();
                let null = value.is_null();
                let bytes: &[u8] = row.try_get_unchecked(column.ordinal()).unwrap();
                if null { "null".to_owned() } else { hex(bytes) }
            });
            dump.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    dump
}

fn hex(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => format!("{bytes:02x?}"),
    }
}
