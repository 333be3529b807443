//! Sessions as they come out of the database: judged, filtered, and the same in any order.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test program uses its share")]
mod logs;
#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;

use std::slice::from_ref;

use logbook_backends::Database;
use logbook_backends::sql::{self, ParsedLog, SessionFilter};
use logbook_model::{Day, Status, Timestamp};
use logs::{
    DAY_US, TIMEOUT_SECS, all_sessions, open, parsed, part, product, rows, store, take_dirty,
};
use place::{Place, on_every_database};
use proptest::prelude::*;
use proptest::sample::Index;

const HOUR_US: i64 = 3_600_000_000;

async fn silence_is_judged_once_and_stays_judged(place: &Place) {
    let db = open(place).await;
    let mut open_part = part("l1", "s1", &[DAY_US]);
    open_part.marks_ends = true;
    open_part.started = true;
    store(&db, &[parsed("l1", vec![open_part.clone()])]).await;
    let row = &rows(&db).await[0];
    let timeout_us = i64::from(TIMEOUT_SECS) * 1_000_000;
    assert_eq!(row.session.status, Status::Ok);
    assert_eq!(row.open_until, Some(Timestamp(DAY_US + timeout_us)));
    take_dirty(&db).await;

    let settle = async |at: i64| {
        let judged = sql::settle_silence(&db, &product(), TIMEOUT_SECS, Timestamp(at)).await;
        judged.unwrap()
    };
    assert_eq!(settle(DAY_US + timeout_us).await, 0);
    assert_eq!(settle(DAY_US + timeout_us + 1).await, 1);
    let judged = rows(&db).await;
    assert_eq!(
        (judged[0].session.status, judged[0].open_until),
        (Status::Abnormal, None)
    );
    assert_eq!(take_dirty(&db).await, [1]);
    assert_eq!(settle(DAY_US).await, 0);

    // A replay judges by the same instant.
    let mut replay = parsed("l1", vec![open_part]);
    "0.2.0".clone_into(&mut replay.meta.parser_version);
    store(&db, &[replay]).await;
    assert_eq!(rows(&db).await, judged);

    // A later log that ends the session takes the judgement back.
    let mut ending = part("l2", "s1", &[DAY_US + HOUR_US]);
    ending.end = Some(ending.last_activity_at);
    store(&db, &[parsed("l2", vec![ending])]).await;
    assert_eq!(rows(&db).await[0].session.status, Status::Exited);
}

async fn sessions_are_filtered_and_paged(place: &Place) {
    let db = open(place).await;
    let logs: Vec<ParsedLog> = (0..10)
        .map(|n| {
            let id = format!("l{n}");
            // Pairs begin at the same instant.
            let mut only = part(&id, &format!("s{n}"), &[n / 2 * DAY_US, n / 2 * DAY_US + 1]);
            only.facts.version = Some(format!("1.{}", n % 2));
            only.facts.user = (n % 5 == 0).then(|| "u-5".to_owned());
            only.facts.installation = Some(format!("i-{n}"));
            parsed(&id, vec![only])
        })
        .collect();
    store(&db, &logs).await;
    let list = async |filter: &SessionFilter| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = sql::sessions(&db, filter, after.as_ref(), 3).await.unwrap();
            ids.extend(page.iter().map(|row| row.session.id.to_string()));
            let Some(last) = page.last() else { return ids };
            after = Some(last.key());
        }
    };
    let all = list(&all_sessions()).await;
    assert_eq!(
        all,
        ["s9", "s8", "s7", "s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    );
    let mut filter = all_sessions();
    filter.days = Day(1)..=Day(2);
    assert_eq!(list(&filter).await, ["s5", "s4", "s3", "s2"]);
    filter.version = Some("1.1".to_owned());
    assert_eq!(list(&filter).await, ["s5", "s3"]);
    let mut filter = all_sessions();
    filter.user = Some("u-5".to_owned());
    assert_eq!(list(&filter).await, ["s5", "s0"]);
    filter.user = Some("i-5".to_owned());
    assert!(list(&filter).await.is_empty());
    filter.user = Some("i-6".to_owned());
    assert_eq!(list(&filter).await, ["s6"]);
    filter.name = Some("save".to_owned());
    assert_eq!(list(&filter).await, ["s6"]);
    filter.name = Some("close".to_owned());
    assert!(list(&filter).await.is_empty());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

prop_compose! {
    fn some_logs()(
        sessions in prop::collection::vec(
            prop::collection::btree_map("s[1-4]", (0i64..20 * HOUR_US, any::<[bool; 3]>()), 0..4), 1..7),
    ) -> Vec<ParsedLog> {
        sessions.into_iter().enumerate().map(|(n, sessions)| {
            let id = format!("l{n}");
            let parts = sessions.into_iter().map(|(session, (start, flags))| {
                let mut part = part(&id, &session, &[start, start + HOUR_US]);
                [part.marks_ends, part.superseded, part.continued] = flags;
                part.facts.version = flags[0].then(|| format!("1.{n}"));
                part
            });
            parsed(&id, parts.collect())
        }).collect()
    }
}

/// Whether logs give the same sessions in order, and in any order, some twice, one erased.
async fn in_any_order(
    place: &Place,
    logs: &[ParsedLog],
    order: &[Index],
    settle_at: i64,
    erased: Index,
) {
    let another = place.another().await;
    let (one, other) = (open(place).await, open(&another).await);
    let settle_at = Timestamp(settle_at);
    let gone = erased.get(logs);
    let settle = async |db: &Database| {
        let settled = sql::settle_silence(db, &product(), TIMEOUT_SECS, settle_at).await;
        settled.unwrap();
    };
    // In order, in one batch, settled at the end.
    let kept: Vec<ParsedLog> = logs.iter().filter(|log| *log != gone).cloned().collect();
    store(&one, &kept).await;
    settle(&one).await;
    // One by one in any order and some twice, settled first; one erased in between.
    settle(&other).await;
    for at in order {
        store(&other, &[at.get(logs).clone()]).await;
    }
    sql::store_erased(&other, &gone.meta, TIMEOUT_SECS)
        .await
        .unwrap();
    for log in logs.iter().rev() {
        store(&other, from_ref(log)).await;
    }
    settle(&other).await;
    assert_eq!(rows(&one).await, rows(&other).await);
}

fn order() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_in_which_logs_come_does_not_matter(
        logs in some_logs(),
        order in order(),
        settle_at in 0i64..30 * HOUR_US,
        erased in any::<Index>(),
    ) {
        runtime().block_on(async {
            in_any_order(&Place::directory(), &logs, &order, settle_at, erased).await;
        });
    }
}

#[cfg(feature = "mysql")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_order_in_which_logs_come_does_not_matter_on_a_server(
        logs in some_logs(),
        order in order(),
        settle_at in 0i64..30 * HOUR_US,
        erased in any::<Index>(),
    ) {
        runtime().block_on(async {
            if let Some(place) = Place::server().await {
                in_any_order(&place, &logs, &order, settle_at, erased).await;
            }
        });
    }
}

on_every_database! {
    silence_is_judged_once_and_stays_judged,
    sessions_are_filtered_and_paged,
}
