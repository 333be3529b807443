//! What a sweep and a receipt promise: nothing that was taken is forgotten.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logbook_backends::sql::{self, LedgerDay, LogState, RejectFilter};
use logbook_backends::{Durability, ObjectStore, Put, Queue, QueuePolicy, Receive};
use logbook_model::{Day, LogReject, ProductId, Timestamp};
use logbook_pipeline::{
    Archived, Job, JobOutcome, Receipt, Requeue, add_product, archive_key, receipt, sweep_archive,
    sweep_inbox,
};
use support::{NOON, RUN, Site, again, entry, log_id, new_log, product};

/// The stores' own clock, a second ahead: later than all that was put so far.
fn soon() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(since.as_micros() as i64 + 1_000_000)
}

const FIRST: Duration = Duration::from_mins(2);

/// The stores' clock in some time.
fn after(time: Duration) -> Timestamp {
    Timestamp(soon().0 + time.as_micros() as i64)
}

async fn queue(site: &Site) -> Queue {
    let path = site.directory.path().join("queue.db");
    Queue::open_file(&path, QueuePolicy::default())
        .await
        .unwrap()
}

/// The logs of `editor` that a sweep at an instant queues again.
async fn swept(site: &Site, queue: &Queue, at: Timestamp, at_start: bool) -> Vec<String> {
    swept_of(site, queue, at, at_start, &product("editor")).await
}

