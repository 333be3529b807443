//! What every database must do with parsed logs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;
#[allow(dead_code, reason = "each test program uses its share")]
mod logs;
#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;

use std::collections::BTreeSet;
use std::slice::from_ref;

use logbook_backends::Error;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_backends::sql::{
    self, LogState, StoreOutcome, log_row, session, store_parsed, store_rejected,
};
use logbook_model::{Day, EventReject, LogReject, SessionId, SessionParts, Timestamp};
use logs::{
    DAY_US, TIMEOUT_SECS, log_id, meta, open, parsed, part, product, refused, rejected, rows,
    store, take_dirty,
};
use place::{Place, on_every_database};

async fn a_schema_of_a_later_release_is_taken_as_it_is(place: &Place) {
    let db = open(place).await;
    db.execute_script(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'of a later release', 1, '', 0)",
    )
    .await
    .unwrap();
    sql::migrate(&db).await.unwrap();
    let log = parsed("l1", vec![part("l1", "s1", &[DAY_US])]);
    assert_eq!(store(&db, from_ref(&log)).await, [StoreOutcome::Stored]);
}

async fn a_log_is_stored_once_and_read_back_whole(place: &Place) {
    let db = open(place).await;
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

async fn content_that_another_log_owns_makes_a_duplicate(place: &Place) {
    let db = open(place).await;
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

async fn a_replay_replaces_what_was_stored(place: &Place) {
    let db = open(place).await;
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
    "0.2.0".clone_into(&mut new.meta.parser_version);
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

async fn a_start_that_moves_makes_both_days_dirty(place: &Place) {
    let db = open(place).await;
    store(&db, &[parsed("l1", vec![part("l1", "s1", &[5 * DAY_US])])]).await;
    assert_eq!(take_dirty(&db).await, [5]);
    store(&db, &[parsed("l2", vec![part("l2", "s1", &[4 * DAY_US])])]).await;
    assert_eq!(take_dirty(&db).await, [4, 5]);
    assert_eq!(take_dirty(&db).await, [0; 0]);
}

async fn a_mark_made_while_a_day_is_analyzed_stays(place: &Place) {
    let db = open(place).await;
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

async fn one_log_that_cannot_be_stored_stops_no_other(place: &Place) {
    let db = open(place).await;
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

async fn the_same_log_twice_in_a_batch_is_stored_once(place: &Place) {
    let db = open(place).await;
    let log = parsed("l1", vec![part("l1", "s1", &[1])]);
    let mut newer = log.clone();
    "0.2.0".clone_into(&mut newer.meta.parser_version);
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

async fn a_rejected_log_loses_its_parts_and_owns_no_content(place: &Place) {
    let db = open(place).await;
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

async fn an_erased_log_never_comes_back(place: &Place) {
    let db = open(place).await;
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

async fn a_log_of_many_sessions_is_stored_and_replaced(place: &Place) {
    let db = open(place).await;
    let sessions = |n: i64| {
        (0..n)
            .map(|n| part("l1", &format!("s{n}"), &[n, n + 1, n + 2]))
            .collect()
    };
    store(&db, &[parsed("l1", sessions(901))]).await;
    assert_eq!(rows(&db).await.len(), 901);
    let mut fewer = parsed("l1", sessions(303));
    "logbook@2".clone_into(&mut fewer.meta.profile);
    store(&db, &[fewer]).await;
    assert_eq!(rows(&db).await.len(), 303);
    let silent = sql::settle_silence(&db, &product(), 0, Timestamp(DAY_US)).await;
    assert_eq!(silent.unwrap(), 303);
}

async fn of_many_stores_of_one_content_one_owns_it(place: &Place) {
    let db = open(place).await;
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
    let db = open(&Place::at(directory.path())).await;
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
    let db = open(&Place::at(&directory)).await;
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

async fn names_that_differ_in_a_space_or_in_case_are_two(place: &Place) {
    let db = open(place).await;
    let mut only = part("l1", "s1", &[1]);
    let open_feature = only.features["open"].clone();
    let names = ["Open", "open", "open ", "ópen", "open\u{301}"];
    for name in names {
        only.features.insert(name.into(), open_feature.clone());
    }
    only.facts.version = Some("1.0 ".to_owned());
    store(&db, &[parsed("l1", vec![only.clone()])]).await;
    let id = SessionId::from_text("s1");
    let detail = session(&db, &product(), &id).await.unwrap().unwrap();
    assert_eq!(detail.parts, [only]);
    assert_eq!(detail.session.features.len(), names.len());
    for (version, found) in [("1.0 ", 1), ("1.0", 0)] {
        let mut filter = logs::all_sessions();
        filter.version = Some(version.to_owned());
        let rows = sql::sessions(&db, &filter, None, 10).await.unwrap();
        assert_eq!(rows.len(), found, "{version:?}");
    }
}

async fn another_schema_is_read_by_its_name(place: &Place) {
    let db = open(place).await;
    store(&db, &[parsed("l1", vec![part("l1", "s1", &[1])])]).await;
    let analytics = place.analytics().await;
    let mut transaction = analytics.begin_late().await.unwrap();
    for sql in [
        "CREATE TABLE daily (day INT, n INT)",
        "INSERT INTO daily SELECT start_day, COUNT(*) FROM sessions.session GROUP BY start_day",
    ] {
        let query = statement(sql);
        query.execute(&mut transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut connection = analytics.read().await.unwrap();
    let row = statement("SELECT n FROM daily").fetch_one(&mut connection);
    assert_eq!(Cells::new(&row.await.unwrap()).int().unwrap(), 1);
}

on_every_database! {
    a_schema_of_a_later_release_is_taken_as_it_is,
    a_log_is_stored_once_and_read_back_whole,
    content_that_another_log_owns_makes_a_duplicate,
    a_replay_replaces_what_was_stored,
    a_start_that_moves_makes_both_days_dirty,
    a_mark_made_while_a_day_is_analyzed_stays,
    one_log_that_cannot_be_stored_stops_no_other,
    the_same_log_twice_in_a_batch_is_stored_once,
    a_rejected_log_loses_its_parts_and_owns_no_content,
    an_erased_log_never_comes_back,
    a_log_of_many_sessions_is_stored_and_replaced,
    of_many_stores_of_one_content_one_owns_it,
    names_that_differ_in_a_space_or_in_case_are_two,
    another_schema_is_read_by_its_name,
}
