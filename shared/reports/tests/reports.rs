//! What replies promise: guards, pages, freshness, errors, shapes.
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

use logbook_backends::sql::{ListedLog, Listing};
use logbook_model::{Kind, LogId, Timestamp};
use logbook_reports::{Cell, ReportReply, ReportRequest, analyze, query};
use place::{Place, on_every_database};
use support::{
    Run, SETTINGS, Stores, TODAY, analyze_all, ask, now, open, product, reject, request, store,
};

async fn guarded(stores: &Stores, name: &str, min_users: u32) -> ReportReply {
    let mut request = request(name, &[]);
    request.min_users = min_users;
    query(&stores.analytics, &request).await.unwrap()
}

fn texts(reply: &ReportReply, column: &str) -> Vec<Cell> {
    let at = reply.columns.iter().position(|known| known.name == column);
    reply
        .rows
        .iter()
        .map(|row| row[at.unwrap()].clone())
        .collect()
}

async fn an_empty_database_answers_every_report(place: &Place) {
    let stores = open(place).await;
    for again in [false, true] {
        for report in logbook_reports::catalogue() {
            let request = ReportRequest::parse(report.name, product(), [("", ""); 0]).unwrap();
            let reply = query(&stores.analytics, &request).await.unwrap();
            // How fresh nothing is, is something, too.
            let empty = reply.rows.is_empty() || report.name == "freshness";
            assert!(empty && reply.next.is_none(), "{}", report.name);
            assert_eq!(reply.freshness.complete_until, again.then(now));
        }
        assert_eq!(analyze_all(&stores).await.days_done, 0);
    }
}

async fn groups_of_few_persons_are_withheld_and_counted(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for user in 0..5 {
        runs.push(Run::new(&format!("a{user}"), TODAY, &format!("u{user}")));
        let mut again = Run::new(&format!("b{user}"), TODAY, "u0");
        again.version = Some("2.0".to_owned());
        runs.push(again);
        // Nobody knows who: sessions, but no person.
        let mut unidentified = Run::new(&format!("c{user}"), TODAY, "");
        (unidentified.user, unidentified.version) = (None, Some("3.0".to_owned()));
        runs.push(unidentified);
    }
    runs.push(Run::new("early", TODAY.plus(-3), "u9"));
    store(&stores, &runs).await;
    analyze_all(&stores).await;

    let reply = guarded(&stores, "release-health", 5).await;
    assert_eq!(texts(&reply, "version"), [Cell::Text("1.0".to_owned())]);
    assert_eq!(reply.withheld_groups, 2);
    // Shares are of all sessions, withheld or not. The early run is of a day of one person: whoever
    // compares with the range without that day shall see none.
    assert_eq!(texts(&reply, "session_share"), [Cell::Ratio(5.0 / 16.0)]);
    let reply = guarded(&stores, "feature-usage", 5).await;
    assert_eq!((reply.rows.len(), reply.withheld_groups), (1, 3));
    assert_eq!(guarded(&stores, "release-health", 0).await.rows.len(), 3);

    let reply = guarded(&stores, "versions", 5).await;
    assert_eq!((reply.rows.len(), reply.withheld_groups), (1, 3));
    let reply = guarded(&stores, "platforms", 5).await;
    assert_eq!((reply.rows.len(), reply.withheld_groups), (1, 1));
    assert_eq!(guarded(&stores, "top-errors", 0).await.rows.len(), 0);

    // Today is a Tuesday, and the early run was the Saturday before: a cohort of one.
    let reply = guarded(&stores, "retention", 5).await;
    assert_eq!(texts(&reply, "cohort"), [Cell::Day(TODAY.plus(-1))]);
    assert_eq!(texts(&reply, "cohort_users"), [Cell::Integer(5)]);
    assert_eq!(texts(&reply, "complete"), [Cell::Boolean(false)]);
    let reply_to = ask(&stores, "retention", &[("to", "2026-03-08")]).await;
    assert_eq!(texts(&reply_to, "users"), [Cell::Integer(1)]);
    assert_eq!(reply.withheld_groups, 1);

    // Days before today held one person in each of their three windows, days between held
    // nobody by themselves.
    let reply = guarded(&stores, "active-users", 5).await;
    assert_eq!(texts(&reply, "day"), [Cell::Day(TODAY)]);
    assert_eq!(texts(&reply, "wau"), [Cell::Integer(6)]);
    assert_eq!(reply.withheld_groups, 3 + 2 + 2);
}

