//! What intake promises of the events that S3 sends.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use logbook_backends::{Put, PutOutcome};
use logbook_intake::{IntakeError, MAX_OBJECT_BYTES, TakenIn, take_in};
use logbook_model::{Consent, LogId};
use logbook_pipeline::{Archived, Job, Refusal, archive_key, open_log};
use serde_json::{Value, json};
use support::{LOG, NOON, Site, product};

const INBOX_PUT: &str = include_str!("../../../events/s3-inbox-put.json");
const ARCHIVE_PUT: &str = include_str!("../../../events/s3-archive-put.json");
const TEST_EVENT: &str = include_str!("../../../events/s3-test-event.json");
const PARSE_BATCH: &str = include_str!("../../../events/sqs-parse-batch.json");
/// The key in the golden event, decoded.
const KEY: &str = "inbox/editor/files/größer als+zuvor.log";

/// An event of some inbox keys, as they stand in it.
fn event_of(keys: &[&str]) -> String {
    let event: Value = serde_json::from_str(INBOX_PUT).unwrap();
    let records: Vec<Value> = keys
        .iter()
        .map(|key| {
            let mut record = event["Records"][0].clone();
            record["s3"]["object"]["key"] = json!(key);
            record
        })
        .collect();
    json!({ "Records": records }).to_string()
}

#[tokio::test]
async fn an_object_of_the_inbox_moves_into_the_archive_whatever_its_name() {
    let site = Site::new().await;
    site.drop_in(KEY, &[]).await;
    site.tell(INBOX_PUT).await.unwrap();
    assert!(site.waiting().await.is_empty());
    let archived = site.archived().await;
    let [key] = archived.as_slice() else {
        unreachable!("{archived:?} is not one log");
    };
    let (product, log) = logbook_pipeline::log_of_archive_key(key).unwrap();
    let opened = open_log(&site.context.vault, &product, &log).await.unwrap();
    assert_eq!(
        opened.attributes.metadata["file_name"],
        "größer als+zuvor.log"
    );
    let mut plain = String::new();
    opened
        .log
        .reader(1 << 20)
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, LOG);
}

#[tokio::test]
async fn a_folder_that_a_console_made_is_no_log() {
    let site = Site::new().await;
    let mut event: Value = serde_json::from_str(&event_of(&["inbox/editor/"])).unwrap();
    event["Records"][0]["s3"]["object"]["size"] = json!(0);
    site.tell(&event.to_string()).await.unwrap();
    assert!(site.archived().await.is_empty());
}

#[tokio::test]
async fn an_object_that_is_told_of_twice_is_one_log() {
    let site = Site::new().await;
    site.drop_in(KEY, &[]).await;
    site.tell(INBOX_PUT).await.unwrap();
    // After the first is done: the object is gone.
    site.tell(INBOX_PUT).await.unwrap();
    assert_eq!(site.archived().await.len(), 1);
    // After the first died before it removed the object: the same object is there once more.
    site.drop_in(KEY, &[]).await;
    let again = take_in(&site.context, KEY).await.unwrap();
    assert!(
        matches!(again, TakenIn::Archived(_, _, Archived::Already)),
        "{again:?}"
    );
    assert_eq!(site.archived().await.len(), 1);
    assert!(site.waiting().await.is_empty());
    let edge = site.keys(&site.context.vault.archive, "edge/").await;
    assert!(edge.is_empty(), "a redelivery is no delivery");
}

#[tokio::test]
async fn a_ticket_names_its_log() {
    let site = Site::new().await;
    let key = "inbox/editor/tickets/run-1";
    site.drop_in(
        key,
        &[("logbook-user", "ann"), ("logbook-consent", "error")],
    )
    .await;
    site.tell(&event_of(&[key])).await.unwrap();
    let log = LogId::new("run-1").unwrap();
    assert_eq!(
        site.archived().await,
        [archive_key(&product("editor"), &log)]
    );
    let opened = open_log(&site.context.vault, &product("editor"), &log).await;
    let attributes = opened.unwrap().attributes;
    assert_eq!(attributes.via.name(), "ticket");
    assert_eq!(attributes.consent, Consent::Error);
    assert!(attributes.metadata["user"].starts_with("p:"));
    assert!(!attributes.metadata.contains_key("file_name"));
}

#[tokio::test]
async fn an_object_without_a_product_is_kept_for_parsing_to_reject() {
    let site = Site::new().await;
    site.drop_in("inbox/No Product/a.log", &[]).await;
    site.tell(&event_of(&["inbox/No+Product/a.log"]))
        .await
        .unwrap();
    let archived = site.archived().await;
    assert_eq!(archived.len(), 1);
    assert!(archived[0].starts_with("archive/unknown/"), "{archived:?}");
    // Nobody says what its user agreed to: least of all to be counted.
    let log = LogId::new(archived[0].rsplit('/').next().unwrap()).unwrap();
    let opened = open_log(&site.context.vault, &product("unknown"), &log).await;
    assert_eq!(opened.unwrap().attributes.consent, Consent::Crash);
    assert!(site.waiting().await.is_empty());
}

#[tokio::test]
async fn an_object_without_consent_is_removed_and_kept_nowhere() {
    for consent in ["off", "perhaps", ""] {
        let site = Site::new().await;
        site.drop_in(KEY, &[("logbook-consent", consent)]).await;
        let taken = take_in(&site.context, KEY).await.unwrap();
        assert_eq!(taken, TakenIn::ConsentOff, "{consent:?}");
        assert!(site.waiting().await.is_empty());
        assert!(site.archived().await.is_empty());
    }
}

