//! How replies look to machines.
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

use logbook_backends::sql::{Work, WorkKey, note_work};
use logbook_model::Kind;
use logbook_reports::Cell;
use place::{Place, on_every_database};
use support::{Run, TODAY, alike, analyze_all, ask, open, product, reject, store};

async fn csv_has_a_header_and_runs_no_formulas(place: &Place) {
    let stores = open(place).await;
    let mut run = Run::new("s", TODAY, "u");
    run.events = ["=HYPERLINK(\"x\")", "a,b", "two words", "-1+1"]
        .iter()
        .map(|name| ((*name).to_owned(), Kind::Normal, false, 2, None))
        .collect();
    run.events[2].4 = Some(1000);
    store(&stores, &[run]).await;
    analyze_all(&stores).await;
    let csv = ask(&stores, "feature-usage", &[]).await.to_csv();
    assert!(csv.ends_with("\r\n") && csv.matches("\r\n").count() == 5);
    insta::allow_duplicates!(insta::assert_snapshot!(csv.replace('\r', ""), @r#"
    day,version,feature,uses,sessions,users,errors,timed_uses,p50_us,p95_us,p99_us
    2026-03-10,1.0,'-1+1,2,1,1,0,0,,,
    2026-03-10,1.0,"'=HYPERLINK(""x"")",2,1,1,0,0,,,
    2026-03-10,1.0,"a,b",2,1,1,0,0,,,
    2026-03-10,1.0,two words,2,1,1,0,2,1003,1003,1003
    "#));
}

async fn names_that_differ_in_a_space_are_two(place: &Place) {
    let stores = open(place).await;
    let mut run = Run::new("s", TODAY, "u");
    let named = |name: &str| (name.to_owned(), Kind::Normal, false, 1, None);
    run.events = ["save", "save ", "Save"].map(named).into();
    store(&stores, &[run]).await;
    analyze_all(&stores).await;
    for by in ["day,version,feature", "feature"] {
        let reply = ask(&stores, "feature-usage", &[("by", by)]).await;
        assert_eq!(reply.rows.len(), 3, "{by}");
    }
    let reply = ask(&stores, "feature-usage", &[("feature", "save ")]).await;
    assert_eq!(reply.rows.len(), 1);
}

async fn json_has_rows_by_column_name(place: &Place) {
    let stores = open(place).await;
    store(&stores, &[Run::new("s", TODAY, "u")]).await;
    analyze_all(&stores).await;
    let mut json = ask(&stores, "active-users", &[]).await.to_json();
    json["columns"].as_array_mut().unwrap().truncate(1);
    insta::allow_duplicates!(insta::assert_json_snapshot!(json, @r#"
    {
      "by": [
        "day"
      ],
      "columns": [
        {
          "groups": true,
          "meaning": "The UTC day, with which the windows end.",
          "name": "day",
          "type": "date",
          "unit": "-"
        }
      ],
      "freshness": {
        "complete_until": "2026-03-10T12:00:00Z",
        "days_pending": 0,
        "logs_pending": 0,
        "logs_rejected": 0
      },
      "from": "2025-11-30",
      "next": null,
      "report": "active-users",
      "rows": [
        {
          "dau": 1,
          "day": "2026-03-10",
          "mau": 1,
          "new_users": 1,
          "sessions": 1,
          "stickiness": 1.0,
          "unidentified_sessions": 0,
          "wau": 1
        }
      ],
      "to": "2026-06-18",
      "withheld_groups": 0
    }
    "#));
}

async fn the_ledger_counts_every_fate(place: &Place) {
    let stores = open(place).await;
    store(&stores, &[Run::new("s", TODAY, "u")]).await;
    reject(&stores, "bad").await;
    let csv = ask(&stores, "ledger", &[]).await.to_csv();
    insta::allow_duplicates!(insta::assert_snapshot!(csv.replace('\r', ""), @"
    day,received,parsed,duplicate,rejected,erased,pending,lost,balanced
    2026-03-10,0,1,0,1,0,0,0,
    "));
    let csv = ask(&stores, "ledger", &[("by", "day,reason")])
        .await
        .to_csv();
    insta::allow_duplicates!(insta::assert_snapshot!(csv.replace('\r', ""), @"
    day,reason,rejected
    2026-03-10,bomb,1
    "));
}

async fn cost_is_time_by_memory_of_all_processes_together(place: &Place) {
    let stores = open(place).await;
    store(
        &stores,
        &[Run::new("s1", TODAY, "u"), Run::new("s2", TODAY, "u")],
    )
    .await;
    let key = |day, stage: &str, memory_mb| WorkKey {
        product: product(),
        day,
        stage: stage.to_owned(),
        memory_mb,
    };
    let work = |calls, work_us, sessions| Work {
        calls,
        work_us,
        sessions,
    };
    let yesterday = TODAY.plus(-1);
    // A process notes its sums anew; another has its own.
    for (worker, of) in [
        (1, vec![(key(TODAY, "parse", 512), work(1, 1, 1))]),
        (
            1,
            vec![
                (key(TODAY, "parse", 512), work(10, 2_000_000, 1)),
                (key(yesterday, "upload", 128), work(4, 500, 0)),
            ],
        ),
        (
            2,
            vec![
                (key(TODAY, "parse", 512), work(10, 2_000_000, 1)),
                (key(TODAY, "parse", 2048), work(1, 500_000, 0)),
            ],
        ),
    ] {
        note_work(&stores.sessions, worker, &of).await.unwrap();
    }
    let price = if cfg!(target_arch = "aarch64") {
        0.000_013_333_4
    } else {
        0.000_016_666_7
    };
    let usd = |calls: f64, gb_s: f64| gb_s * price + calls * 2e-7;
    let row = |by: Cell, calls, work_ms, gb_s, sessions: i64| {
        let usd = usd(calls as f64, gb_s);
        vec![
            by,
            Cell::Integer(calls),
            Cell::Number(work_ms),
            Cell::Number(gb_s),
            Cell::Number(usd),
            Cell::Integer(sessions),
            if sessions > 0 {
                Cell::Number(usd * 5e5)
            } else {
                Cell::Null
            },
        ]
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    let found = ask(&stores, "cost", &[]).await.rows;
    let parse = (21, 4500.0, 3.0);
    let upload = (4, 0.5, 0.000_062_5);
    let wanted = [
        row(text("parse"), parse.0, parse.1, parse.2, 2),
        row(text("upload"), upload.0, upload.1, upload.2, 2),
    ];
    assert!(alike(&found, &wanted), "{found:?} {wanted:?}");
    let found = ask(&stores, "cost", &[("by", "day")]).await.rows;
    let wanted = [
        row(Cell::Day(yesterday), upload.0, upload.1, upload.2, 0),
        row(Cell::Day(TODAY), parse.0, parse.1, parse.2, 2),
    ];
    assert!(alike(&found, &wanted), "{found:?} {wanted:?}");
}

on_every_database! {
    cost_is_time_by_memory_of_all_processes_together,
    csv_has_a_header_and_runs_no_formulas,
    names_that_differ_in_a_space_are_two,
    json_has_rows_by_column_name,
    the_ledger_counts_every_fate,
}
