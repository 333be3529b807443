//! What may be asked: pages, parameters, errors.
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

use std::collections::BTreeSet;

use logbook_backends::sql::{Work, WorkKey, note_work};
use logbook_model::Kind;
use logbook_reports::{Cell, Error, ReportRequest, query};
use place::{Place, on_every_database};
use support::{Run, Stores, TODAY, analyze_all, open, product, reject, request, store};

async fn pages_put_together_are_the_whole(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for n in 0..40 {
        let mut run = Run::new(
            &format!("s{n}"),
            TODAY.plus(-(n % 7)),
            &format!("u{}", n % 11),
        );
        run.version = Some(format!("1.{}", n % 5));
        run.account = Some(format!("a{}", n % 6));
        let uses = |m: i32| (format!("f{m}"), Kind::Normal, m % 2 == 0, 1, None);
        run.events = (0..=n % 4).map(uses).collect();
        runs.push(run);
    }
    store(&stores, &runs).await;
    for log in ["r1", "r2"] {
        reject(&stores, log).await;
    }
    analyze_all(&stores).await;
    let worked = ["upload", "intake", "parse", "analyze"].map(|stage| {
        let key = WorkKey {
            product: product(),
            day: TODAY,
            stage: stage.to_owned(),
            memory_mb: 512,
        };
        (key, Work::default())
    });
    note_work(&stores.sessions, 1, &worked).await.unwrap();
    for (name, by) in [
        ("feature-usage", "day,version,feature"),
        ("feature-usage", "feature"),
        ("feature-usage", "day"),
        ("feature-usage", "version,feature"),
        ("release-health", "day,version"),
        ("release-health", "version"),
        ("feature-adoption", "feature"),
        ("feature-adoption", "day,feature"),
        ("feature-paths", "from_feature,to_feature"),
        ("feature-paths", "day,from_feature,to_feature"),
        ("release-delta", ""),
        ("top-errors", "error"),
        ("top-errors", "day,version,error"),
        ("versions", "day,version"),
        ("platforms", "os,os_version"),
        ("active-users", ""),
        ("retention", ""),
        ("accounts", ""),
        ("account-features", ""),
        ("freshness", ""),
        ("ledger", "day"),
        ("ledger", "day,reason"),
        ("cost", "day,stage"),
    ] {
        let by: &[(&str, &str)] = if by.is_empty() { &[] } else { &[("by", by)] };
        for min_users in [0, 2] {
            let mut request = request(name, by);
            request.min_users = min_users;
            let whole = query(&stores.analytics, &request).await.unwrap();
            assert!(!whole.rows.is_empty() && whole.next.is_none());
            let (mut rows, mut withheld) = (Vec::new(), 0);
            request.limit = Some(3);
            loop {
                let page = query(&stores.analytics, &request).await.unwrap();
                assert!(page.rows.len() <= 3);
                rows.extend(page.rows);
                withheld += page.withheld_groups;
                request.after = page.next;
                if request.after.is_none() {
                    break;
                }
            }
            assert_eq!(
                (rows, withheld),
                (whole.rows, whole.withheld_groups),
                "{name} {by:?}"
            );
        }
    }
}

