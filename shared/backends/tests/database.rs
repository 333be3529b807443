//! What every database must do with parsed logs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;
mod logs;

use std::collections::BTreeSet;
use std::slice::from_ref;

use logbook_backends::sql::{
    self, LogState, ParsedLog, SessionFilter, SessionRow, StoreOutcome, log_row, session,
    store_parsed, store_rejected,
};
use logbook_backends::{Attached, Connections, Database, Durability, Error, sqlx};
use logbook_model::{Day, EventReject, LogReject, SessionId, SessionParts, Status, Timestamp};
use logs::{
    DAY_US, TIMEOUT_SECS, log_id, meta, open, parsed, part, product, refused, rejected, store,
};
use proptest::prelude::*;

const HOUR_US: i64 = 3_600_000_000;

fn all_sessions() -> SessionFilter {
    SessionFilter {
        product: product(),
        days: Day(-1_000_000)..=Day(1_000_000),
        version: None,
        status: None,
        user: None,
        name: None,
    }
}

async fn rows(db: &Database) -> Vec<SessionRow> {
    sql::sessions(db, &all_sessions(), None, 1000)
        .await
        .unwrap()
}

/// The days that are out of date, after which none is.
async fn take_dirty(db: &Database) -> Vec<i32> {
    let days = sql::dirty_days(db, None, 1000).await.unwrap();
    sql::clear_dirty(db, &days).await.unwrap();
    days.into_iter().map(|day| day.day.0).collect()
}

#[tokio::test]
async fn a_log_is_stored_once_and_read_back_whole() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let mut first = part("l1", "s1", &[DAY_US, DAY_US + 5, DAY_US + 9]);
    first.end = Some(None);
    first.marks_ends = true;
    first.by_level = [1, 2, 3, 4, 5, 6, 7];
    let log = parsed("l1", vec![first.clone()]);
    assert_eq!(store(&db, from_ref(&log)).await, [StoreOutcome::Stored]);
    assert_eq!(
        store(&db, from_ref(&log)).await,
        [StoreOutcome::AlreadyStored]
    );

    let row = log_row(&db, &product(), &log_id("l1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&row.meta, row.state), (&log.meta, LogState::Parsed));
    assert_eq!(
        (row.records, row.sessions, row.flagged),
        (3, 1, log.flagged)
    );
    assert!(
        log_row(&db, &product(), &log_id("l2"))
            .await
            .unwrap()
            .is_none()
    );

    let id = SessionId::from_text("s1");
    let detail = session(&db, &product(), &id).await.unwrap().unwrap();
    assert_eq!(detail.parts, [first.clone()]);
    let mut set = SessionParts::default();
    set.insert(first);
    assert_eq!(detail.session, set.fold(TIMEOUT_SECS, None).unwrap());
    assert!(
        session(&db, &product(), &SessionId::from_text("s2"))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(take_dirty(&db).await, [1]);
}

#[tokio::test]
async fn content_that_another_log_owns_makes_a_duplicate() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let first = parsed("l1", vec![part("l1", "s1", &[5])]);
    let mut copy = parsed("l2", vec![part("l2", "s1", &[5])]);
    copy.content_hash = first.content_hash;
    let mut copy_in_batch = parsed("l3", vec![part("l3", "s1", &[5])]);
    copy_in_batch.content_hash = first.content_hash;
    let duplicate = StoreOutcome::Duplicate { of: log_id("l1") };
    let outcomes = store(&db, &[first, copy_in_batch]).await;
    assert_eq!(outcomes, [StoreOutcome::Stored, duplicate.clone()]);
    assert_eq!(store(&db, from_ref(&copy)).await[0], duplicate);
    assert_eq!(store(&db, from_ref(&copy)).await[0], duplicate);
    let row = log_row(&db, &product(), &log_id("l2"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.state, row.duplicate_of),
        (LogState::Duplicate, Some(log_id("l1")))
    );
    assert_eq!(rows(&db).await[0].session.parts, 1);
}

#[tokio::test]
async fn a_replay_replaces_what_was_stored() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let mut old = parsed(
        "l1",
        vec![
            part("l1", "s1", &[DAY_US]),
            part("l1", "gone", &[3 * DAY_US]),
        ],
    );
    old.rejects = refused(EventReject::Broken, 3);
    store(
        &db,
        &[old, parsed("l2", vec![part("l2", "s1", &[DAY_US + 7])])],
    )
    .await;
    take_dirty(&db).await;

    let mut new = parsed(
        "l1",
        vec![
            part("l1", "s1", &[DAY_US, 2 * DAY_US]),
            part("l1", "s2", &[9 * DAY_US]),
        ],
    );
    new.meta.parser_version = "0.2.0".to_owned();
    new.rejects = refused(EventReject::TooLong, 1);
    assert_eq!(store(&db, &[new]).await, [StoreOutcome::Stored]);
    let ids: Vec<_> = rows(&db)
        .await
        .iter()
        .map(|row| row.session.id.to_string())
        .collect();
    assert_eq!(ids, ["s2", "s1"]);
    assert_eq!(rows(&db).await[1].session.events, 3);
    assert_eq!(take_dirty(&db).await, [1, 3, 9]);
    let totals = sql::reject_totals(&db, &product(), Day(0)..=Day(200))
        .await
        .unwrap();
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].reason, "too_long");
}

