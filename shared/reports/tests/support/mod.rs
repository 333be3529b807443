//! Two databases in a directory, and logs to store in them.

pub(crate) mod cases;
pub(crate) mod naive;
mod naive_accounts;
mod naive_delta;
pub(crate) mod naive_groups;
mod naive_paths;
pub(crate) mod reader;

use std::collections::BTreeMap;
use std::time::Duration;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Row, Value, statement};
use logbook_backends::sql::{self, LogMeta, ParsedLog, RejectedLog, Rejects, Via};
use logbook_model::{
    Consent, Contract, Day, Event, EventTime, Kind, Level, LogId, LogReject, Part, PartBuilder,
    ProductId, SessionId, Timestamp,
};
use logbook_reports::{
    Cell, Progress, ReportReply, ReportRequest, Settings, analyze, query, store_contracts,
};

use crate::place::Place;

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

pub(crate) async fn open(place: &Place) -> Stores {
    let sessions = place.sessions().await;
    sql::migrate(&sessions).await.unwrap();
    let analytics = place.analytics().await;
    logbook_reports::migrate(&analytics).await.unwrap();
    Stores {
        sessions,
        analytics,
    }
}

/// What is agreed with accounts: with some whose people are never seen, and not with all.
pub(crate) fn contracts() -> BTreeMap<String, Contract> {
    let of = |seats: Option<u32>, modules: &[&str]| Contract {
        name: seats.map(|seats| format!("Customer of {seats}")),
        seats,
        modules: modules.iter().map(ToString::to_string).collect(),
        owner: None,
        renews_on: seats.map(|seats| TODAY.plus(seats as i32)),
    };
    [
        ("a0", of(Some(2), &["close", "open", "sav"])),
        ("a1", of(None, &["save"])),
        ("a9", of(Some(3), &["save"])),
        ("Z", of(Some(0), &[])),
    ]
    .into_iter()
    .map(|(account, contract)| (account.to_owned(), contract))
    .collect()
}

/// Keeps [`contracts`].
pub(crate) async fn agree(stores: &Stores) {
    store_contracts(&stores.analytics, &product(), &contracts(), "1")
        .await
        .unwrap();
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
    pub(crate) account: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) runtime: Option<String>,
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
            account: None,
            os: Some("Linux 6.1".to_owned()),
            runtime: None,
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
        part.facts.account.clone_from(&self.account);
        part.facts.os.clone_from(&self.os);
        part.facts.runtime.clone_from(&self.runtime);
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

/// Whether rows are the same, numbers but for how they are rounded.
pub(crate) fn alike(rows: &[Vec<Cell>], others: &[Vec<Cell>]) -> bool {
    let same = |(a, b): (&Cell, &Cell)| match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => (a - b).abs() < 1e-7 * a.abs().max(1.0),
        _ => a == b,
    };
    let mut pairs = rows.iter().zip(others);
    rows.len() == others.len()
        && pairs.all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(same))
}

pub(crate) async fn execute(db: &Database, sql: &str) {
    db.execute_script(sql).await.unwrap();
}

/// Every row of the report tables and of what they rest on, byte by byte.
pub(crate) async fn dump(db: &Database) -> Vec<String> {
    let mut connection = db.read().await.unwrap();
    let mut dump = Vec::new();
    for table in [
        "feature_usage",
        "version_days",
        "feature_adoption",
        "feature_days",
        "feature_first",
        "feature_paths",
        "release_health",
        "top_errors",
        "error_seen",
        "platforms",
        "active_users",
        "retention",
        "account_days",
        "account_features",
        "person_day",
        "person_first",
    ] {
        let text = format!("SELECT '{table}', t.* FROM {table} AS t");
        let rows = statement(text).fetch_all(&mut connection).await.unwrap();
        let mut rows: Vec<String> = rows.iter().map(text_of).collect();
        rows.sort_unstable();
        dump.append(&mut rows);
    }
    dump
}

fn text_of(row: &Row) -> String {
    let mut cells = Cells::new(row);
    let cells = std::iter::from_fn(|| cells.value()).map(|cell| match cell.unwrap() {
        Value::Null => "null".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => text.into_owned(),
        Value::Bytes(bytes) => hex(&bytes),
    });
    cells.collect::<Vec<_>>().join("|")
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    digits.collect()
}
