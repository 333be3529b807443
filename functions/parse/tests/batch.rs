//! What the parse function promises of a batch: only what failed comes again.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use logbook_backends::sql::{self, LogRow, LogState, Via};
use logbook_backends::{Database, Durability, Keys, ObjectStore, Put};
use logbook_model::{Consent, LogId, LogReject, ProductId, Timestamp};
use logbook_parse::{Context, handle};
use logbook_pipeline::{
    Archived, Attempt, Marks, NewLog, NewProduct, Registry, Vault, add_product, archive_log,
};
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "../../../tests/lambda/told.rs"]
mod told;

use told::{Told, value, watched};

const BATCH: &str = include_str!("../../../events/sqs-parse-batch.json");
/// Messages of the golden batch.
const FIRST: &str = "059f36b4-87a3-44ab-83d2-661975830a7d";
const POISON: &str = "2e1424d4-f796-459a-8184-9c92662be6da";
const THIRD: &str = "f7f4b8a1-8ee9-4b0c-9a39-8d8f8a6f7a11";
const NOON: Timestamp = Timestamp(1_793_620_800_000_000);

struct Site {
    context: Context,
    directory: TempDir,
}

impl Site {
    /// With the product `editor` and the two logs that the golden batch speaks of.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let process = Durability::Process;
        let archive = ObjectStore::open_dir(&at("archive"), process)
            .await
            .unwrap();
        let keys = Keys::open_dir(&at("keys")).await.unwrap();
        let database = Database::open_file(&at("sessions.db"), process)
            .await
            .unwrap();
        sql::migrate(&database).await.unwrap();
        let new = NewProduct {
            id: product("editor"),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&archive, new).await.unwrap();
        let site = Self {
            context: Context {
                registry: Arc::new(Registry::new(archive.clone(), Duration::ZERO)),
                marks: Some(Arc::new(Marks::new(archive.clone()))),
                vault: Arc::new(Vault::new(archive, keys)),
                database,
                patience: Duration::ZERO,
                reading: None,
                now: || NOON,
            },
            directory,
        };
        site.archive("editor", "run-1", "{\"name\":\"a\",\"session\":\"s1\"}\n")
            .await;
        site.archive("editor", "run-2", "{\"name\":\"b\",\"session\":\"s2\"}\n")
            .await;
        site
    }

    async fn archive(&self, of: &str, id: &str, body: &str) {
        let log = NewLog {
            product: product(of),
            log: log_id(id),
            body: body.into(),
            via: Via::Api,
            consent: Consent::Usage,
            received_at: NOON,
            attempt: Attempt(id.to_owned()),
            refused: None,
            bulk: false,
            readable_accounts: false,
            profile: None,
            metadata: BTreeMap::new(),
        };
        let archived = archive_log(&self.context.vault, log).await.unwrap();
        assert_eq!(archived, Archived::Created);
    }

    /// The messages that are to come again.
    async fn failures(&self, event: &str) -> Vec<String> {
        let event: SqsEvent = serde_json::from_str(event).unwrap();
        let response = handle(&self.context, event).await;
        let failures = response.batch_item_failures;
        failures
            .into_iter()
            .map(|one| one.item_identifier)
            .collect()
    }

    async fn row(&self, of: &str, id: &str) -> Option<LogRow> {
        sql::log_row(&self.context.database, &product(of), &log_id(id))
            .await
            .unwrap()
    }
}

fn product(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}

fn log_id(id: &str) -> LogId {
    LogId::new(id).unwrap()
}

/// A batch of one message a body, named `m0`, `m1`, ….
fn batch(bodies: &[&str]) -> String {
    let golden: Value = serde_json::from_str(BATCH).unwrap();
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(nth, body)| {
            let mut record = golden["Records"][0].clone();
            record["messageId"] = json!(format!("m{nth}"));
            record["body"] = json!(body);
            record
        })
        .collect();
    json!({ "Records": records }).to_string()
}

fn job(of: &str, id: &str) -> String {
    json!({"product": of, "log_id": id, "queued_at": NOON.0}).to_string()
}

#[tokio::test]
async fn of_a_batch_with_a_poison_message_only_that_comes_again() {
    let site = Site::new().await;
    assert_eq!(site.failures(BATCH).await, [POISON]);
    for id in ["run-1", "run-2"] {
        let row = site.row("editor", id).await.unwrap();
        assert_eq!((row.state, row.sessions), (LogState::Parsed, 1));
        assert_eq!(row.meta.queued_at, Some(Timestamp(1_793_620_801_456_000)));
    }
}

#[tokio::test]
async fn a_message_that_comes_again_changes_nothing() {
    let site = Site::new().await;
    site.failures(BATCH).await;
    let before = site.row("editor", "run-1").await;
    let repeated = batch(&[&job("editor", "run-1"), &job("editor", "run-1")]);
    assert!(site.failures(&repeated).await.is_empty());
    assert_eq!(site.row("editor", "run-1").await, before);
}

