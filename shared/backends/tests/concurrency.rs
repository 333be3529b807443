//! Many stores at once: the state that they end in is one that stores one after the other give.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[allow(dead_code, reason = "each test program uses its share")]
mod logs;
#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use logbook_backends::Database;
use logbook_backends::sql::{
    self, LogState, ParsedLog, SessionRow, StoreOutcome, log_row, session,
};
use logbook_model::{Day, SessionId, Timestamp};
use logs::{DAY_US, TIMEOUT_SECS, log_id, open, parsed, part, product, rows, store};
use place::{Place, on_every_database};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const TASKS: usize = 8;
const SETTLED_AT: Timestamp = Timestamp(50 * DAY_US);

/// Logs that share sessions, some silent in the end, and pairs of logs of one content.
fn overlapping() -> Vec<ParsedLog> {
    let mut logs = Vec::new();
    for n in 0..40i64 {
        let id = format!("l{n}");
        let sessions = [n % 7, (n * 3 + 1) % 7, 7 + n % 11, 100 + n];
        let sessions: BTreeSet<i64> = sessions.into_iter().collect();
        let parts = sessions.iter().map(|session| {
            let at = session % 9 * DAY_US + n;
            let mut part = part(&id, &format!("s{session}"), &[at, at + 5, at + 9]);
            part.marks_ends = session % 2 == 0;
            part.started = true;
            part
        });
        logs.push(parsed(&id, parts.collect()));
    }
    for n in 200..210 {
        for id in [format!("l{n}"), format!("copy{n}")] {
            // Both were received at once: who owns the content is all that differs.
            let mut only = part(&id, &format!("d{n}"), &[n]);
            only.received_at = Timestamp(100 * DAY_US);
            let mut log = parsed(&id, vec![only]);
            log.content_hash = [n as u8; 32];
            logs.push(log);
        }
    }
    logs
}

/// A task's own order, and how many logs it stores at once.
fn order_of(task: usize, mut logs: Vec<ParsedLog>) -> Vec<Vec<ParsedLog>> {
    let mut state = task as u64 + 1;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for at in (1..logs.len()).rev() {
        logs.swap(at, random() % (at + 1));
    }
    let mut batches = Vec::new();
    while !logs.is_empty() {
        let rest = logs.split_off((1 + random() % 8).min(logs.len()));
        batches.push(std::mem::replace(&mut logs, rest));
    }
    batches
}

async fn settle(db: &Database, at: Timestamp) {
    sql::settle_silence(db, &product(), TIMEOUT_SECS, at)
        .await
        .unwrap();
}

async fn overlapping_stores_end_as_if_one_came_after_the_other(place: &Place) {
    let another = place.another().await;
    let (many, one) = (open(place).await, open(&another).await);
    settle(&many, Timestamp(0)).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (db, batches) = (many.clone(), order_of(task, overlapping()));
        tasks.spawn(async move {
            let mut outcomes = Vec::new();
            for (nth, batch) in batches.into_iter().enumerate() {
                let stored = store(&db, &batch).await;
                let ids = batch.into_iter().map(|log| log.meta.log.to_string());
                outcomes.extend(ids.zip(stored));
                if task == 0 && nth == 3 {
                    settle(&db, SETTLED_AT).await;
                }
            }
            outcomes
        });
    }
    let outcomes: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();

    store(&one, &overlapping()).await;
    settle(&one, SETTLED_AT).await;
    let expected: Vec<SessionRow> = rows(&one).await;
    assert!(expected.len() > 60);
    assert_eq!(rows(&many).await, expected);
    // Each content was stored by one log, once.
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    for (log, outcome) in outcomes {
        let content = log.replace("copy", "l");
        *stored.entry(content).or_default() += usize::from(outcome == StoreOutcome::Stored);
    }
    assert!(stored.values().all(|&times| times == 1), "{stored:?}");
    for n in 200..210 {
        let mut states = Vec::new();
        for id in [format!("l{n}"), format!("copy{n}")] {
            let row = log_row(&many, &product(), &log_id(&id)).await.unwrap();
            states.push(row.unwrap().state);
        }
        states.sort_unstable();
        assert_eq!(states, [LogState::Parsed, LogState::Duplicate]);
    }
    let days = async |db: &Database| {
        let days = sql::dirty_days(db, None, 1000).await.unwrap();
        days.into_iter().map(|day| day.day).collect::<Vec<_>>()
    };
    assert_eq!(days(&many).await, days(&one).await);
}