async fn swept_of(
    site: &Site,
    queue: &Queue,
    at: Timestamp,
    at_start: bool,
    of: &ProductId,
) -> Vec<String> {
    let products = site.registry.snapshot().await.unwrap();
    let requeue = Requeue {
        queue,
        first: FIRST,
        at_start,
        registered: products.product(of).unwrap().is_some(),
        now: at,
    };
    let (archive, database) = (&site.vault.archive, &site.database);
    let swept = sweep_archive(archive, database, of, at, Some(requeue)).await;
    let queued = swept.unwrap().queued;
    queued.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_sweep_queues_archived_logs_that_have_no_row() {
    let site = Site::new().await;
    site.take(new_log("parsed", RUN)).await;
    site.take(new_log("rejected", "\n")).await;
    site.archive(new_log("forgotten", RUN)).await;
    let mut elsewhere = new_log("theirs", RUN);
    elsewhere.product = product("player");
    site.archive(elsewhere).await;
    let queue = queue(&site).await;
    assert_eq!(
        swept(&site, &queue, soon(), true).await,
        ["forgotten"],
        "at the start no age is asked"
    );
    let receive = Receive {
        max: 10,
        wait: Duration::ZERO,
        visibility: FIRST,
    };
    let messages = queue.receive(receive).await.unwrap();
    let jobs = messages.iter().filter_map(|one| Job::from_body(&one.body));
    let logs: Vec<_> = jobs.map(|job| job.log_id).collect();
    assert_eq!(logs, [log_id("forgotten")]);
    site.parse(&product("editor"), &log_id("forgotten")).await;
    assert!(swept(&site, &queue, after(FIRST), true).await.is_empty());
}

#[tokio::test]
async fn a_sweep_leaves_young_logs_to_the_ordinary_way() {
    let site = Site::new().await;
    site.archive(new_log("young", RUN)).await;
    let queue = queue(&site).await;
    assert!(swept(&site, &queue, soon(), false).await.is_empty());
    assert_eq!(swept(&site, &queue, after(FIRST), false).await, ["young"]);
}

#[tokio::test]
async fn a_log_that_fails_for_good_is_queued_again_ever_more_seldom() {
    let site = Site::new().await;
    site.archive(new_log("failing", RUN)).await;
    let queue = queue(&site).await;
    let minute = Duration::from_mins(1);
    let mut hours = Vec::new();
    // A sweep each minute for two hours, then each hour for 40 days, with a restart each day.
    for n in 0..120 {
        if !swept(&site, &queue, after(n * minute), false)
            .await
            .is_empty()
        {
            hours.push(n / 60);
        }
    }
    for n in 2..40 * 24 {
        let at_start = n % 24 == 5;
        if !swept(&site, &queue, after(n * 60 * minute), at_start)
            .await
            .is_empty()
        {
            hours.push(n);
        }
    }
    assert_eq!(hours, [0, 24, 48, 96, 192, 384, 768]);
}

#[tokio::test]
async fn a_log_whose_row_is_lost_is_queued_at_once() {
    let site = Site::new().await;
    site.take(new_log("a", RUN)).await;
    let queue = queue(&site).await;
    let hour = Duration::from_hours(1);
    assert!(swept(&site, &queue, after(hour), false).await.is_empty());
    let lost = "DELETE FROM log";
    site.database.execute_script(lost).await.unwrap();
    assert_eq!(swept(&site, &queue, after(2 * hour), false).await, ["a"]);
    assert!(
        swept(&site, &queue, after(3 * hour), false)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_log_of_an_unknown_product_is_queued_again_once_somebody_registers_it() {
    let site = Site::new().await;
    let stranger = product("stranger");
    let mut log = new_log("a", RUN);
    log.product = stranger.clone();
    site.take(log).await;
    let queue = queue(&site).await;
    let minute = Duration::from_mins(1);
    let sweep = async |n: u32| swept_of(&site, &queue, after(n * minute), false, &stranger).await;
    assert!(sweep(3).await.is_empty(), "nobody knows it yet");
    assert!(add_product(&site.store, entry("stranger")).await.unwrap());
    assert_eq!(sweep(4).await, ["a"]);
    assert_balanced(&site, &stranger).await;
    let row = async || {
        let id = log_id("a");
        let row = sql::log_row(&site.database, &stranger, &id).await;
        row.unwrap().map(|row| row.state)
    };
    assert_eq!(row().await, None, "it is pending");
    let filter = RejectFilter {
        product: stranger.clone(),
        days: Day(0)..=Day(i32::MAX),
        reason: None,
    };
    let rejects = sql::rejects(&site.database, &filter, None, 10);
    assert!(rejects.await.unwrap().is_empty());
    assert!(sweep(5).await.is_empty(), "once");
    site.parse(&stranger, &log_id("a")).await;
    assert_eq!(row().await, Some(LogState::Parsed));
    assert!(sweep(6).await.is_empty());
    assert_balanced(&site, &stranger).await;
}

#[tokio::test]
async fn a_duplicate_of_a_log_that_is_refused_later_is_queued_again() {
    let site = Site::new().await;
    let editor = product("editor");
    site.take(new_log("a", RUN)).await;
    assert!(matches!(
        site.take(new_log("b", RUN)).await,
        JobOutcome::Duplicate
    ));
    let queue = queue(&site).await;
    let minute = Duration::from_mins(1);
    assert!(
        swept(&site, &queue, after(3 * minute), false)
            .await
            .is_empty()
    );
    let refused = "UPDATE log SET state = 'rejected', reason = 'corrupt', content_hash = NULL \
                   WHERE log_id = 'a'";
    site.database.execute_script(refused).await.unwrap();
    assert_eq!(swept(&site, &queue, after(4 * minute), false).await, ["b"]);
    assert!(matches!(
        site.parse(&editor, &log_id("b")).await,
        JobOutcome::Parsed
    ));
    assert!(
        swept(&site, &queue, after(5 * minute), false)
            .await
            .is_empty()
    );
    assert_balanced(&site, &editor).await;
}

async fn assert_balanced(site: &Site, product: &ProductId) {
    let days = Timestamp(0).day()..=after(Duration::from_hours(1)).day();
    let ledger = sql::ledger(&site.database, product, days).await.unwrap();
    assert!(!ledger.days.is_empty());
    assert!(
        ledger.days.iter().all(|day| day.balanced == Some(true)),
        "{ledger:?}"
    );
}

#[tokio::test]
async fn the_ledger_balances_after_a_sweep_duplicates_at_the_edge_included() {
    let site = Site::new().await;
    site.take(new_log("a", RUN)).await;
    let repeated = again(new_log("a", RUN));
    assert_eq!(site.archive(repeated).await, Archived::Duplicate);
    site.take(new_log("same", RUN)).await;
    site.take(new_log("bad", "\n")).await;
    site.archive(new_log("pending", "{\"name\":\"x\"}\n")).await;
    let editor = product("editor");
    sweep_archive(&site.vault.archive, &site.database, &editor, soon(), None)
        .await
        .unwrap();
    let days = Timestamp(0).day()..=soon().day();
    let ledger = sql::ledger(&site.database, &editor, days).await.unwrap();
    assert!(ledger.days.iter().all(|day| day.balanced == Some(true)));
    let sum = |of: fn(&LedgerDay) -> u64| ledger.days.iter().map(of).sum::<u64>();
    assert_eq!(sum(|day| day.received), 5);
    assert_eq!(sum(|day| day.parsed), 1);
    assert_eq!(sum(|day| day.duplicate), 2);
    assert_eq!(sum(|day| day.pending), 1);
}

#[tokio::test]
async fn only_old_inbox_objects_are_swept() {
    let directory = tempfile::tempdir().unwrap();
    let inbox = ObjectStore::open_dir(directory.path(), Durability::Process)
        .await
        .unwrap();
    for key in [
        "inbox/editor/files/a.log",
        "inbox/editor/tickets/b",
        "other/c",
    ] {
        let put = inbox.put(key, Vec::new(), BTreeMap::new(), Put::IfAbsent);
        put.await.unwrap();
    }
    let old = sweep_inbox(&inbox, soon()).await.unwrap();
    assert_eq!(old, ["inbox/editor/files/a.log", "inbox/editor/tickets/b"]);
    let none = sweep_inbox(&inbox, Timestamp(soon().0 - 900_000_000)).await;
    assert!(none.unwrap().is_empty());
}

async fn receipt_of(site: &Site, id: &str) -> Option<Receipt> {
    let editor = product("editor");
    receipt(&site.vault, &site.database, &editor, &log_id(id))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_receipt_tells_each_state_of_a_log() {
    let site = Site::new().await;
    assert_eq!(receipt_of(&site, "a").await, None);

    site.archive(new_log("a", RUN)).await;
    let pending = receipt_of(&site, "a").await.unwrap();
    assert_eq!((pending.state, pending.via), ("pending", "api"));
    let steps = |receipt: &Receipt| receipt.steps.iter().map(|s| s.step).collect::<Vec<_>>();
    assert_eq!(steps(&pending), ["received", "archived"]);
    assert_eq!(pending.steps[0].at, NOON);

    site.parse(&product("editor"), &log_id("a")).await;
    let parsed = receipt_of(&site, "a").await.unwrap();
    assert_eq!(parsed.state, "parsed");
    assert_eq!(steps(&parsed), ["received", "archived", "queued", "parsed"]);
    assert_eq!((parsed.records, parsed.sessions), (Some(4), Some(1)));
    assert_eq!(parsed.profile.as_deref(), Some("logbook@1"));

    site.take(new_log("b", RUN)).await;
    let duplicate = receipt_of(&site, "b").await.unwrap();
    assert_eq!(duplicate.state, "duplicate");
    assert_eq!(duplicate.duplicate_of, Some(log_id("a")));

    let outcome = site.take(new_log("c", "\n")).await;
    assert!(matches!(outcome, JobOutcome::Rejected(LogReject::Empty)));
    let rejected = receipt_of(&site, "c").await.unwrap();
    assert_eq!(
        (rejected.state, rejected.reason),
        ("rejected", Some("empty"))
    );
    assert!(rejected.detail.is_some() && rejected.records.is_none());
}

#[tokio::test]
async fn an_erased_log_has_a_receipt_that_says_so() {
    let site = Site::new().await;
    let key = archive_key(&product("editor"), &log_id("a"));
    let stone = BTreeMap::from([("logbook-erased-at".to_owned(), NOON.0.to_string())]);
    let put = site.store.put(&key, Vec::new(), stone, Put::IfAbsent);
    put.await.unwrap();
    assert_eq!(
        receipt_of(&site, "a").await.unwrap().state,
        LogState::Erased.name()
    );
    let outcome = site.parse(&product("editor"), &log_id("a")).await;
    assert!(matches!(outcome, JobOutcome::Erased), "{outcome:?}");
}
