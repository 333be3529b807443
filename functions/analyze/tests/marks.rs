//! Whether analyze does what marks call for, and opens no database without one.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/lambda/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use logbook_analyze::{AnalyzeError, AnalyzeSummary, Context, handle};
use logbook_backends::{
    Attached, Credentials, Database, Durability, MySqlConfig, ObjectStore, Tls, sql,
};
use logbook_model::{
    Consent, Event, EventTime, Kind, Level, LogId, PartBuilder, ProductId, SessionId, Status,
    Timestamp,
};
use logbook_pipeline::{Marks, Meter, NewProduct, Registry, add_product};
use logbook_reports::{SESSIONS_SCHEMA, finished_as_of};
use told::{Told, value, watched};

const MINUTE: i64 = 60_000_000;
const SETTLING: Duration = Duration::from_mins(10);

struct Site {
    context: Context,
    store: ObjectStore,
    directory: tempfile::TempDir,
    /// The session that was stored last.
    session: String,
}

fn editor() -> ProductId {
    ProductId::new("editor").unwrap()
}

fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64)
}

/// The clock an hour later than that of the store.
fn later() -> Timestamp {
    Timestamp(clock().0 + 60 * MINUTE)
}

async fn files(directory: &Path) -> Database {
    let path = directory.join("sessions.db");
    let sessions = Database::open_file(&path, Durability::Process);
    sql::migrate(&sessions.await.unwrap()).await.unwrap();
    let name = SESSIONS_SCHEMA.to_owned();
    let attached = vec![Attached { name, path }];
    let path = directory.join("analytics.db");
    let analytics = Database::open_file_with(&path, Durability::Process, attached);
    let analytics = analytics.await.unwrap();
    logbook_reports::migrate(&analytics).await.unwrap();
    analytics
}

/// A database that is not there, at a port.
fn away(port: u16) -> Database {
    let mut config = MySqlConfig::new("127.0.0.1", "none", Credentials::Password(None), "a");
    config.port = port;
    config.tls = Tls::PlainLoopback;
    config.sessions_schema = Some("s".to_owned());
    config.acquire_timeout = Duration::from_millis(200);
    Database::open_mysql(&config).unwrap()
}

impl Site {
    async fn new(now: fn() -> Timestamp) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("store");
        let store = ObjectStore::open_dir(&folder, Durability::Process);
        let store = store.await.unwrap();
        let new = NewProduct {
            id: editor(),
            profile: "auto".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        assert!(add_product(&store, new).await.unwrap());
        let context = Context {
            analytics: files(directory.path()).await,
            registry: Arc::new(Registry::new(store.clone(), Duration::ZERO)),
            marks: Some(Arc::new(Marks::new(store.clone()))),
            notices: None,
            queue: None,
            meter: Arc::new(Meter::new(1024)),
            patience: Duration::ZERO,
            budget: Duration::from_mins(1),
            settling: SETTLING,
            now,
        };
        Self {
            context,
            store,
            directory,
            session: String::new(),
        }
    }

    async fn run(&self) -> AnalyzeSummary {
        handle(&self.context, event()).await.unwrap()
    }

    /// As parse does after it has committed.
    async fn mark(&self) {
        let marks = Marks::new(self.store.clone());
        marks.put_dirty(&editor(), clock()).await.unwrap();
    }

    async fn marks(&self) -> Vec<String> {
        let page = self.store.list("state/", None, 100).await.unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }

    /// A session that began at an instant and did not end.
    async fn open_session(&mut self, at: Timestamp) {
        let path = self.directory.path().join("sessions.db");
        let sessions = Database::open_file(&path, Durability::Process)
            .await
            .unwrap();
        let log = LogId::new(format!("log-{}", at.0)).unwrap();
        self.session = log.to_string();
        let stored = sql::store_parsed(&sessions, &[open_log(log, at)]).await;
        for stored in stored {
            stored.unwrap();
        }
        self.mark().await;
    }
}

fn open_log(log: LogId, at: Timestamp) -> sql::ParsedLog {
    let session = SessionId::from_text(log.as_str());
    let mut builder = PartBuilder::new(editor(), session, log.clone(), at, 0, 100);
    builder.push(&Event {
        seq: 0,
        line: 1,
        offset: 0,
        time: Some(EventTime::utc(at.0)),
        name: "open".into(),
        level: Level::Info,
        error: false,
        kind: Kind::Normal,
        count: 1,
        duration_us: None,
    });
    let part = builder.part_mut();
    (part.marks_ends, part.started) = (true, true);
    let mut content_hash = [0; 32];
    content_hash[..8].copy_from_slice(&at.0.to_le_bytes());
    sql::ParsedLog {
        meta: sql::LogMeta {
            product: editor(),
            log,
            via: sql::Via::Api,
            consent: Consent::Usage,
            received_at: at,
            archived_at: at,
            queued_at: None,
            parsed_at: at,
            sealed_bytes: 1,
            inflated_bytes: 1,
            profile: "auto".to_owned(),
            parser_version: "1".to_owned(),
        },
        content_hash,
        parts: vec![builder.finish()],
        records: 1,
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: sql::Rejects::default(),
        session_timeout_secs: 1800,
    }
}