async fn parts_of_one_new_session_all_count(place: &Place) {
    let db = open(place).await;
    for round in 0..20 {
        let start = Arc::new(Barrier::new(TASKS));
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (db, start) = (db.clone(), Arc::clone(&start));
            tasks.spawn(async move {
                let id = format!("r{round}t{task}");
                let own = parsed(&id, vec![part(&id, &format!("s{round}"), &[task as i64])]);
                start.wait().await;
                store(&db, &[own]).await;
            });
        }
        tasks.join_all().await;
        let id = SessionId::from_text(&format!("s{round}"));
        let detail = session(&db, &product(), &id).await.unwrap().unwrap();
        assert_eq!(detail.session.parts as usize, TASKS, "round {round}");
        assert_eq!(detail.session.events as usize, TASKS);
    }
}

async fn no_mark_is_lost(place: &Place) {
    let db = open(place).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let db = db.clone();
        tasks.spawn(async move {
            for n in 0..25 {
                let days = BTreeSet::from([Day(1), Day(2 + (task as i32 + n) % 3)]);
                sql::mark_dirty(&db, &product(), &days).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let days = sql::dirty_days(&db, None, 10).await.unwrap();
    let generations: Vec<i64> = days.iter().map(|day| day.generation).collect();
    assert_eq!(generations[0], 25 * TASKS as i64);
    assert_eq!(generations[1..].iter().sum::<i64>(), 25 * TASKS as i64);
}

async fn replays_at_once_leave_one_of_them_whole(place: &Place) {
    let db = open(place).await;
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let db = db.clone();
            tasks.spawn(async move {
                let own = format!("own{task}");
                let parts = vec![part("l1", &own, &[5]), part("l1", "shared", &[7])];
                let mut log = parsed("l1", parts);
                log.meta.parser_version = format!("{round}.{task}");
                store(&db, &[log]).await;
            });
        }
        tasks.join_all().await;
        let row = log_row(&db, &product(), &log_id("l1")).await.unwrap();
        let version = row.unwrap().meta.parser_version;
        let own = format!("own{}", version.rsplit('.').next().unwrap());
        let mut ids: Vec<_> = rows(&db)
            .await
            .iter()
            .map(|row| row.session.id.to_string())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, [own, "shared".to_owned()]);
    }
}

async fn an_erasure_amid_stores_is_final(place: &Place) {
    let db = open(place).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let db = db.clone();
        tasks.spawn(async move {
            for n in 0..10 {
                let mut log = parsed("l1", vec![part("l1", "s1", &[n])]);
                log.meta.parser_version = format!("{task}.{n}");
                let other = format!("o{task}{n}");
                let other = parsed(&other, vec![part(&other, "s1", &[n])]);
                store(&db, &[log, other]).await;
                if (task, n) == (3, 4) {
                    sql::store_erased(&db, &logs::meta("l1"), TIMEOUT_SECS)
                        .await
                        .unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    let row = log_row(&db, &product(), &log_id("l1")).await.unwrap();
    assert_eq!(row.unwrap().state, LogState::Erased);
    let id = SessionId::from_text("s1");
    let detail = session(&db, &product(), &id).await.unwrap().unwrap();
    assert_eq!(detail.parts.len(), 10 * TASKS);
    assert_eq!(detail.session.parts as usize, 10 * TASKS);
}

on_every_database! {
    overlapping_stores_end_as_if_one_came_after_the_other,
    parts_of_one_new_session_all_count,
    no_mark_is_lost,
    replays_at_once_leave_one_of_them_whole,
    an_erasure_amid_stores_is_final,
}