#[tokio::test]
async fn a_start_that_moves_makes_both_days_dirty() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    store(&db, &[parsed("l1", vec![part("l1", "s1", &[5 * DAY_US])])]).await;
    assert_eq!(take_dirty(&db).await, [5]);
    store(&db, &[parsed("l2", vec![part("l2", "s1", &[4 * DAY_US])])]).await;
    assert_eq!(take_dirty(&db).await, [4, 5]);
    assert_eq!(take_dirty(&db).await, [0; 0]);
}

#[tokio::test]
async fn a_mark_made_while_a_day_is_analyzed_stays() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let days = BTreeSet::from([Day(1), Day(2)]);
    sql::mark_dirty(&db, &product(), &days).await.unwrap();
    let read = sql::dirty_days(&db, Some(&product()), 10).await.unwrap();
    sql::mark_dirty(&db, &product(), &BTreeSet::from([Day(2)]))
        .await
        .unwrap();
    assert_eq!(sql::clear_dirty(&db, &read).await.unwrap(), 1);
    let left = sql::dirty_days(&db, None, 10).await.unwrap();
    assert_eq!((left.len(), left[0].day), (1, Day(2)));
    assert_eq!(sql::clear_dirty(&db, &left).await.unwrap(), 1);
    sql::mark_dirty(&db, &product(), &days).await.unwrap();
    // A generation is never used twice: the one read long ago clears nothing.
    assert_eq!(sql::clear_dirty(&db, &read).await.unwrap(), 0);
    assert_eq!(take_dirty(&db).await, [1, 2]);
}

#[tokio::test]
async fn one_log_that_cannot_be_stored_stops_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let bad = parsed("l2", vec![part("other", "s2", &[1])]);
    let twice = parsed("l4", vec![part("l4", "s4", &[1]), part("l4", "s4", &[2])]);
    let good = |id: &str| parsed(id, vec![part(id, id, &[1])]);
    let logs = [good("l1"), bad, good("l3"), twice];
    let outcomes = store_parsed(&db, &logs).await;
    assert!(matches!(outcomes[0], Ok(StoreOutcome::Stored)));
    assert!(matches!(outcomes[2], Ok(StoreOutcome::Stored)));
    for at in [1, 3] {
        let error = outcomes[at].as_ref().unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }) && !error.is_transient());
    }
    assert_eq!(rows(&db).await.len(), 2);
}

