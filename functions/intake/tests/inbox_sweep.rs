//! Whether what the inbox did not tell of is taken in, and how old it grew is told.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;
#[path = "../../../tests/lambda/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logbook_backends::Put;
use logbook_intake::IntakeError;
use logbook_model::Timestamp;
use support::Site;
use told::{Told, value, watched};

const SWEEP: &str = include_str!("../../../events/schedule-inbox-sweep.json");
const OLDEST: &str = "InboxOldestAgeSeconds";

fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64)
}

/// The clock when what is dropped in now is 20 minutes old.
fn later() -> Timestamp {
    Timestamp(clock().0 + 1_200_000_000)
}

async fn oldest_after_sweep(site: &Site) -> f64 {
    let told = Told::listen();
    site.tell(SWEEP).await.unwrap();
    value(&told.metrics(), OLDEST).unwrap()
}

#[tokio::test]
async fn what_was_not_told_of_is_taken_in_after_a_quarter_of_an_hour() {
    let mut site = Site::new().await;
    let keys = ["inbox/editor/files/a.log", "inbox/editor/tickets/b"];
    for key in keys {
        site.drop_in(key, &[]).await;
    }
    site.context.now = clock;
    let age = oldest_after_sweep(&site).await;
    assert!(age < 60.0, "{age}");
    assert_eq!(site.waiting().await, keys, "their events are still to come");
    site.context.now = later;
    assert!(
        oldest_after_sweep(&site).await.abs() < f64::EPSILON,
        "nothing is there"
    );
    assert!(site.waiting().await.is_empty());
    assert_eq!(site.archived().await.len(), 2);
}

#[tokio::test]
async fn many_are_taken_in_at_once() {
    let mut site = Site::new().await;
    for n in 0..100 {
        site.drop_in(&format!("inbox/editor/tickets/log-{n}"), &[])
            .await;
    }
    site.context.now = later;
    site.tell(SWEEP).await.unwrap();
    assert_eq!(
        (site.archived().await.len(), site.waiting().await.len()),
        (100, 0)
    );
}

#[tokio::test]
async fn what_there_is_no_time_for_is_left_and_grows_old_for_all_to_see() {
    let mut site = Site::new().await;
    site.drop_in("inbox/editor/files/a.log", &[]).await;
    (site.context.now, site.context.budget) = (later, Duration::ZERO);
    let age = oldest_after_sweep(&site).await;
    assert!((1200.0..1260.0).contains(&age), "{age}");
    assert_eq!(site.waiting().await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_taken_in_fails_the_sweep_and_grows_old_for_all_to_see() {
    let mut site = Site::new().await;
    site.drop_in("inbox/editor/files/a.log", &[]).await;
    let faulty = b"[[product]\n".to_vec();
    let archive = &site.context.vault.archive;
    let put = archive.put("config/products.toml", faulty, BTreeMap::new(), Put::Always);
    put.await.unwrap();
    site.context.now = later;
    let told = Told::listen();
    let error = site.tell(SWEEP).await.unwrap_err();
    assert!(
        matches!(
            error,
            IntakeError::Objects {
                failed: 1,
                all: 1,
                ..
            }
        ),
        "{error}"
    );
    let metrics = told.metrics();
    assert!(value(&metrics, OLDEST).unwrap() >= 1200.0);
    for name in watched("intake") {
        assert!(value(&metrics, &name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_task_that_is_not_known_is_an_error() {
    let site = Site::new().await;
    for task in ["analyze", "bulk-drain"] {
        let event = SWEEP.replace(
            "\"task\": \"inbox-sweep\"",
            &format!("\"task\": \"{task}\""),
        );
        let error = site.tell(&event).await.unwrap_err();
        assert_eq!(error.to_string(), format!("there is no task {task}"));
    }
}
