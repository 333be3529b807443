//! Whether the ledger shows what is amiss, and only that; and what is listed of rejects.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[allow(dead_code, reason = "each test program uses its share")]
mod logs;
#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::{
    self, LedgerDay, ListedLog, Listing, MAX_SAMPLES, RejectFilter, Scope, store_erased,
    store_rejected,
};
use logbook_model::{Day, EventReject, LogReject, Timestamp};
use logs::{
    DAY_US, TIMEOUT_SECS, log_id, meta, open, parsed, part, product, refused, rejected, store,
};
use place::{Place, on_every_database};

/// Lists logs by id as of a second of day 100, and gives those that have no row.
async fn list(db: &Database, second: i64, ids: &[&str]) -> Vec<String> {
    let as_of = Timestamp(100 * DAY_US + second * 1_000_000);
    let mut listing = Listing::begin(db, &product(), as_of, None).await.unwrap();
    let page: Vec<ListedLog> = ids
        .iter()
        .map(|id| ListedLog {
            log: log_id(id),
            archived_at: meta(id).archived_at,
        })
        .collect();
    let missing = listing.add(db, &page).await.unwrap();
    listing.finish(db).await.unwrap();
    missing.iter().map(|one| one.log.to_string()).collect()
}

async fn day(db: &Database) -> LedgerDay {
    let ledger = sql::ledger(db, &product(), Day(0)..=Day(200))
        .await
        .unwrap();
    assert_eq!(ledger.days.len(), 1);
    ledger.days.into_iter().next().unwrap()
}

async fn store_plain(db: &Database, id: &str) {
    store(db, &[parsed(id, vec![part(id, id, &[5])])]).await;
}

async fn every_fate_is_counted_and_the_day_balances(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2", "l5"] {
        store_plain(&db, id).await;
    }
    let mut copy = parsed("l3", vec![]);
    copy.content_hash = parsed("l1", vec![]).content_hash;
    store(&db, &[copy]).await;
    store_rejected(&db, &rejected("l4", LogReject::Bomb))
        .await
        .unwrap();
    store_erased(&db, &meta("l5"), TIMEOUT_SECS).await.unwrap();
    assert_eq!(day(&db).await.balanced, None);

    let missing = list(&db, 50, &["l1", "l2", "l3", "l4", "l5", "l6", "l7"]).await;
    assert_eq!(missing, ["l6", "l7"]);
    sql::set_edge_duplicates(&db, &product(), Day(100), 3)
        .await
        .unwrap();
    let found = day(&db).await;
    assert_eq!((found.received, found.parsed, found.duplicate), (10, 2, 4));
    assert_eq!((found.erased, found.pending, found.lost), (1, 2, 0));
    assert_eq!(found.rejected, BTreeMap::from([(LogReject::Bomb, 1)]));
    assert_eq!(found.balanced, Some(true));
}

async fn what_is_settled_after_the_listing_raises_no_alarm(place: &Place) {
    let db = open(place).await;
    store_plain(&db, "l1").await;
    list(&db, 50, &["l1", "l2"]).await;
    // A pending log is parsed; one is archived and parsed after the listing.
    store_plain(&db, "l2").await;
    store_plain(&db, "l60").await;
    let found = day(&db).await;
    assert_eq!((found.received, found.parsed, found.pending), (2, 2, 0));
    assert_eq!(found.balanced, Some(true));
    // An object younger than the listing's instant is passed over, not pending.
    assert!(list(&db, 50, &["l1", "l2", "l60", "l61"]).await.is_empty());
    assert_eq!(day(&db).await.balanced, Some(true));
}

async fn a_row_that_is_lost_shows_until_the_log_is_stored_again(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2"] {
        store_plain(&db, id).await;
    }
    list(&db, 50, &["l1", "l2", "l3"]).await;
    db.execute_script("DELETE FROM log WHERE log_id = 'l2'")
        .await
        .unwrap();
    // The listings that follow do not explain it away, and give it to be queued again.
    for second in [60, 70] {
        assert_eq!(list(&db, second, &["l1", "l2", "l3"]).await, ["l2", "l3"]);
        let found = day(&db).await;
        assert_eq!(
            (found.pending, found.lost, found.balanced),
            (1, 1, Some(false))
        );
    }
    store_plain(&db, "l2").await;
    let found = day(&db).await;
    assert_eq!(
        (found.parsed, found.lost, found.balanced),
        (2, 0, Some(true))
    );
}