async fn a_first_day_moves_when_an_earlier_one_comes_and_goes(place: &Place) {
    let stores = open(place).await;
    let new_users = async || {
        analyze_all(&stores).await;
        let reply = ask(&stores, "active-users", &[]).await;
        let new = texts(&reply, "new_users").into_iter();
        let days = texts(&reply, "day").into_iter().zip(new);
        days.filter(|(_, new)| *new != Cell::Integer(0))
            .collect::<Vec<_>>()
    };
    let on = |back: i32| vec![(Cell::Day(TODAY.plus(-back)), Cell::Integer(1))];
    store(&stores, &[Run::new("now", TODAY, "u")]).await;
    assert_eq!(new_users().await, on(0));
    store(&stores, &[Run::new("late", TODAY.plus(-90), "u")]).await;
    assert_eq!(new_users().await, on(90));
    store(&stores, &[Run::new("later", TODAY.plus(-40), "u")]).await;
    assert_eq!(new_users().await, on(90));
    reject(&stores, "late").await;
    assert_eq!(new_users().await, on(40));
    reject(&stores, "later").await;
    assert_eq!(new_users().await, on(0));
}

async fn test_traffic_is_apart(place: &Place) {
    let stores = open(place).await;
    let named = |id: &str, environment: Option<&str>| Run {
        environment: environment.map(str::to_owned),
        ..Run::new(id, TODAY, id)
    };
    let runs = [
        named("a", None),
        named("b", Some("PROD")),
        named("c", Some("production")),
        named("d", Some("ci")),
    ];
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    for (environment, sessions) in [("production", 3), ("other", 1), ("all", 4)] {
        for name in [
            "release-health",
            "active-users",
            "feature-usage",
            "versions",
            "platforms",
        ] {
            let reply = ask(&stores, name, &[("environment", environment)]).await;
            let found = texts(&reply, "sessions");
            assert_eq!(found, [Cell::Integer(sessions)], "{name} {environment}");
        }
    }
}

