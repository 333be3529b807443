//! What parsing promises: each log ends as rows or as a rejection that says why.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use logbook_backends::Put;
use logbook_backends::sql::LogState;
use logbook_model::{Consent, LogReject};
use logbook_pipeline::{Error, Job, JobOutcome, NewProduct, Refusal, add_product, process};
use support::{NOON, RUN, Site, entry, gzip, log_id, new_log, product, zstd};

/// Checks that a log is rejected, in the outcome and in its row; gives the detail.
async fn rejected(site: &Site, id: &str, outcome: JobOutcome, reason: LogReject) -> String {
    assert!(
        matches!(outcome, JobOutcome::Rejected(why) if why == reason),
        "{id}: {outcome:?} is not {reason}"
    );
    let row = site.row(id).await.unwrap();
    assert_eq!((row.state, row.reason), (LogState::Rejected, Some(reason)));
    row.detail.unwrap()
}

#[tokio::test]
async fn a_good_log_becomes_rows_however_it_was_packed() {
    let site = Site::new().await;
    let another = RUN.replace("s1", "s2");
    for (id, body) in [("a", RUN.as_bytes().to_vec()), ("b", zstd(&another))] {
        let outcome = site.take(new_log(id, body)).await;
        assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
        let row = site.row(id).await.unwrap();
        assert_eq!((row.records, row.sessions, row.rejects_total), (4, 1, 0));
        assert_eq!(row.meta.profile, "logbook@1");
        assert_eq!(row.meta.queued_at, Some(NOON));
    }
    let repacked = site.take(new_log("c", gzip(RUN))).await;
    assert!(matches!(repacked, JobOutcome::Duplicate), "{repacked:?}");
    assert_eq!(site.row("c").await.unwrap().duplicate_of, Some(log_id("a")));
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_rejected_by_name() {
    let site = Site::new().await;
    let mut cut = gzip(RUN);
    cut.truncate(cut.len() - 12);
    let mut spoilt = gzip(RUN);
    let crc = spoilt.len() - 8;
    spoilt[crc] ^= 1;
    let cases: [(&str, Vec<u8>, LogReject); 6] = [
        ("empty", Vec::new(), LogReject::Empty),
        ("blank", b"\n\n \n".to_vec(), LogReject::Empty),
        ("empty-gzip", gzip(""), LogReject::Empty),
        ("truncated", cut, LogReject::Truncated),
        ("corrupt", spoilt, LogReject::Corrupt),
        ("bad", b"{\"name\":\n{]\n".to_vec(), LogReject::NoGoodRecord),
    ];
    for (id, body, reason) in cases {
        let outcome = site.take(new_log(id, body)).await;
        let detail = rejected(&site, id, outcome, reason).await;
        assert!(!detail.is_empty(), "{id}");
    }
}

#[tokio::test]
async fn a_log_that_no_profile_fits_is_rejected() {
    let site = Site::new().await;
    let auto = NewProduct {
        profile: "auto".to_owned(),
        ..entry("any")
    };
    add_product(&site.store, auto).await.unwrap();
    for (id, body, expected) in [
        ("a", "a shopping list\nmilk\n", Some(LogReject::WrongFormat)),
        ("b", "", Some(LogReject::Empty)),
        ("c", RUN, None),
    ] {
        let mut log = new_log(id, body);
        log.product = product("any");
        let outcome = site.take(log).await;
        match expected {
            Some(reason) => {
                assert!(matches!(outcome, JobOutcome::Rejected(why) if why == reason));
            }
            None => assert!(matches!(outcome, JobOutcome::Parsed)),
        }
    }
    let mut log = new_log("d", RUN);
    log.profile = Some("no-such".to_owned());
    let outcome = site.take(log).await;
    let detail = rejected(&site, "d", outcome, LogReject::WrongFormat).await;
    assert_eq!(detail, "there is no profile \"no-such\"");
}

#[tokio::test]
async fn a_log_of_an_unregistered_product_is_rejected_unopened() {
    let site = Site::new().await;
    let mut log = new_log("a", RUN);
    log.product = product("stranger");
    let outcome = site.take(log).await;
    assert!(matches!(
        outcome,
        JobOutcome::Rejected(LogReject::UnknownProduct)
    ));
}

#[tokio::test]
async fn a_log_that_is_parsed_stays_so_when_its_message_comes_after_its_product_is_gone() {
    let site = Site::new().await;
    site.take(new_log("a", RUN)).await;
    let products = br#"product = [{id = "player"}]"#.to_vec();
    let (key, none) = ("config/products.toml", BTreeMap::new());
    let put = site.store.put(key, products, none, Put::Always);
    put.await.unwrap();
    let outcome = site.parse(&product("editor"), &log_id("a")).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    assert_eq!(site.row("a").await.unwrap().sessions, 1);
}

#[tokio::test]
async fn a_log_that_takes_too_long_comes_again_and_harms_no_other() {
    let site = Site::new().await;
    let record = "{\"name\":\"save\",\"session\":\"s1\"}\n";
    site.archive(new_log("heavy", gzip(record.repeat(8_000_000))))
        .await;
    site.archive(new_log("light", RUN)).await;
    let products = site.registry.snapshot().await.unwrap();
    let jobs = ["heavy", "light"].map(|id| Job::new(product("editor"), log_id(id), NOON));
    let until = Some(Instant::now() + Duration::from_secs(1));
    let outcomes = process(&site.vault, &products, &site.database, &jobs, NOON, until).await;
    assert!(
        matches!(&outcomes[..], [JobOutcome::Retry(error), JobOutcome::Parsed] if error.is_transient()),
        "{outcomes:?}"
    );
    let none = Some(Instant::now());
    let outcomes = process(&site.vault, &products, &site.database, &jobs, NOON, none).await;
    assert!(matches!(
        &outcomes[..],
        [JobOutcome::Retry(_), JobOutcome::Retry(_)]
    ));
}

#[tokio::test]
async fn a_log_that_fits_no_profile_and_breaks_off_later_is_truncated() {
    let site = Site::empty().await;
    let auto = NewProduct {
        profile: "auto".to_owned(),
        ..entry("editor")
    };
    add_product(&site.store, auto).await.unwrap();
    let noise = "%%% noise ~~~\n".repeat(40_000);
    let outcome = site.take(new_log("whole", noise.as_str())).await;
    rejected(&site, "whole", outcome, LogReject::WrongFormat).await;
    let mut short = gzip(&noise);
    short.truncate(short.len() - 20);
    let outcome = site.take(new_log("short", short)).await;
    rejected(&site, "short", outcome, LogReject::Truncated).await;
}

#[tokio::test]
async fn a_log_that_was_too_large_to_be_taken_is_rejected_with_its_size() {
    let site = Site::new().await;
    let mut log = new_log("a", "a note\n");
    log.refused = Some(Refusal::TooLarge { bytes: 1 << 40 });
    let outcome = site.take(log).await;
    let detail = rejected(&site, "a", outcome, LogReject::TooLarge).await;
    assert!(detail.contains("1099511627776 bytes"), "{detail}");
}

#[tokio::test]
async fn a_log_whose_consent_is_off_is_not_opened() {
    let site = Site::new().await;
    let mut log = new_log("a", RUN);
    log.consent = Consent::Off;
    let outcome = site.take(log).await;
    rejected(&site, "a", outcome, LogReject::ConsentOff).await;
}

#[tokio::test]
async fn a_sealed_log_that_is_not_what_was_written_is_rejected() {
    let site = Site::new().await;
    let editor = product("editor");
    site.archive(new_log("a", RUN)).await;
    let whole = site.object("a").await;

    let mut object = whole.clone();
    object.body[0] ^= 1;
    site.replace(&editor, "a", object).await;
    let outcome = site.parse(&editor, &log_id("a")).await;
    rejected(&site, "a", outcome, LogReject::WrongTag).await;

    site.replace(&editor, "b", whole.clone()).await;
    let outcome = site.parse(&editor, &log_id("b")).await;
    rejected(&site, "b", outcome, LogReject::WrongContext).await;

    let mut object = whole.clone();
    let commitment = object.metadata.get_mut("x-amz-d").unwrap();
    let first = if commitment.starts_with('A') {
        "B"
    } else {
        "A"
    };
    commitment.replace_range(..1, first);
    site.replace(&editor, "a", object).await;
    let outcome = site.parse(&editor, &log_id("a")).await;
    rejected(&site, "a", outcome, LogReject::WrongKey).await;

    let mut object = whole.clone();
    object.body.clear();
    site.replace(&editor, "a", object).await;
    let outcome = site.parse(&editor, &log_id("a")).await;
    rejected(&site, "a", outcome, LogReject::Truncated).await;

    // Put back, it is parsed: a rejected log may come good.
    site.replace(&editor, "a", whole).await;
    let outcome = site.parse(&editor, &log_id("a")).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
}

/// Overwrites the file of an archived log of `editor`.
fn spoil(site: &Site, id: &str, bytes: &[u8]) {
    let key = logbook_pipeline::archive_key(&product("editor"), &log_id(id));
    // The directory store marks the files of objects with a sign at the end.
    let file = site.directory.path().join(format!("archive/{key}@"));
    assert!(file.is_file());
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_log_whose_object_is_damaged_on_disk_is_rejected_and_hides_no_other() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    site.archive(new_log("b", RUN)).await;
    spoil(&site, "a", b"nothing that an object store has written");
    let outcome = site.parse(&product("editor"), &log_id("a")).await;
    rejected(&site, "a", outcome, LogReject::WrongTag).await;
    let outcome = site.parse(&product("editor"), &log_id("b")).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    let listed = site.store.list("archive/editor/", None, 10).await.unwrap();
    assert_eq!(listed.objects.len(), 2);
}

#[tokio::test]
async fn a_job_without_an_object_goes_to_the_dead_letters() {
    let site = Site::new().await;
    let outcome = site.parse(&product("editor"), &log_id("none")).await;
    assert!(matches!(outcome, JobOutcome::Retry(Error::NotFound)));
    assert_eq!(site.row("none").await, None);
}

#[tokio::test]
async fn a_failing_database_loses_no_log() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    site.archive(new_log("bad", "\n")).await;
    site.database.close().await;
    for id in ["a", "bad"] {
        let outcome = site.parse(&product("editor"), &log_id(id)).await;
        assert!(
            matches!(&outcome, JobOutcome::Retry(error) if error.is_transient()),
            "{outcome:?}"
        );
    }
}