/// The ledger of the day against its rows, counted one by one.
async fn assert_counted(db: &Database) {
    let found = day(db).await;
    db.execute_script("UPDATE ledger_listing SET counted = 0")
        .await
        .unwrap();
    assert_eq!(found, day(db).await);
    db.execute_script("UPDATE ledger_listing SET counted = 1")
        .await
        .unwrap();
}

async fn what_becomes_of_counted_logs_is_followed(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2", "l3"] {
        store_plain(&db, id).await;
    }
    store_rejected(&db, &rejected("l4", LogReject::Bomb))
        .await
        .unwrap();
    list(&db, 50, &["l1", "l2", "l3", "l4", "l5", "l6"]).await;
    let found = day(&db).await;
    assert_eq!((found.parsed, found.pending), (3, 2));
    assert_counted(&db).await;
    // Pending logs are settled; nothing is counted twice where they are settled anew.
    store_plain(&db, "l5").await;
    store_rejected(&db, &rejected("l6", LogReject::Corrupt))
        .await
        .unwrap();
    let found = day(&db).await;
    assert_eq!((found.parsed, found.pending, found.accounted()), (4, 0, 6));
    assert_counted(&db).await;
    store_plain(&db, "l6").await;
    assert_eq!(day(&db).await.parsed, 5);
    assert_counted(&db).await;
    // What was counted is refused, erased, parsed after all; each since a listing of its own.
    let all = ["l1", "l2", "l3", "l4", "l5", "l6"];
    list(&db, 51, &all).await;
    store_rejected(&db, &rejected("l1", LogReject::Corrupt))
        .await
        .unwrap();
    assert_eq!(day(&db).await.parsed, 4);
    assert_counted(&db).await;
    list(&db, 52, &all).await;
    store_erased(&db, &meta("l2"), TIMEOUT_SECS).await.unwrap();
    assert_eq!((day(&db).await.parsed, day(&db).await.erased), (3, 1));
    assert_counted(&db).await;
    list(&db, 53, &all).await;
    store_plain(&db, "l4").await;
    let found = day(&db).await;
    assert_eq!((found.parsed, found.erased), (4, 1));
    assert_eq!(found.rejected, BTreeMap::from([(LogReject::Corrupt, 1)]));
    assert_eq!(found.balanced, Some(true));
    assert_counted(&db).await;
    list(&db, 54, &all).await;
    assert_eq!(day(&db).await, found);
    assert_counted(&db).await;
}

/// A log that is refused, and whose object then has another day, since a listing; one of a third day
/// stays as it is.
async fn a_log_counts_on_the_day_that_its_object_has(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2"] {
        store_plain(&db, id).await;
    }
    let mut other = parsed("l3", vec![part("l3", "l3", &[5])]);
    other.meta.archived_at.0 -= 2 * DAY_US;
    store(&db, &[other]).await;
    list(&db, 50, &["l1", "l2", "l3"]).await;
    let mut moved = rejected("l1", LogReject::Bomb);
    moved.meta.archived_at.0 -= DAY_US;
    store_rejected(&db, &moved).await.unwrap();
    let ledger = sql::ledger(&db, &product(), Day(0)..=Day(200)).await;
    let days = ledger.unwrap().days.into_iter();
    let days: Vec<_> = days.map(|day| (day.day, day.accounted())).collect();
    assert_eq!(days, [(Day(98), 1), (Day(99), 1), (Day(100), 1)]);
}

/// Of two listings that run at once, the one that ends last counts nothing: the other may have taken
/// logs for pending that were parsed since.
async fn listings_that_overlap_miscount_nothing(place: &Place) {
    let db = open(place).await;
    store_plain(&db, "l1").await;
    let as_of = Timestamp(100 * DAY_US + 50_000_000);
    let reopen = Some(sql::Reopen {
        unknown_product: true,
    });
    store_rejected(&db, &rejected("l2", LogReject::UnknownProduct))
        .await
        .unwrap();
    let listed = ["l1", "l2"].map(|id| ListedLog {
        log: log_id(id),
        archived_at: meta(id).archived_at,
    });
    let mut first = Listing::begin(&db, &product(), as_of, None).await.unwrap();
    assert!(first.add(&db, &listed).await.unwrap().is_empty());
    let second = Listing::begin(&db, &product(), as_of, reopen).await;
    let mut second = second.unwrap();
    assert_eq!(second.add(&db, &listed).await.unwrap().len(), 1);
    second.finish(&db).await.unwrap();
    first.finish(&db).await.unwrap();
    store_plain(&db, "l2").await;
    let found = day(&db).await;
    assert_eq!((found.parsed, found.balanced), (2, Some(true)));
}

