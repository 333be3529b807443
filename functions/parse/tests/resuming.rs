//! A database that is away for a while: what was asked of it waits, and no message goes back.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../shared/backends/tests/mariadb/mod.rs"]
#[allow(dead_code, reason = "each test program uses its share")]
mod mariadb;
#[path = "../../../tests/databases/place.rs"]
#[allow(dead_code, reason = "each test program uses its share")]
mod place;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::SqsEvent;
use logbook_backends::sql::{self, LogState, Via};
use logbook_backends::{Database, Durability, Keys, ObjectStore};
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_parse::{Context, handle};
use logbook_pipeline::{
    Attempt, Job, Marks, NewLog, NewProduct, Registry, Vault, add_product, archive_log,
};
use mariadb::Mariadb;
use serde_json::json;

const NOON: Timestamp = Timestamp(1_793_620_800_000_000);
const LOGS: usize = 10;

struct Site {
    context: Context,
    event: SqsEvent,
    _directory: tempfile::TempDir,
}

fn editor() -> ProductId {
    ProductId::new("editor").unwrap()
}

fn log_id(nth: usize) -> LogId {
    LogId::new(format!("run-{nth}")).unwrap()
}

async fn schema(server: &Mariadb) -> Database {
    let mut config = place::server::config(&server.url());
    config.acquire_timeout = Duration::from_secs(2);
    let admin = Database::open_mysql(&config).unwrap();
    admin
        .execute_script("CREATE DATABASE resuming")
        .await
        .unwrap();
    admin.close().await;
    "resuming".clone_into(&mut config.schema);
    let database = Database::open_mysql(&config).unwrap();
    sql::migrate(&database).await.unwrap();
    database
}

impl Site {
    async fn new(server: &Mariadb, patience: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive");
        let archive = ObjectStore::open_dir(&path, Durability::Process)
            .await
            .unwrap();
        let keys = Keys::open_dir(&directory.path().join("keys"))
            .await
            .unwrap();
        let new = NewProduct {
            id: editor(),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&archive, new).await.unwrap();
        let vault = Arc::new(Vault::new(archive.clone(), keys));
        let mut records = Vec::new();
        for nth in 0..LOGS {
            archive_log(&vault, new_log(nth)).await.unwrap();
            let body = Job::new(editor(), log_id(nth), NOON).to_body();
            records.push(json!({"messageId": format!("m{nth}"), "body": body}));
        }
        Self {
            event: serde_json::from_value(json!({ "Records": records })).unwrap(),
            context: Context {
                registry: Arc::new(Registry::new(archive.clone(), Duration::ZERO)),
                marks: Some(Arc::new(Marks::new(archive))),
                vault,
                database: schema(server).await,
                patience,
                reading: None,
                now: || NOON,
            },
            _directory: directory,
        }
    }

    async fn parsed(&self) -> usize {
        let mut parsed = 0;
        for nth in 0..LOGS {
            let (product, log) = (editor(), log_id(nth));
            let row = sql::log_row(&self.context.database, &product, &log)
                .await
                .unwrap();
            parsed += usize::from(row.is_some_and(|row| row.state == LogState::Parsed));
        }
        parsed
    }
}

fn new_log(nth: usize) -> NewLog {
    let line = |n| format!("{{\"name\":\"a\",\"session\":\"s{nth}\",\"n\":{n}}}\n");
    NewLog {
        product: editor(),
        log: log_id(nth),
        body: (0..100).map(line).collect::<String>().into_bytes(),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: NOON,
        attempt: Attempt(format!("run-{nth}")),
        refused: None,
        bulk: false,
        readable_accounts: false,
        profile: None,
        metadata: BTreeMap::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_meets_a_database_that_is_away_waits_until_it_is_back() {
    let Some(mut server) = Mariadb::start(&[]) else {
        return;
    };
    let site = Site::new(&server, Duration::from_mins(1)).await;
    server.kill();
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(6));
        server.restart();
        server
    });
    let response = handle(&site.context, site.event.clone()).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    let _server = back.join().unwrap();
    assert_eq!(site.parsed().await, LOGS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_amid_batches_brings_no_message_back() {
    let Some(mut server) = Mariadb::start(&[]) else {
        return;
    };
    let site = Site::new(&server, Duration::from_mins(1)).await;
    let killer = std::thread::spawn(move || {
        for pause_ms in [20, 35, 50, 80] {
            std::thread::sleep(Duration::from_millis(pause_ms));
            server.kill();
            server.restart();
        }
        server
    });
    for _ in 0..20 {
        let response = handle(&site.context, site.event.clone()).await;
        assert!(response.batch_item_failures.is_empty(), "{response:?}");
    }
    let _server = killer.join().unwrap();
    assert_eq!(site.parsed().await, LOGS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_away_gives_all_back_within_the_patience() {
    let Some(mut server) = Mariadb::start(&[]) else {
        return;
    };
    let site = Site::new(&server, Duration::from_secs(4)).await;
    server.kill();
    let started = Instant::now();
    let response = handle(&site.context, site.event.clone()).await;
    assert_eq!(response.batch_item_failures.len(), LOGS);
    // One look, and one store of the whole batch, may have begun when the time was over.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let marks = site.context.marks.as_ref().unwrap().read().await.unwrap();
    assert!(marks.is_empty(), "nothing was committed");
    server.restart();
    let response = handle(&site.context, site.event.clone()).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    assert_eq!(site.parsed().await, LOGS);
}
