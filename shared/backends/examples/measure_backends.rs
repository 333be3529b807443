//! Measures the embedded backends on this machine: `cargo run --release --example measure_backends`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops at the first error, and prints"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use logbook_backends::sql::{self, LogMeta, ParsedLog, Rejects, StoreOutcome, Via};
use logbook_backends::{
    Attributes, Database, Durability, Metadata, ObjectStore, Put, Queue, QueuePolicy, Receive,
};
use logbook_model::{
    Consent, Event, EventTime, Kind, Level, LogId, PartBuilder, ProductId, SessionId, Timestamp,
};

const OBJECTS: usize = 5000;
const MESSAGES: usize = 5000;
const LOGS: usize = 10_000;

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir_in(".").unwrap();
    for durability in [Durability::Fsync, Durability::Process] {
        for writers in [1, 16] {
            let path = directory.path().join(format!("{durability:?}-{writers}"));
            objects(&path, durability, writers).await;
        }
    }
    for durability in [Durability::Fsync, Durability::Process] {
        let path = directory.path().join(format!("{durability:?}.queue"));
        messages(&path, durability).await;
    }
    for batch in [1, 10, 100] {
        let path = directory.path().join(format!("{batch}.db"));
        let db = Database::open_file(&path, Durability::Process);
        logs(&db.await.unwrap(), batch, 1).await;
    }
    #[cfg(feature = "mysql")]
    server::measure().await;
}

/// Stores on the server that `LOGBOOK_TEST_MYSQL_URL` names (`mysql://USER@127.0.0.1:PORT`).
#[cfg(feature = "mysql")]
mod server {
    use logbook_backends::{Credentials, Database, MySqlConfig, Tls};

    #[allow(clippy::disallowed_methods, reason = "a program starts here")]
    pub(crate) async fn measure() {
        let Ok(url) = std::env::var("LOGBOOK_TEST_MYSQL_URL") else {
            return;
        };
        let (user, place) = url
            .strip_prefix("mysql://")
            .and_then(|rest| rest.split_once('@'))
            .unwrap();
        let (host, port) = place.split_once(':').unwrap();
        let password = Credentials::Password(None);
        let mut config = MySqlConfig::new(host, user, password, "information_schema");
        (config.port, config.tls) = (port.parse().unwrap(), Tls::PlainLoopback);
        config.max_connections = 8;
        let admin = Database::open_mysql(&config).unwrap();
        for (batch, tasks) in [(1, 1), (10, 1), (100, 1), (1000, 1), (10, 8), (100, 8)] {
            let schema = format!("measure_{batch}_{tasks}");
            let script = format!("CREATE DATABASE {schema}");
            admin.execute_script(&script).await.unwrap();
            config.schema = schema;
            println!("server, {tasks} at once:");
            super::logs(&Database::open_mysql(&config).unwrap(), batch, tasks).await;
        }
    }
}

fn report(what: &str, count: usize, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    println!("{what}: {:.0}/s", count as f64 / seconds);
}

async fn objects(path: &Path, durability: Durability, writers: usize) {
    let store = ObjectStore::open_dir(path, durability).await.unwrap();
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in (writer..OBJECTS).step_by(writers) {
                    let key = format!("archive/editor/{:02x}/log-{n}", n % 256);
                    let body = vec![7; 3000];
                    store
                        .put(&key, body, Metadata::new(), Put::IfAbsent)
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    report(
        &format!("puts, {durability:?}, {writers} at once"),
        OBJECTS,
        started,
    );
    let started = Instant::now();
    let (mut after, mut listed) = (None::<String>, 0);
    loop {
        let page = store.list("", after.as_deref(), 1000).await.unwrap();
        listed += page.objects.len();
        after = page.objects.last().map(|object| object.key.clone());
        if !page.more {
            break;
        }
    }
    report("  listed", listed, started);
}

async fn messages(path: &Path, durability: Durability) {
    let policy = QueuePolicy {
        durability,
        ..QueuePolicy::default()
    };
    let queue = Queue::open_file(path, policy).await.unwrap();
    let started = Instant::now();
    for n in 0..MESSAGES {
        queue
            .send(&n.to_string(), &Attributes::new())
            .await
            .unwrap();
    }
    report(&format!("sends, {durability:?}"), MESSAGES, started);
    let started = Instant::now();
    let how = Receive {
        max: 10,
        wait: Duration::ZERO,
        visibility: Duration::from_mins(1),
    };
    loop {
        let messages = queue.receive(how).await.unwrap();
        if messages.is_empty() {
            break;
        }
        let receipts: Vec<&str> = messages.iter().map(|m| &*m.receipt_handle).collect();
        queue.delete_batch(&receipts).await.unwrap();
    }
    report("  received and deleted, by ten", MESSAGES, started);
}

fn log(n: usize) -> ParsedLog {
    let product = ProductId::new("editor").unwrap();
    let log = LogId::new(format!("log-{n}")).unwrap();
    let at = Timestamp(1_700_000_000_000_000 + n as i64 * 10_000_000);
    let session = SessionId::from_text(&format!("session-{}", n / 2));
    let mut builder = PartBuilder::new(product.clone(), session, log.clone(), at, 0, 100);
    for seq in 0..20u32 {
        builder.push(&Event {
            seq,
            line: u64::from(seq) + 1,
            offset: 0,
            time: Some(EventTime::utc(at.0 + i64::from(seq) * 1_000_000)),
            name: format!("feature-{}", seq % 8).into(),
            level: Level::Info,
            error: false,
            kind: Kind::Normal,
            count: 1,
            duration_us: Some(u64::from(seq) * 1000),
        });
    }
    let mut content_hash = [0; 32];
    content_hash[..8].copy_from_slice(&n.to_le_bytes());
    ParsedLog {
        meta: LogMeta {
            product,
            log,
            via: Via::Api,
            consent: Consent::Usage,
            received_at: at,
            archived_at: at,
            queued_at: Some(at),
            parsed_at: at,
            sealed_bytes: 1000,
            inflated_bytes: 3000,
            profile: "logbook@1".to_owned(),
            parser_version: "0.1.0".to_owned(),
        },
        content_hash,
        parts: vec![builder.finish()],
        records: 20,
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: Rejects::default(),
        session_timeout_secs: 1800,
    }
}

async fn logs(db: &Database, batch: usize, tasks: usize) {
    sql::migrate(db).await.unwrap();
    let logs: Vec<ParsedLog> = (0..LOGS).map(log).collect();
    for what in ["stored", "stored again"] {
        let started = Instant::now();
        let stores = logs.chunks(LOGS / tasks).map(|mine| {
            let (db, mine) = (db.clone(), mine.to_vec());
            tokio::spawn(async move {
                for batch in mine.chunks(batch) {
                    for outcome in sql::store_parsed(&db, batch).await {
                        assert!(matches!(
                            outcome.unwrap(),
                            StoreOutcome::Stored | StoreOutcome::AlreadyStored
                        ));
                    }
                }
            })
        });
        for store in stores.collect::<Vec<_>>() {
            store.await.unwrap();
        }
        report(
            &format!("logs of 20 events {what}, batches of {batch}"),
            LOGS,
            started,
        );
    }
}