async fn freshness_says_what_the_figures_rest_on(place: &Place) {
    let stores = open(place).await;
    let fresh = async || ask(&stores, "feature-usage", &[]).await.freshness;
    let days = |from: i32, to: i32| -> Vec<Run> {
        let run = |n: i32| Run::new(&format!("d{n}"), TODAY.plus(-n), "u");
        (from..to).map(run).collect()
    };
    store(&stores, &days(0, 30)).await;
    reject(&stores, "bad").await;
    let found = fresh().await;
    assert_eq!(
        (
            found.complete_until,
            found.days_pending,
            found.logs_rejected
        ),
        (None, 30, 1)
    );

    // A run without time does a step and promises nothing; the next ones go on.
    let product = product();
    let brief = || {
        analyze(
            &stores.analytics,
            &product,
            &SETTINGS,
            Duration::ZERO,
            now(),
        )
    };
    let progress = brief().await.unwrap();
    assert_eq!((progress.days_done, progress.days_left), (16, 14));
    assert_eq!(
        (fresh().await.complete_until, fresh().await.days_pending),
        (None, 14)
    );
    assert_eq!(brief().await.unwrap().days_left, 0);
    assert_eq!(
        (fresh().await.complete_until, fresh().await.days_pending),
        (Some(now()), 0)
    );

    // A log that came before that instant and is not parsed takes the promise back to its day.
    let as_of = Timestamp(now().0 + 1);
    let mut listing = Listing::begin(&stores.sessions, &product, as_of, None)
        .await
        .unwrap();
    let unread = ListedLog {
        log: LogId::new("unread").unwrap(),
        archived_at: now(),
    };
    listing.add(&stores.sessions, &[unread]).await.unwrap();
    listing.finish(&stores.sessions).await.unwrap();
    let found = fresh().await;
    assert_eq!(found.logs_pending, 1);
    assert_eq!(found.complete_until, Some(Timestamp::start_of(TODAY)));
    store(&stores, &days(40, 42)).await;
    let csv = ask(&stores, "freshness", &[]).await.to_csv();
    insta::allow_duplicates!(insta::assert_snapshot!(csv.replace('\r', ""), @"
    product,complete_until,analyzed_until,oldest_log_pending,oldest_day_pending,days_pending,logs_pending,logs_rejected
    editor,2026-03-10T00:00:00Z,2026-03-10T12:00:00Z,2026-03-10,2026-01-28,2,1,1
    "));
}

async fn errors_are_known_since_their_first_version(place: &Place) {
    let stores = open(place).await;
    let failed = |id: &str, back: i32, version: &str| {
        let mut run = Run::new(id, TODAY.plus(-back), id);
        run.version = Some(version.to_owned());
        run.events[0].2 = true;
        run
    };
    let runs = [
        failed("a", 90, "1.9"),
        failed("b", 90, "1.10"),
        failed("c", 5, "1.9"),
    ];
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let seen = async || {
        // Whatever range is asked for.
        let range = [("from", "2026-03-01"), ("to", "2026-03-10")];
        let reply = ask(&stores, "top-errors", &range).await;
        ["first_day", "first_version", "last_day", "last_version"]
            .map(|name| texts(&reply, name).remove(0))
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    let day = |back: i32| Cell::Day(TODAY.plus(-back));
    assert_eq!(seen().await, [day(90), text("1.9"), day(5), text("1.9")]);
    reject(&stores, "a").await;
    analyze_all(&stores).await;
    assert_eq!(seen().await, [day(90), text("1.10"), day(5), text("1.9")]);
    store(&stores, &[failed("d", 5, "1.10")]).await;
    analyze_all(&stores).await;
    assert_eq!(seen().await[3], text("1.10"));
}

async fn a_release_is_compared_with_the_one_before_it(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for n in 0..40 {
        for version in ["1.9", "1.10", "1.11"] {
            // Of 1.11, few have it yet.
            if version == "1.11" && n >= 4 {
                continue;
            }
            let mut run = Run::new(&format!("{}-{n}", &version[2..]), TODAY, &format!("u{n}"));
            run.version = Some(version.to_owned());
            if version == "1.10" && n % 2 == 0 {
                run.events[0].1 = Kind::Crash;
            }
            // Two persons used this.
            if n < 2 {
                run.events
                    .push(("rare".to_owned(), Kind::Normal, false, 1, None));
            }
            runs.push(run);
        }
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let reply = guarded(&stores, "release-delta", 5).await;
    let only = |cell: &str| vec![Cell::Text(cell.to_owned()); 5];
    assert_eq!(texts(&reply, "version"), only("1.10"));
    assert_eq!(texts(&reply, "previous_version"), only("1.9"));
    // The release of few persons, and the feature of few.
    assert_eq!(reply.withheld_groups, 2);
    let measures = [
        "crash_free_sessions",
        "crash_free_users",
        "adoption",
        "error_rate",
        "p95_us",
    ];
    assert_eq!(
        texts(&reply, "measure"),
        measures.map(|name| Cell::Text(name.to_owned()))
    );
    let differs = [true, true, false, false, false].map(Cell::Boolean);
    assert_eq!(texts(&reply, "differs"), differs);
    assert_eq!(texts(&reply, "difference")[0], Cell::Number(-0.5));
    let asked = [("version", "1.11"), ("feature", "(all)")];
    let reply = ask(&stores, "release-delta", &asked).await;
    assert_eq!(
        texts(&reply, "previous_version"),
        [Cell::Text("1.10".to_owned()), Cell::Text("1.10".to_owned())]
    );
}

async fn a_funnel_ends_where_too_few_came(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for n in 0..8 {
        for (at, name, back) in [(8, "open", 9), (6, "save", 5), (2, "share", 5)] {
            let mut run = Run::new(&format!("{name}{n}"), TODAY.plus(-back), &format!("u{n}"));
            name.clone_into(&mut run.events[0].0);
            runs.extend((n < at).then_some(run));
        }
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let mut request = request("funnel", &[("steps", "open,save,share")]);
    let of = async |request: &ReportRequest| {
        let reply = query(&stores.analytics, request).await.unwrap();
        (texts(&reply, "users"), reply.withheld_groups, reply.next)
    };
    let users = |users: &[i64]| users.iter().copied().map(Cell::Integer).collect::<Vec<_>>();
    assert_eq!(of(&request).await, (users(&[8, 6, 2]), 0, None));
    request.min_users = 5;
    assert_eq!(of(&request).await, (users(&[8, 6]), 1, None));
    request.limit = Some(1);
    let (first, withheld, next) = of(&request).await;
    assert_eq!((first, withheld), (users(&[8]), 0));
    request.after = next;
    let (second, withheld, next) = of(&request).await;
    assert_eq!((second, withheld), (users(&[6]), 0));
    request.after = next;
    assert_eq!(of(&request).await, (vec![], 1, None));
}

async fn silence_is_judged_before_days_are_computed(place: &Place) {
    let stores = open(place).await;
    let mut silent = Run::new("s", TODAY.plus(-1), "u");
    silent.ended = false;
    store(&stores, &[silent]).await;
    analyze_all(&stores).await;
    let reply = ask(&stores, "release-health", &[]).await;
    assert_eq!(texts(&reply, "abnormal"), [Cell::Integer(1)]);
    assert_eq!(texts(&reply, "crash_free_session_rate"), [Cell::Ratio(1.0)]);
    assert_eq!(texts(&reply, "error_free_user_rate"), [Cell::Ratio(0.0)]);
}

async fn rates_of_nothing_are_null(place: &Place) {
    let stores = open(place).await;
    let mut nobody = Run::new("s", TODAY, "");
    nobody.user = None;
    nobody.events.clear();
    store(&stores, &[nobody]).await;
    analyze_all(&stores).await;
    let reply = ask(&stores, "release-health", &[]).await;
    assert_eq!(texts(&reply, "crash_free_user_rate"), [Cell::Null]);
    assert_eq!(texts(&reply, "user_share"), [Cell::Null]);
    let reply = ask(&stores, "active-users", &[]).await;
    assert_eq!(texts(&reply, "stickiness"), [Cell::Null]);
    assert_eq!(texts(&reply, "sessions"), [Cell::Integer(1)]);
    assert!(ask(&stores, "feature-usage", &[]).await.rows.is_empty());
}

async fn days_after_the_last_analysis_are_not_shown_as_quiet(place: &Place) {
    let stores = open(place).await;
    store(&stores, &[Run::new("s", TODAY.plus(-2), "u")]).await;
    analyze_all(&stores).await;
    let reply = ask(&stores, "active-users", &[]).await;
    let days = [-2, -1, 0].map(|back| Cell::Day(TODAY.plus(back)));
    assert_eq!(texts(&reply, "day"), days);
    assert_eq!(texts(&reply, "dau"), [1, 0, 0].map(Cell::Integer));
}

on_every_database! {
    an_empty_database_answers_every_report,
    groups_of_few_persons_are_withheld_and_counted,
    a_first_day_moves_when_an_earlier_one_comes_and_goes,
    test_traffic_is_apart,
    freshness_says_what_the_figures_rest_on,
    errors_are_known_since_their_first_version,
    a_release_is_compared_with_the_one_before_it,
    a_funnel_ends_where_too_few_came,
    silence_is_judged_before_days_are_computed,
    rates_of_nothing_are_null,
    days_after_the_last_analysis_are_not_shown_as_quiet,
}