/// A row that someone has spoilt is not the fault of the log that meets it.
#[tokio::test]
async fn a_damaged_row_sends_a_log_to_the_dead_letters_and_does_not_reject_it() {
    let site = Site::new().await;
    site.take(new_log("a", RUN)).await;
    let spoilt = "UPDATE log SET state = 'eaten' WHERE log_id = 'a'";
    site.database.execute_script(spoilt).await.unwrap();
    let outcome = site.parse(&product("editor"), &log_id("a")).await;
    assert!(
        matches!(&outcome, JobOutcome::Retry(error) if !error.is_transient()),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn one_bad_log_in_a_batch_touches_no_other() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    site.archive(new_log("bad", "\n")).await;
    site.archive(new_log("c", RUN.replace("s1", "s3"))).await;
    let products = site.registry.snapshot().await.unwrap();
    let jobs: Vec<Job> = ["a", "bad", "none", "c", "a"]
        .iter()
        .map(|id| Job::new(product("editor"), log_id(id), NOON))
        .collect();
    let outcomes = process(&site.vault, &products, &site.database, &jobs, NOON, None).await;
    assert!(
        matches!(
            &outcomes[..],
            [
                JobOutcome::Parsed,
                JobOutcome::Rejected(LogReject::Empty),
                JobOutcome::Retry(Error::NotFound),
                JobOutcome::Parsed,
                JobOutcome::Parsed,
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(site.row("a").await.unwrap().sessions, 1);
}