/// What a session costs is told by the work and by what that came to.
#[tokio::test]
async fn sessions_are_counted_with_the_work_and_not_again_with_a_message_that_comes_again() {
    let site = Site::new().await;
    site.failures(BATCH).await;
    site.archive(
        "editor",
        "both",
        "{\"name\":\"a\",\"session\":\"s1\"}\n{\"name\":\"a\",\"session\":\"s3\"}\n",
    )
    .await;
    site.failures(&batch(&[&job("editor", "run-1"), &job("editor", "both")]))
        .await;
    let days = NOON.day()..=NOON.day();
    let work = sql::work(&site.context.database, &product("editor"), days)
        .await
        .unwrap();
    let of_parse = work.into_iter().find(|(key, _)| key.stage == "parse");
    let (_, parse) = of_parse.unwrap();
    // The second batch's own time is told with the third.
    assert_eq!((parse.calls, parse.sessions), (1, 4));
}

#[tokio::test]
async fn whatever_is_no_job_is_named() {
    let site = Site::new().await;
    let long = job("editor", &"x".repeat(65));
    let bodies = [
        "",
        "{}",
        "[1]",
        "{\"product\":\"No Product\",\"log_id\":\"a\"}",
        &long,
        &job("editor", "run-1"),
    ];
    let expected = ["m0", "m1", "m2", "m3", "m4"];
    assert_eq!(site.failures(&batch(&bodies)).await, expected);
    assert!(site.failures("{\"Records\":[]}").await.is_empty());
}

#[tokio::test]
async fn rejections_are_final_and_acknowledged() {
    let site = Site::new().await;
    site.archive("stranger", "run-1", "{\"name\":\"a\"}\n")
        .await;
    site.archive("editor", "blank", "\n").await;
    let bodies = [job("stranger", "run-1"), job("editor", "blank")];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert!(site.failures(&batch(&bodies)).await.is_empty());
    let reason = async |of, id| site.row(of, id).await.unwrap().reason;
    assert_eq!(
        reason("stranger", "run-1").await,
        Some(LogReject::UnknownProduct)
    );
    assert_eq!(reason("editor", "blank").await, Some(LogReject::Empty));
}

#[tokio::test]
async fn a_log_that_is_not_in_the_archive_comes_again_until_it_is_a_dead_letter() {
    let site = Site::new().await;
    let bodies = [job("editor", "none"), job("editor", "run-1")];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_eq!(site.failures(&batch(&bodies)).await, ["m0"]);
    assert!(site.row("editor", "run-1").await.is_some());
}

#[tokio::test]
async fn a_database_that_fails_brings_every_message_back() {
    let site = Site::new().await;
    site.context.database.close().await;
    let mut failures = site.failures(BATCH).await;
    failures.sort();
    assert_eq!(failures, [FIRST, POISON, THIRD]);
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_brings_every_message_back() {
    let site = Site::new().await;
    let faulty = b"[[product]\n".to_vec();
    let archive = &site.context.vault.archive;
    let put = archive.put("config/products.toml", faulty, BTreeMap::new(), Put::Always);
    put.await.unwrap();
    assert_eq!(site.failures(BATCH).await.len(), 3);
    assert_eq!(site.row("editor", "run-1").await, None);
}

impl Site {
    /// The products that are marked for analysis, and the tags of their marks.
    async fn marked(&self) -> Vec<(String, String)> {
        let archive = &self.context.vault.archive;
        let page = archive.list("state/", None, 100).await.unwrap();
        let marks = page.objects.into_iter();
        marks.map(|object| (object.key, object.etag)).collect()
    }
}

#[tokio::test]
async fn what_is_committed_is_marked_for_analysis_once_a_product() {
    let site = Site::new().await;
    assert!(site.marked().await.is_empty());
    site.failures(BATCH).await;
    let marked = site.marked().await;
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].0, "state/analyze/editor/dirty");
    // At the same minute: it is known to be there.
    site.failures(&batch(&[&job("editor", "run-1")])).await;
    assert_eq!(site.marked().await, marked);
}

#[tokio::test]
async fn nothing_is_marked_of_which_nothing_was_committed() {
    let site = Site::new().await;
    site.context.database.close().await;
    site.failures(BATCH).await;
    assert!(site.marked().await.is_empty());
}

#[tokio::test]
async fn a_message_whose_product_cannot_be_marked_comes_again_and_marks_it_then() {
    let site = Site::new().await;
    // A file in the place of the folder that the mark would lie in.
    let state = site.directory.path().join("archive/state");
    std::fs::write(&state, b"").unwrap();
    let mut failures = site.failures(BATCH).await;
    failures.sort();
    assert_eq!(failures, [FIRST, POISON, THIRD]);
    assert!(site.row("editor", "run-1").await.is_some(), "committed");
    std::fs::remove_file(&state).unwrap();
    assert_eq!(site.failures(BATCH).await, [POISON]);
    assert_eq!(site.marked().await.len(), 1);
}

#[tokio::test]
async fn outcomes_are_counted_by_the_names_that_are_watched() {
    let told = Told::listen();
    let site = Site::new().await;
    site.archive("editor", "again", "{\"name\":\"a\",\"session\":\"s1\"}\n")
        .await;
    site.archive("editor", "blank", "\n").await;
    let bodies = ["run-1", "again", "blank", "run-2", "none"].map(|id| job("editor", id));
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    site.failures(&batch(&bodies)).await;
    let metrics = told.metrics();
    for (name, n) in [
        ("LogsParsed", 2.0),
        ("LogsDuplicate", 1.0),
        ("LogsRejected", 1.0),
        ("LogsFailed", 1.0),
    ] {
        assert_eq!(value(&metrics, name), Some(n), "{name}");
    }
    for name in watched("parse") {
        assert!(value(&metrics, &name).is_some(), "{name}");
    }
}