#[tokio::test]
async fn the_same_log_twice_in_a_batch_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let log = parsed("l1", vec![part("l1", "s1", &[1])]);
    let mut newer = log.clone();
    newer.meta.parser_version = "0.2.0".to_owned();
    newer.parts.push(part("l1", "s2", &[1]));
    let outcomes = store(&db, &[log.clone(), log, newer]).await;
    let expected = [
        StoreOutcome::Stored,
        StoreOutcome::AlreadyStored,
        StoreOutcome::Stored,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(rows(&db).await.len(), 2);
}

#[tokio::test]
async fn a_rejected_log_loses_its_parts_and_owns_no_content() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let log = parsed("l1", vec![part("l1", "s1", &[1])]);
    store(&db, from_ref(&log)).await;
    let mut refusal = rejected("l1", LogReject::NoGoodRecord);
    refusal.rejects = refused(EventReject::Broken, 2);
    store_rejected(&db, &refusal).await.unwrap();
    store_rejected(&db, &refusal).await.unwrap();
    assert!(rows(&db).await.is_empty());
    let row = log_row(&db, &product(), &log_id("l1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.state, row.reason),
        (LogState::Rejected, Some(LogReject::NoGoodRecord))
    );
    let mut again = parsed("l2", vec![part("l2", "s1", &[1])]);
    again.content_hash = log.content_hash;
    assert_eq!(store(&db, &[again]).await, [StoreOutcome::Stored]);
}

#[tokio::test]
async fn an_erased_log_never_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let log = parsed("l1", vec![part("l1", "s1", &[1])]);
    store(
        &db,
        &[log.clone(), parsed("l2", vec![part("l2", "s1", &[2])])],
    )
    .await;
    sql::store_erased(&db, &meta("l1"), TIMEOUT_SECS)
        .await
        .unwrap();
    assert_eq!(rows(&db).await[0].session.parts, 1);
    assert_eq!(store(&db, &[log]).await, [StoreOutcome::Erased]);
    let refusal = rejected("l1", LogReject::Empty);
    assert_eq!(
        store_rejected(&db, &refusal).await.unwrap(),
        StoreOutcome::Erased
    );
    let row = log_row(&db, &product(), &log_id("l1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.state, row.content_hash), (LogState::Erased, None));
}

#[tokio::test]
async fn silence_is_judged_once_and_stays_judged() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let mut open_part = part("l1", "s1", &[DAY_US]);
    open_part.marks_ends = true;
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
    replay.meta.parser_version = "0.2.0".to_owned();
    store(&db, &[replay]).await;
    assert_eq!(rows(&db).await, judged);

    // A later log that ends the session takes the judgement back.
    let mut ending = part("l2", "s1", &[DAY_US + HOUR_US]);
    ending.end = Some(ending.last_activity_at);
    store(&db, &[parsed("l2", vec![ending])]).await;
    assert_eq!(rows(&db).await[0].session.status, Status::Exited);
}

#[tokio::test]
async fn sessions_are_filtered_and_paged() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
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