/// Lets an object grow beyond what is taken in, without writing so much.
fn grow(site: &Site, key: &str) {
    let file = site.directory.path().join(format!("inbox/{key}@"));
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len(MAX_OBJECT_BYTES + 10_000).unwrap();
}

#[tokio::test]
async fn an_object_that_is_too_large_leaves_a_note_to_be_rejected() {
    let site = Site::new().await;
    for key in ["inbox/editor/files/big.log", "inbox/editor/tickets/big"] {
        let said = [("logbook-user", "ann"), ("logbook-consent", "error")];
        site.drop_in(key, &said).await;
        grow(&site, key);
        site.tell(&event_of(&[key])).await.unwrap();
        assert!(site.waiting().await.is_empty(), "{key}");
    }
    let archived = site.archived().await;
    assert_eq!(archived.len(), 2);
    for key in archived {
        let (product, log) = logbook_pipeline::log_of_archive_key(&key).unwrap();
        let opened = open_log(&site.context.vault, &product, &log).await.unwrap();
        let attributes = &opened.attributes;
        let Some(Refusal::TooLarge { bytes }) = attributes.refused else {
            unreachable!("{attributes:?} is not refused");
        };
        assert!(bytes > MAX_OBJECT_BYTES, "{bytes}");
        assert_eq!(attributes.consent, Consent::Error);
        assert!(attributes.metadata.is_empty(), "{attributes:?}");
        let mut note = String::new();
        opened
            .log
            .reader(1 << 20)
            .read_to_string(&mut note)
            .unwrap();
        assert!(note.starts_with("too large: "), "{note}");
    }
}

#[tokio::test]
async fn an_object_that_is_too_large_and_comes_twice_is_one_log() {
    let site = Site::new().await;
    let key = "inbox/editor/files/big.log";
    for expected in [Archived::Created, Archived::Already] {
        site.drop_in(key, &[]).await;
        grow(&site, key);
        let taken = take_in(&site.context, key).await.unwrap();
        assert!(
            matches!(&taken, TakenIn::Archived(_, _, archived) if *archived == expected),
            "{taken:?}"
        );
    }
    assert_eq!(site.archived().await.len(), 1);
}

#[tokio::test]
async fn an_object_that_takes_the_place_of_another_meanwhile_is_not_lost() {
    let site = Site::new().await;
    let key = "inbox/editor/files/same.log";
    for round in 0..40 {
        site.drop_in(key, &[]).await;
        let context = site.context.clone();
        let taking = tokio::spawn(async move { take_in(&context, key).await });
        // Somewhere between its being read and its being removed.
        tokio::time::sleep(Duration::from_micros(round * 150)).await;
        let body = format!("{LOG}{{\"name\":\"round {round}\"}}\n").into_bytes();
        let put = site
            .context
            .inbox
            .put(key, body, BTreeMap::new(), Put::Always);
        let PutOutcome::Created { etag } = put.await.unwrap() else {
            unreachable!("it may replace what is there");
        };
        taking.await.unwrap().unwrap();
        take_in(&site.context, key).await.unwrap();
        let log = LogId::of_object(&product("editor"), key, &etag);
        let archived = archive_key(&product("editor"), &log);
        let head = site.context.vault.archive.head(&archived).await.unwrap();
        assert!(head.is_some(), "round {round}");
    }
}

#[tokio::test]
async fn a_log_in_the_archive_is_queued() {
    let site = Site::new().await;
    site.tell(ARCHIVE_PUT).await.unwrap();
    let log = LogId::new("run-1").unwrap();
    assert_eq!(
        site.queued().await,
        [Job::new(product("editor"), log, NOON)]
    );
}

#[tokio::test]
async fn the_test_event_and_other_keys_are_passed_over() {
    let site = Site::new().await;
    site.tell(TEST_EVENT).await.unwrap();
    site.tell("{\"Records\":[]}").await.unwrap();
    let others = [
        "config/products.toml",
        "edge/editor/2026-11-02/a-b",
        "archive/editor/00/run-1",
        "archive/editor/",
        "inbox/editor/files/gone.log",
        "%zz",
    ];
    site.tell(&event_of(&others)).await.unwrap();
    assert!(site.queued().await.is_empty());
    assert!(site.archived().await.is_empty());
}

#[tokio::test]
async fn an_event_of_another_service_is_an_error() {
    let site = Site::new().await;
    for foreign in [PARSE_BATCH, "{\"Records\":{}}", "{\"Records\":[{}]}"] {
        let error = site.tell(foreign).await.unwrap_err();
        assert!(matches!(error, IntakeError::Event(_)), "{error}");
    }
}

#[tokio::test]
async fn one_object_that_fails_holds_up_no_other_and_the_event_comes_again() {
    let site = Site::new().await;
    let too_long = format!("inbox/editor/{}", "x/".repeat(600));
    site.drop_in(KEY, &[]).await;
    let good = "inbox/editor/files/gr%C3%B6%C3%9Fer+als%2Bzuvor.log";
    let error = site.tell(&event_of(&[&too_long, good])).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("1 of 2 objects were not taken in; the first: "),
        "{error}"
    );
    assert_eq!(site.archived().await.len(), 1);
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_leaves_the_object_where_it_is() {
    let site = Site::new().await;
    let faulty = b"[[product]\n".to_vec();
    let archive = &site.context.vault.archive;
    let put = archive.put("config/products.toml", faulty, BTreeMap::new(), Put::Always);
    put.await.unwrap();
    site.drop_in(KEY, &[]).await;
    site.tell(INBOX_PUT).await.unwrap_err();
    assert_eq!(site.waiting().await, [KEY]);
}
