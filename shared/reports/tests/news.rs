//! What people are told of: once, and only what is new.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;
#[allow(dead_code, reason = "each test program uses its share")]
mod support;

use std::time::Duration;

use logbook_model::{Kind, Timestamp};
use logbook_reports::{
    News, NewsKind, analyze, digest, note_told, notice, rebuild, store_contracts, untold,
};
use place::{Place, on_every_database};
use support::{DAY_US, Run, SETTINGS, Stores, TODAY, contracts, now, open, product, store};

/// Brings the reports up to date so many days from now.
async fn analyze_in(stores: &Stores, days: i64) {
    let as_of = Timestamp(now().0 + days * DAY_US);
    let budget = Duration::from_mins(10);
    analyze(&stores.analytics, &product(), &SETTINGS, budget, as_of)
        .await
        .unwrap();
}

/// What is new, which is then told.
async fn news(stores: &Stores) -> Vec<(NewsKind, String)> {
    let news = untold(&stores.analytics, &product()).await.unwrap();
    if let Some(last) = news.last() {
        note_told(&stores.analytics, &product(), last.n)
            .await
            .unwrap();
    }
    assert_eq!(untold(&stores.analytics, &product()).await.unwrap(), []);
    news.into_iter().map(|one| (one.kind, one.line)).collect()
}

/// Runs of as many persons, so many days ago, of whom some crash.
fn runs(version: &str, days_ago: i32, persons: u32, crashing: u32) -> Vec<Run> {
    (0..persons)
        .map(|n| {
            let id = format!("{}-{days_ago}-{n}", version.replace('.', "_"));
            let mut run = Run::new(&id, TODAY.plus(-days_ago), &format!("u{n}"));
            run.version = Some(version.to_owned());
            run.account = Some("a1".to_owned());
            if n < crashing {
                run.events
                    .push(("panic".to_owned(), Kind::Crash, true, 1, None));
            }
            run
        })
        .collect()
}

async fn what_is_there_at_first_is_no_news_and_what_comes_is_told_once(place: &Place) {
    let stores = open(place).await;
    analyze_in(&stores, -1).await;
    assert_eq!(news(&stores).await, [], "there is nothing yet");
    store(&stores, &runs("1.0", 5, 40, 1)).await;
    analyze_in(&stores, 0).await;
    assert_eq!(
        news(&stores).await,
        [],
        "all that is there is taken as known"
    );

    let mut failing = runs("1.0", 4, 3, 0);
    for run in &mut failing {
        let error = ("export.failed".to_owned(), Kind::Normal, true, 2, None);
        run.events.push(error);
    }
    store(&stores, &failing).await;
    analyze_in(&stores, 0).await;
    let line = "export.failed: 3 times, 3 people, since 2026-03-06 in 1.0";
    assert_eq!(news(&stores).await, [(NewsKind::Error, line.to_owned())]);

    store(&stores, &runs("1.1", 2, 40, 20)).await;
    analyze_in(&stores, 0).await;
    assert_eq!(news(&stores).await, [], "releases are judged once a day");
    analyze_in(&stores, 1).await;
    let told: Vec<String> = news(&stores)
        .await
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    assert_eq!(
        told,
        [
            "1.1 crash_free_sessions of (all): 50.0 %, against 97.7 % in 1.0 (the difference is \
             -62.6 % to -30.0 %)",
            "1.1 crash_free_users of (all): 50.0 %, against 97.5 % in 1.0 (the difference is \
             -62.4 % to -29.4 %)",
            "1.1 adoption of panic: 50.0 %, against 2.5 % in 1.0 (the difference is 29.4 % to \
             62.4 %)",
        ]
    );

    analyze_in(&stores, 30).await;
    let line = "a1: silent, 0 people in 28 days, 40 in those before; was growing";
    assert_eq!(news(&stores).await, [(NewsKind::Account, line.to_owned())]);
    analyze_in(&stores, 30).await;
    let settings = SETTINGS;
    let as_of = Timestamp(now().0 + 31 * DAY_US);
    rebuild(&stores.analytics, &product(), &settings, as_of)
        .await
        .unwrap();
    assert_eq!(
        news(&stores).await,
        [],
        "that all is computed anew is no news"
    );
}

async fn what_too_few_persons_met_is_not_told(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs("1.0", 5, 4, 0)).await;
    let settings = logbook_reports::Settings {
        min_users: 3,
        ..SETTINGS
    };
    let run = async || {
        let budget = Duration::from_mins(10);
        analyze(&stores.analytics, &product(), &settings, budget, now())
            .await
            .unwrap();
    };
    run().await;
    store(&stores, &runs("1.0", 4, 4, 2)).await;
    run().await;
    assert_eq!(news(&stores).await, []);
    store(&stores, &runs("1.0", 3, 4, 3)).await;
    run().await;
    let told = news(&stores).await;
    assert_eq!(told.len(), 1);
    // Not five times: the two of the day before are too few to be put beside them.
    assert!(
        told[0].1.starts_with("panic: 3 times, 3 people"),
        "{told:?}"
    );
}

#[test]
fn a_notice_has_so_many_lines_of_a_kind_and_says_how_many_more() {
    let news: Vec<News> = (1..=25)
        .map(|n| News {
            n,
            kind: if n == 1 {
                NewsKind::Account
            } else {
                NewsKind::Error
            },
            subject: String::new(),
            line: format!("line {n}"),
        })
        .collect();
    let notice = notice(&product(), &news);
    assert_eq!(notice.title, "editor: news");
    let [accounts, errors] = &notice.sections[..] else {
        unreachable!("two sections")
    };
    assert_eq!(accounts.lines, ["line 1"]);
    assert_eq!(errors.lines.len(), 21);
    assert_eq!(errors.lines[20], "and 4 more");
}

async fn a_week_is_told_in_a_few_lines(place: &Place) {
    let stores = open(place).await;
    let week = async || {
        let product = product();
        let week = digest(&stores.analytics, &product, &SETTINGS, None);
        week.await.unwrap().to_text()
    };
    assert_eq!(week().await, "editor: nothing was analyzed yet\n");
    let mut agreed = contracts();
    agreed.entry("a1".to_owned()).or_default().seats = Some(30);
    store_contracts(&stores.analytics, &product(), &agreed, "2")
        .await
        .unwrap();
    store(&stores, &runs("1.0", 9, 25, 1)).await;
    store(&stores, &runs("1.1", 3, 40, 20)).await;
    analyze_in(&stores, 0).await;
    insta::assert_snapshot!("week", week().await);
}

on_every_database! {
    what_is_there_at_first_is_no_news_and_what_comes_is_told_once,
    what_too_few_persons_met_is_not_told,
    a_week_is_told_in_a_few_lines,
}