#[tokio::test]
async fn a_log_of_many_sessions_is_stored_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let sessions = |n: i64| {
        (0..n)
            .map(|n| part("l1", &format!("s{n}"), &[n, n + 1, n + 2]))
            .collect()
    };
    store(&db, &[parsed("l1", sessions(901))]).await;
    assert_eq!(rows(&db).await.len(), 901);
    let mut fewer = parsed("l1", sessions(303));
    fewer.meta.profile = "logbook@2".to_owned();
    store(&db, &[fewer]).await;
    assert_eq!(rows(&db).await.len(), 303);
    let silent = sql::settle_silence(&db, &product(), 0, Timestamp(DAY_US)).await;
    assert_eq!(silent.unwrap(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_stores_of_one_content_one_owns_it() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    let stores: Vec<_> = (0..16)
        .map(|n| {
            let (db, id) = (db.clone(), format!("l{n}"));
            let mut log = parsed(&id, vec![part(&id, "s1", &[n])]);
            log.content_hash = [7; 32];
            tokio::spawn(async move { store(&db, &[log]).await })
        })
        .collect();
    let mut stored = 0;
    for outcomes in stores {
        stored += usize::from(outcomes.await.unwrap()[0] == StoreOutcome::Stored);
    }
    assert_eq!(stored, 1);
    assert_eq!(rows(&db).await[0].session.parts, 1);
}

#[tokio::test]
async fn what_was_stored_outlives_kill_9_and_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let acknowledged = child::run_and_kill("child_stores_until_killed", directory.path(), 100);
    let db = open(directory.path()).await;
    for id in &acknowledged {
        let row = log_row(&db, &product(), &log_id(id)).await.unwrap();
        assert_eq!(row.unwrap().state, LogState::Parsed);
    }
    // A log is there with its parts and its session or not at all.
    let shared = session(&db, &product(), &SessionId::from_text("shared"))
        .await
        .unwrap();
    let shared = shared.unwrap();
    assert!(shared.parts.len() >= acknowledged.len());
    assert_eq!(shared.session.parts as usize, shared.parts.len());
    for part in &shared.parts {
        let row = log_row(&db, &product(), &part.log).await.unwrap().unwrap();
        assert_eq!((row.sessions, part.features.len()), (1, 3));
    }
}

#[tokio::test]
#[ignore = "run by what_was_stored_outlives_kill_9_and_is_whole"]
async fn child_stores_until_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let db = open(&directory).await;
    for n in 0.. {
        let id = format!("l{n}");
        store(
            &db,
            &[parsed(&id, vec![part(&id, "shared", &[n, n + 1, n + 2])])],
        )
        .await;
        child::acknowledge(&id);
    }
}

#[tokio::test]
async fn another_file_can_be_attached() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path()).await;
    store(&db, &[parsed("l1", vec![part("l1", "s1", &[1])])]).await;
    let path = directory.path().join("analytics.db");
    let sessions = Attached {
        name: "sessions".to_owned(),
        path: directory.path().join("sessions.db"),
    };
    let analytics = Database::open_file_with(&path, Durability::Process, vec![sessions])
        .await
        .unwrap();
    let Connections::Sqlite { readers, writer } = analytics.connections() else {
        panic!("not SQLite");
    };
    for sql in [
        "CREATE TABLE daily (day INT, n INT)",
        "INSERT INTO daily SELECT start_day, COUNT(*) FROM sessions.session GROUP BY start_day",
    ] {
        sqlx::query(sql).execute(writer).await.unwrap();
    }
    let count: i64 = sqlx::query_scalar("SELECT n FROM daily")
        .fetch_one(readers)
        .await
        .unwrap();
    assert_eq!(count, 1);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_in_which_logs_come_does_not_matter(
        logs in some_logs(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        settle_at in 0i64..30 * HOUR_US,
        erased in any::<prop::sample::Index>(),
    ) {
        runtime().block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let (one, other) = (directory.path().join("a"), directory.path().join("b"));
            let (one, other) = (open(&one).await, open(&other).await);
            let settle_at = Timestamp(settle_at);
            let gone = erased.get(&logs);
            // In order, in one batch, settled at the end.
            let kept: Vec<ParsedLog> = logs.iter().filter(|log| *log != gone).cloned().collect();
            store(&one, &kept).await;
            sql::settle_silence(&one, &product(), TIMEOUT_SECS, settle_at).await.unwrap();
            // One by one in any order and some twice, settled first; one erased in between.
            sql::settle_silence(&other, &product(), TIMEOUT_SECS, settle_at).await.unwrap();
            for at in order {
                store(&other, &[at.get(&logs).clone()]).await;
            }
            sql::store_erased(&other, &gone.meta, TIMEOUT_SECS).await.unwrap();
            for log in logs.iter().rev() {
                store(&other, from_ref(log)).await;
            }
            sql::settle_silence(&other, &product(), TIMEOUT_SECS, settle_at).await.unwrap();
            assert_eq!(rows(&one).await, rows(&other).await);
        });
    }
}