/// Logs are parsed anew, refused and erased while the archive is listed.
async fn listings_beside_stores_miscount_nothing(place: &Place) {
    let db = open(place).await;
    let ids: Vec<String> = (1..40).map(|n| format!("l{n}")).collect();
    for id in &ids {
        store_plain(&db, id).await;
    }
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    for round in 0..6 {
        let changes = async {
            for (nth, id) in ids.iter().enumerate().skip(round).step_by(3) {
                match (nth + round) % 3 {
                    0 => drop(
                        store_rejected(&db, &rejected(id, LogReject::Bomb))
                            .await
                            .unwrap(),
                    ),
                    1 => drop(store_erased(&db, &meta(id), TIMEOUT_SECS).await.unwrap()),
                    _ => {
                        let mut log = parsed(id, vec![part(id, id, &[5])]);
                        log.meta.parser_version = format!("round {round}");
                        sql::store_parsed(&db, &[log]).await.remove(0).unwrap();
                    }
                }
            }
        };
        if round % 2 == 0 {
            tokio::join!(changes, list(&db, 50, &all));
            assert_counted(&db).await;
        } else {
            tokio::join!(changes, list(&db, 51, &all), list(&db, 52, &all));
            assert_eq!(day(&db).await.balanced, Some(true));
        }
        list(&db, 53, &all).await;
        assert_counted(&db).await;
    }
}

/// That the ledger does not count what a listing counted already.
async fn logs_are_counted_by_the_listing(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2"] {
        store_plain(&db, id).await;
    }
    list(&db, 50, &["l1", "l2"]).await;
    db.execute_script("DELETE FROM log WHERE log_id = 'l2'")
        .await
        .unwrap();
    assert_eq!(day(&db).await.parsed, 2);
    store_plain(&db, "l1").await;
    store_rejected(&db, &rejected("l1", LogReject::Bomb))
        .await
        .unwrap();
    let found = day(&db).await;
    assert_eq!(
        (found.parsed, found.balanced),
        (0, Some(false)),
        "counted again"
    );
}

async fn a_row_without_an_object_shows(place: &Place) {
    let db = open(place).await;
    for id in ["l1", "l2"] {
        store_plain(&db, id).await;
    }
    list(&db, 50, &["l1"]).await;
    let found = day(&db).await;
    assert_eq!(
        (found.received, found.accounted(), found.balanced),
        (1, 2, Some(false))
    );
}

async fn rejects_keep_the_first_samples_and_count_all(place: &Place) {
    let db = open(place).await;
    let mut log = parsed("l1", vec![part("l1", "s1", &[5])]);
    log.rejects = refused(EventReject::Broken, 250);
    store(&db, &[log]).await;
    store_rejected(&db, &rejected("l2", LogReject::Bomb))
        .await
        .unwrap();
    let mut filter = RejectFilter {
        product: product(),
        days: Day(100)..=Day(100),
        reason: None,
    };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = sql::rejects(&db, &filter, after.as_ref(), 33)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        all.extend(page);
    }
    assert_eq!(all.len(), MAX_SAMPLES + 1);
    assert_eq!((all[99].line, all[99].byte_offset), (Some(100), Some(1000)));
    assert_eq!(
        (all[100].scope, &*all[100].key.reason),
        (Scope::Log, "bomb")
    );
    filter.reason = Some("bomb".to_owned());
    assert_eq!(sql::rejects(&db, &filter, None, 10).await.unwrap().len(), 1);
    let totals = sql::reject_totals(&db, &product(), Day(0)..=Day(200))
        .await
        .unwrap();
    let counts: Vec<_> = totals
        .iter()
        .map(|total| (&*total.reason, total.logs, total.n))
        .collect();
    assert_eq!(counts, [("bomb", 1, 1), ("broken", 1, 250)]);
}

on_every_database! {
    every_fate_is_counted_and_the_day_balances,
    what_is_settled_after_the_listing_raises_no_alarm,
    a_row_that_is_lost_shows_until_the_log_is_stored_again,
    what_becomes_of_counted_logs_is_followed,
    a_log_counts_on_the_day_that_its_object_has,
    listings_that_overlap_miscount_nothing,
    listings_beside_stores_miscount_nothing,
    logs_are_counted_by_the_listing,
    a_row_without_an_object_shows,
    rejects_keep_the_first_samples_and_count_all,
}
