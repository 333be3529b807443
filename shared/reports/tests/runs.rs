//! Runs that are held off, cut short, or started again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;
#[allow(dead_code, reason = "each test program uses its share")]
mod support;

use std::time::Duration;

use logbook_backends::sql::dirty_days;
use logbook_reports::{Error, Progress, Result, analyze, rebuild, take_back_leases};
use place::{Place, on_every_database};
use support::{
    Run, SETTINGS, Stores, TODAY, analyze_all, dump, execute, now, open, product, store,
};

const LONG: Duration = Duration::from_mins(10);

async fn try_analyze(stores: &Stores) -> Result<Progress> {
    analyze(&stores.analytics, &product(), &SETTINGS, LONG, now()).await
}

/// Forty days with some users, in logs of a generation.
fn runs(prefix: &str) -> Vec<Run> {
    let run = |n: i32| {
        let id = format!("{prefix}{n}");
        let mut run = Run::new(&id, TODAY.plus(-n), &format!("u{}", n % 9));
        run.events[0].2 = n % 3 == 0;
        run
    };
    (0..40).map(run).collect()
}

/// What a rebuild makes of the same sessions.
async fn equals_rebuild(stores: &Stores) -> bool {
    let kept = dump(&stores.analytics).await;
    rebuild(&stores.analytics, &product(), &SETTINGS, now())
        .await
        .unwrap();
    !kept.is_empty() && kept == dump(&stores.analytics).await
}

async fn one_run_at_a_time(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    let (first, second) = tokio::join!(try_analyze(&stores), try_analyze(&stores));
    let busy = [&first, &second];
    let busy = busy
        .iter()
        .filter(|run| matches!(run, Err(Error::Busy { .. })))
        .count();
    assert_eq!(busy, 1, "{first:?} {second:?}");
    // Given back at the end.
    try_analyze(&stores).await.unwrap();
}

async fn a_lease_left_by_a_killed_run_ends(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    execute(
        &stores.analytics,
        "INSERT INTO analyze_lease VALUES ('editor', 'dead', 9000000000000000)",
    )
    .await;
    let error = try_analyze(&stores).await.unwrap_err();
    assert!(error.is_transient() && matches!(error, Error::Busy { .. }));
    execute(&stores.analytics, "UPDATE analyze_lease SET expires_at = 1").await;
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 40);
}

async fn a_host_that_runs_alone_takes_back_the_leases_of_the_dead(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    execute(
        &stores.analytics,
        "INSERT INTO analyze_lease VALUES ('editor', 'dead', 9000000000000000)",
    )
    .await;
    take_back_leases(&stores.analytics).await.unwrap();
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 40);
}

async fn a_run_that_lost_its_lease_writes_nothing_more(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    // Another takes the lease after the first step.
    execute(
        &stores.analytics,
        &Place::trigger(
            "thief",
            "INSERT ON active_users",
            "UPDATE analyze_lease SET holder = 'thief'",
        ),
    )
    .await;
    let error = try_analyze(&stores).await.unwrap_err();
    assert!(matches!(error, Error::LeaseLost), "{error:?}");
    let left = dirty_days(&stores.sessions, None, 100).await.unwrap();
    assert_eq!(left.len(), 40 - 16);
}

async fn a_run_cut_short_anywhere_is_finished_by_the_next(place: &Place) {
    for (name, when, condition) in [
        (
            "before anything",
            "DELETE ON feature_usage",
            "OLD.product = 'editor'",
        ),
        (
            "within a day",
            "INSERT ON release_health",
            "NEW.day = '2026-02-20'",
        ),
        (
            "among persons",
            "INSERT ON person_first",
            "NEW.first_day > '2026-02-01'",
        ),
        (
            "among windows",
            "INSERT ON active_users",
            "NEW.day = '2026-02-25'",
        ),
        (
            "among errors",
            "INSERT ON error_seen",
            "NEW.last_day > '2026-02-20'",
        ),
        ("among uses", "INSERT ON feature_first", "1 = 1"),
        ("among weeks", "INSERT ON retention", "NEW.week = 2"),
        ("before the end", "INSERT ON analyze_run", "1 = 1"),
    ] {
        let place = &place.another().await;
        let stores = open(place).await;
        store(&stores, &runs("a")[10..30]).await;
        analyze_all(&stores).await;
        store(&stores, &runs("b")).await;
        let trigger = place.cutting_trigger(when, condition);
        execute(&stores.analytics, &trigger).await;
        try_analyze(&stores).await.unwrap_err();
        try_analyze(&stores).await.unwrap_err();
        execute(&stores.analytics, "DROP TRIGGER cut").await;
        try_analyze(&stores).await.unwrap();
        assert!(equals_rebuild(&stores).await, "{name}");
    }
}

async fn a_run_cut_short_before_it_clears_its_marks_is_done_again(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    let trigger = place.cutting_trigger("UPDATE ON dirty", "NEW.cleared <> OLD.cleared");
    execute(&stores.sessions, &trigger).await;
    try_analyze(&stores).await.unwrap_err();
    execute(&stores.sessions, "DROP TRIGGER cut").await;
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 40);
    assert!(equals_rebuild(&stores).await);
}

async fn a_rebuild_heals_what_is_damaged(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    analyze_all(&stores).await;
    let kept = dump(&stores.analytics).await;
    execute(&stores.analytics, "DELETE FROM person_first").await;
    execute(&stores.analytics, "UPDATE active_users SET persons = x'00'").await;
    execute(&stores.analytics, "UPDATE feature_usage SET version = '9'").await;
    rebuild(&stores.analytics, &product(), &SETTINGS, now())
        .await
        .unwrap();
    assert_eq!(kept, dump(&stores.analytics).await);
}

async fn tables_of_another_shape_are_computed_anew(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("a")).await;
    analyze_all(&stores).await;
    let kept = dump(&stores.analytics).await;
    // As a program left them that did not know all tables.
    execute(&stores.analytics, "DELETE FROM retention").await;
    execute(&stores.analytics, "DELETE FROM feature_first").await;
    execute(&stores.analytics, "UPDATE analyze_shape SET shape = 1").await;
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 40);
    assert_eq!(kept, dump(&stores.analytics).await);
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 0);
}

async fn a_day_marked_during_a_run_stays_marked(place: &Place) {
    let stores = open(place).await;
    analyze_all(&stores).await;
    store(&stores, &runs("a")).await;
    // A log of that day comes in after its mark was read.
    let days = dirty_days(&stores.sessions, None, 100).await.unwrap();
    store(&stores, &runs("b")[..1]).await;
    let cleared = logbook_backends::sql::clear_dirty(&stores.sessions, &days).await;
    assert_eq!(cleared.unwrap(), 39);
    assert_eq!(try_analyze(&stores).await.unwrap().days_done, 1);
}

on_every_database! {
    one_run_at_a_time,
    a_lease_left_by_a_killed_run_ends,
    a_host_that_runs_alone_takes_back_the_leases_of_the_dead,
    a_run_that_lost_its_lease_writes_nothing_more,
    a_run_cut_short_anywhere_is_finished_by_the_next,
    a_run_cut_short_before_it_clears_its_marks_is_done_again,
    a_rebuild_heals_what_is_damaged,
    tables_of_another_shape_are_computed_anew,
    a_day_marked_during_a_run_stays_marked,
}