/// Features that one person used on three days lie between those that three used on one; the ends
/// of pages lie within what is looked at.
async fn pages_of_few_rows_pass_over_what_is_withheld(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for feature in 0..40 {
        let is_shown = feature % 7 == 5 || feature > 27;
        for nth in 0..3 {
            let (user, day) = if is_shown { (nth, 0) } else { (0, nth) };
            let id = format!("{feature}-{nth}");
            let mut run = Run::new(&id, TODAY.plus(-day), &format!("u{user}"));
            run.events[0].0 = format!("f{feature:02}");
            runs.push(run);
        }
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let mut request = request("feature-usage", &[("by", "feature")]);
    request.min_users = 3;
    let whole = query(&stores.analytics, &request).await.unwrap();
    assert_eq!((whole.rows.len(), whole.withheld_groups), (16, 24));
    for limit in 1..6 {
        let (mut rows, mut withheld) = (Vec::new(), 0);
        (request.limit, request.after) = (Some(limit), None);
        loop {
            let page = query(&stores.analytics, &request).await.unwrap();
            assert!(page.rows.len() <= limit as usize);
            rows.extend(page.rows);
            withheld += page.withheld_groups;
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        assert_eq!((&rows, withheld), (&whole.rows, 24), "{limit}");
    }
}

/// What pages bring together, each after the other.
async fn pages(stores: &Stores, mut request: ReportRequest) -> (Vec<usize>, Vec<Vec<Cell>>, u64) {
    let (mut pages, mut rows, mut withheld) = (Vec::new(), Vec::new(), 0);
    loop {
        let page = query(&stores.analytics, &request).await.unwrap();
        assert!(!page.rows.is_empty() || page.next.is_none());
        pages.push(page.rows.len());
        rows.extend(page.rows);
        withheld += page.withheld_groups;
        request.after = page.next;
        if request.after.is_none() {
            return (pages, rows, withheld);
        }
    }
}

/// 280 features on twenty days each, ten of them half a year before; every tenth of them is used by
/// two persons.
async fn pages_without_a_limit_end_where_they_take_long(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for (day, user, third) in (0..120).map(|n| (n / 6, n % 2, n / 2 % 3)) {
        let id = format!("{day}-{user}-{third}");
        let at = TODAY.plus(if day < 10 { -day } else { -day - 170 });
        let mut run = Run::new(&id, at, &format!("u{user}"));
        run.environment = (day % 3 == 0).then(|| "test".to_owned());
        let features = (third..280).step_by(3);
        let features = features.filter(|feature| user == 0 || feature % 10 == 0);
        let uses = |feature| (format!("f{feature:03}"), Kind::Normal, false, 1, None);
        run.events = features.map(uses).collect();
        runs.push(run);
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    for (by, environment, least, shown, hidden) in [
        ("feature", "all", 0, 280, 0),
        ("version,feature", "all", 0, 280, 0),
        ("version,feature", "all", 2, 28, 252),
        ("day,feature", "production", 2, 13 * 28, 13 * 252),
    ] {
        let asked = async |limit: Option<&str>| {
            let mut parameters = vec![("by", by), ("environment", environment)];
            parameters.extend(limit.map(|limit| ("limit", limit)));
            let mut request = request("feature-usage", &parameters);
            request.min_users = least;
            request.from = Some(TODAY.plus(-200));
            pages(&stores, request).await
        };
        let (one, rows, withheld) = asked(Some("10000")).await;
        assert_eq!((one, withheld), (vec![shown], hidden), "{by}");
        let (several, same, withheld) = asked(None).await;
        assert_eq!((&same, withheld), (&rows, hidden), "{by}");
        assert!(several.len() > 1 || shown < 280, "{by}");
        let (_, before) = several.split_last().unwrap();
        assert!(before.iter().all(|rows| *rows >= 250), "{by} {several:?}");
        // Small ones bring the same.
        let (_, same, withheld) = asked(Some("17")).await;
        assert_eq!((&same, withheld), (&rows, hidden), "{by}");
    }
}

#[test]
fn bad_requests_name_what_is_allowed() {
    let parse = |name: &str, parameters: &[(&str, &str)]| {
        let parameters = parameters.iter().copied();
        ReportRequest::parse(name, product(), parameters).unwrap_err()
    };
    let error = parse("usage", &[]);
    assert!(error.is_request() && !error.is_transient());
    let long = "x".repeat(5000);
    let errors = [
        error,
        parse("ledger", &[("environment", "all")]),
        parse("ledger", &[("limit", "1"), ("limit", "1")]),
        parse("ledger", &[("limit", "10001")]),
        parse("release-health", &[("by", "feature")]),
        parse("release-health", &[("environment", &long)]),
        parse("active-users", &[("from", "2026-02-30")]),
        parse(
            "active-users",
            &[("from", "2026-02-02"), ("to", "2026-02-01")],
        ),
        parse("active-users", &[("after", "WyJ4Il0")]),
        parse("feature-adoption", &[("environment", "all")]),
        parse("funnel", &[("steps", "open,save"), ("environment", "all")]),
        parse("funnel", &[("steps", "open")]),
    ];
    assert!(errors.iter().all(|error| error.to_string().len() < 400));
    let short = errors.iter().map(|error| match error {
        Error::BadValue { parameter, .. } => format!("bad {parameter}"),
        other => other.to_string(),
    });
    insta::assert_snapshot!(short.collect::<Vec<_>>().join("\n"), @r#"
    there is no report "usage"; there are: feature-usage, feature-adoption, feature-paths, funnel, release-health, release-delta, top-errors, versions, platforms, active-users, retention, accounts, account-features, ledger, freshness, cost
    ledger has no parameter "environment"; it has: from, to, by, limit, after
    parameter limit is given twice
    bad limit
    bad by
    bad environment
    bad from
    bad to
    bad after
    bad environment
    bad environment
    bad steps
    "#);
}

#[test]
fn grouping_columns_may_come_in_any_order() {
    let by = [("by", "feature, day")];
    let request = ReportRequest::parse("feature-usage", product(), by).unwrap();
    assert_eq!(request.grouping(), ["day", "feature"]);
    let names: BTreeSet<&str> = logbook_reports::catalogue()
        .iter()
        .map(|r| r.name)
        .collect();
    assert_eq!(names.len(), logbook_reports::Report::ALL.len());
}

on_every_database! {
    pages_of_few_rows_pass_over_what_is_withheld,
    pages_without_a_limit_end_where_they_take_long,
    pages_put_together_are_the_whole,
}