#[tokio::test]
async fn without_a_mark_the_database_is_not_opened_and_the_pipeline_is_alive_and_fresh() {
    let mut site = Site::new(clock).await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    site.context.analytics = away(server.local_addr().unwrap().port());
    let told = Told::listen();
    let summary = site.run().await;
    assert!(summary.products.is_empty() && !summary.is_unfinished());
    assert!(server.accept().is_err(), "the database was opened");
    let metrics = told.metrics();
    assert_eq!(value(&metrics, "Heartbeat"), Some(1.0));
    let age = value(&metrics, "CompleteUntilAgeSeconds").unwrap();
    assert!((600.0..610.0).contains(&age), "{age}");
    for name in watched("analyze") {
        assert!(value(&metrics, &name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_mark_calls_until_no_commit_can_have_been_missed() {
    let mut site = Site::new(clock).await;
    site.mark().await;
    assert_eq!(site.run().await.products.len(), 1);
    assert!(
        finished_as_of(&site.context.analytics, &editor())
            .await
            .unwrap()
            .is_some()
    );
    // It is too young: something may have been committed since under the same mark.
    assert_eq!(site.marks().await, ["state/analyze/editor/dirty"]);
    site.context.now = later;
    assert_eq!(site.run().await.products.len(), 1);
    assert!(site.marks().await.is_empty());
    assert!(site.run().await.products.is_empty());
}

#[tokio::test]
async fn a_database_that_is_away_leaves_the_mark_and_shows_since_when() {
    let mut site = Site::new(later).await;
    let files = site.context.analytics.clone();
    site.context.analytics = away(1);
    site.mark().await;
    let told = Told::listen();
    let error = handle(&site.context, event()).await.unwrap_err();
    assert!(matches!(error, AnalyzeError::Database(_)), "{error}");
    assert_eq!(site.marks().await, ["state/analyze/editor/dirty"]);
    let metrics = told.metrics();
    assert_eq!(value(&metrics, "Heartbeat"), Some(1.0));
    let age = value(&metrics, "CompleteUntilAgeSeconds").unwrap();
    assert!((3600.0..3610.0).contains(&age), "{age}");
    site.context.analytics = files;
    assert_eq!(site.run().await.products.len(), 1);
    let age = value(&told.metrics(), "CompleteUntilAgeSeconds").unwrap();
    assert!((600.0..610.0).contains(&age), "{age}");
}

#[tokio::test]
async fn a_product_that_is_not_finished_shows_what_it_is_complete_to() {
    let mut site = Site::new(later).await;
    site.mark().await;
    site.run().await;
    site.mark().await;
    site.context.budget = Duration::ZERO;
    site.context.now = || Timestamp(later().0 + 30 * MINUTE);
    let told = Told::listen();
    assert_eq!(site.run().await.waiting, [editor()]);
    let age = value(&told.metrics(), "CompleteUntilAgeSeconds").unwrap();
    assert!((2400.0..2410.0).contains(&age), "{age}");
    assert_eq!(site.marks().await, ["state/analyze/editor/dirty"]);
}

#[tokio::test]
async fn silence_is_judged_though_nothing_comes_any_more() {
    let mut site = Site::new(later).await;
    // At minute 50 of the clock's hour: of the last ten minutes nothing is vouched for.
    site.open_session(Timestamp(later().0 - 15 * MINUTE)).await;
    site.run().await;
    let marks = site.marks().await;
    assert_eq!(marks.len(), 1, "{marks:?}");
    assert!(
        marks[0].starts_with("state/analyze/editor/due/"),
        "{marks:?}"
    );
    let status = async || {
        let path = site.directory.path().join("sessions.db");
        let sessions = Database::open_file(&path, Durability::Process)
            .await
            .unwrap();
        let id = SessionId::from_text(&site.session);
        let session = sql::session(&sessions, &editor(), &id)
            .await
            .unwrap()
            .unwrap();
        session.session.status
    };
    assert!(site.run().await.products.is_empty(), "it is not due");
    assert_ne!(status().await, Status::Abnormal);
    let mut due = site.context.clone();
    due.now = || Timestamp(later().0 + 41 * MINUTE);
    let summary = handle(&due, event()).await.unwrap();
    assert_eq!(summary.products[&editor()].days_done, 1);
    assert_eq!(status().await, Status::Abnormal);
    site.context = due;
    assert!(site.marks().await.is_empty());
}

#[tokio::test]
async fn marks_of_a_product_that_is_not_registered_go() {
    let site = Site::new(later).await;
    let stranger = ProductId::new("stranger").unwrap();
    let marks = Marks::new(site.store.clone());
    marks.put_dirty(&stranger, clock()).await.unwrap();
    assert!(site.run().await.products.is_empty());
    assert!(site.marks().await.is_empty());
}

fn event() -> EventBridgeEvent {
    let golden = include_str!("../../../events/schedule-analyze.json");
    let mut event: EventBridgeEvent = serde_json::from_str(golden).unwrap();
    event.time = None;
    event
}
