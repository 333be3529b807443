//! The views for BI tools: what they show is what the reports show, and no more.
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

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Value, statement};
use logbook_model::Timestamp;
use logbook_reports::{
    Cell, ColumnType, Report, ReportRequest, Settings, adds_up, analyze, query, view_of, views,
};
use place::{Place, on_every_database};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use support::cases::run;
use support::reader::Reader;
#[cfg(feature = "mysql")]
use support::reader::server::Bi;
use support::{DAY_US, Run, Stores, TIMEOUT_SECS, TODAY, agree, now, open, product, store};

const ENVIRONMENTS: [&str; 2] = ["production", "other"];

/// Some two hundred runs, the same in every test.
fn runs() -> Vec<Run> {
    let mut runner = TestRunner::deterministic();
    let mut drawn = |nth| Run {
        session: format!("session-{nth}"),
        ..run().new_tree(&mut runner).unwrap().current()
    };
    (0..220).map(&mut drawn).collect()
}

async fn analyze_guarded(stores: &Stores, min_users: u32, as_of: Timestamp) {
    let settings = Settings {
        session_timeout_secs: TIMEOUT_SECS,
        min_users,
    };
    let budget = Duration::from_mins(10);
    analyze(&stores.analytics, &product(), &settings, budget, as_of)
        .await
        .unwrap();
}

/// Rows as sorted texts.
async fn select(db: &Database, text: &str) -> Vec<String> {
    let mut connection = db.read().await.unwrap();
    let rows = statement(text.to_owned())
        .fetch_all(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let cells = std::iter::from_fn(|| cells.value()).map(|cell| match cell.unwrap() {
                Value::Null => "null".to_owned(),
                Value::Int(value) => value.to_string(),
                Value::Real(value) => format!("{value:?}"),
                Value::Text(text) => text.into_owned(),
                Value::Bytes(_) => panic!("{text}: bytes"),
            });
            cells.collect::<Vec<_>>().join("|")
        })
        .collect();
    rows.sort_unstable();
    rows
}

fn text_of(row: &[Cell]) -> String {
    let cells = row.iter().map(|cell| match cell {
        Cell::Null => "null".to_owned(),
        Cell::Day(day) => day.to_string(),
        Cell::Time(time) => time.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => number.to_string(),
        Cell::Ratio(number) | Cell::Number(number) => format!("{number:?}"),
        Cell::Boolean(value) => i64::from(*value).to_string(),
    });
    cells.collect::<Vec<_>>().join("|")
}

/// The finest grouping of a report: all its columns that group.
fn finest(report: Report) -> String {
    let columns = report.description().columns.iter();
    let groups = columns.filter(|column| column.groups);
    groups
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(",")
}

/// The request of a report for all there is, at its finest grouping.
fn whole(report: Report, environment: &str, min_users: u32) -> ReportRequest {
    let by = finest(report);
    let mut parameters = vec![("environment", environment)];
    if report
        .description()
        .parameters
        .iter()
        .any(|one| one.name == "by")
    {
        parameters.push(("by", &by));
    }
    let mut request = ReportRequest::parse(report.name(), product(), parameters).unwrap();
    request.from = Some(TODAY.plus(-400));
    request.to = Some(TODAY.plus(400));
    request.limit = Some(10_000);
    request.min_users = min_users;
    request
}

async fn asked(stores: &Stores, request: &ReportRequest) -> (Vec<String>, u64) {
    let reply = query(&stores.analytics, request).await.unwrap();
    assert!(reply.next.is_none(), "{:?}", request.report);
    let mut rows: Vec<String> = reply.rows.iter().map(|row| text_of(row)).collect();
    rows.sort_unstable();
    (rows, reply.withheld_groups)
}

/// Each view of a report against the report.
async fn compare(stores: &Stores, db: &Database, min_users: u32) -> u64 {
    let (mut withheld, mut shown) = (0, 0);
    for environment in ENVIRONMENTS {
        for view in views() {
            let Some(report) = view.report else { continue };
            let of = format!("product = 'editor' AND environment = '{environment}'");
            if report == Report::AccountFeatures {
                compare_bands(stores, db, environment, min_users).await;
                continue;
            }
            let (rows, left_out) = asked(stores, &whole(report, environment, min_users)).await;
            let columns = report.description().columns.iter();
            let columns: Vec<&str> = columns.map(|column| column.name).collect();
            let text = format!(
                "SELECT {} FROM {} WHERE {of}",
                columns.join(", "),
                view.name
            );
            assert_eq!(select(db, &text).await, rows, "{} {min_users}", view.name);
            withheld += left_out;
            shown += rows.len();
        }
    }
    assert!(
        shown > 100 || min_users > 2,
        "{shown} rows are too few to tell"
    );
    withheld
}

/// Bands are of the whole range in the report, and of a day in the view.
async fn compare_bands(stores: &Stores, db: &Database, environment: &str, min_users: u32) {
    let days = "SELECT DISTINCT day FROM account_features";
    for day in select(&stores.analytics, days).await {
        let mut request = whole(Report::AccountFeatures, environment, min_users);
        request.from = Some(day.parse().unwrap());
        request.to = request.from;
        let reply = query(&stores.analytics, &request).await.unwrap();
        let mut rows: Vec<String> = reply.rows.iter().map(|row| text_of(&row[..3])).collect();
        rows.sort_unstable();
        let text = format!(
            "SELECT account, feature, users FROM bi_account_features \
             WHERE environment = '{environment}' AND day = '{day}'"
        );
        assert_eq!(select(db, &text).await, rows, "{environment} {day}");
    }
}

async fn views_show_what_the_reports_show_and_no_more(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs()).await;
    let reader = Reader::of(place, &stores).await;
    let mut withheld = Vec::new();
    for min_users in [0, 1, 2, 3, 5, 12] {
        analyze_guarded(&stores, min_users, now()).await;
        withheld.push(compare(&stores, reader.db(), min_users).await);
    }
    assert!(withheld[0] == 0 && withheld.is_sorted(), "{withheld:?}");
    assert!(withheld[1] > 0 && withheld[3] > withheld[1], "{withheld:?}");
    reader.close().await;
}

async fn no_group_of_few_is_in_any_view(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs()).await;
    analyze_guarded(&stores, 3, now()).await;
    let few =
        |table: &str, column: &str| format!("SELECT COUNT(*) FROM {table} WHERE {column} < 3");
    for view in views().iter().filter(|view| view.report.is_some()) {
        let of = match view.name {
            "bi_active_users" => &["dau", "wau", "mau"][..],
            "bi_retention" => &["cohort_users"],
            // Told in bands.
            "bi_account_features" => continue,
            _ => &["users"],
        };
        for column in of {
            let text = match *column {
                // That nobody came tells of nobody.
                "dau" => format!("{} AND dau > 0", few(view.name, column)),
                _ => few(view.name, column),
            };
            assert_eq!(
                select(&stores.analytics, &text).await,
                ["0"],
                "{}",
                view.name
            );
        }
    }
    // There are such groups.
    for table in ["feature_usage", "feature_days", "platforms", "top_errors"] {
        let text = few(table, "users");
        assert_ne!(select(&stores.analytics, &text).await, ["0"], "{table}");
    }
    let bands = "SELECT DISTINCT users FROM bi_account_features";
    let bands = select(&stores.analytics, bands).await;
    assert!(bands.contains(&"fewer than 3".to_owned()), "{bands:?}");
    assert!(bands.contains(&"3 to 9".to_owned()), "{bands:?}");
}

async fn account_totals_are_shown_however_few(place: &Place) {
    let stores = open(place).await;
    store(&stores, &runs()).await;
    analyze_guarded(&stores, 1000, now()).await;
    let columns = "product, day, environment, account, sessions, users";
    let text = |from: &str| format!("SELECT {columns} FROM {from}");
    let shown = select(&stores.analytics, &text("bi_account_days")).await;
    assert!(shown.len() > 20);
    assert_eq!(
        shown,
        select(&stores.analytics, &text("account_days")).await
    );
}

async fn a_product_that_says_nothing_needs_five(place: &Place) {
    let stores = open(place).await;
    let run = |nth: usize, feature: &str| {
        let mut run = Run::new(&format!("{feature}{nth}"), TODAY, &format!("u{nth}"));
        feature.clone_into(&mut run.events[0].0);
        run
    };
    let runs = (0..5).map(|nth| run(nth, "save"));
    store(&stores, &runs.collect::<Vec<_>>()).await;
    let few = (0..4).map(|nth| run(nth, "quit"));
    store(&stores, &few.collect::<Vec<_>>()).await;
    analyze_guarded(&stores, 0, now()).await;
    support::execute(&stores.analytics, "DELETE FROM product_settings").await;
    for view in ["bi_feature_usage", "bi_feature_adoption"] {
        let text = format!("SELECT feature, users FROM {view}");
        assert_eq!(select(&stores.analytics, &text).await, ["save|5"], "{view}");
    }
}

async fn freshness_says_what_the_views_rest_on(place: &Place) {
    let stores = open(place).await;
    store(&stores, &[Run::new("s", TODAY, "u")]).await;
    let text = "SELECT product, SUBSTR(CAST(analyzed_until AS CHAR(20)), 12, 8), last_day, min_users \
                FROM bi_freshness";
    analyze_guarded(&stores, 7, now()).await;
    let expected = format!("editor|12:00:00|{TODAY}|7");
    assert_eq!(select(&stores.analytics, text).await, [expected]);
    // A change of the guard, or of the day, needs no new log.
    analyze_guarded(&stores, 1, Timestamp(now().0 + DAY_US)).await;
    let expected = format!("editor|12:00:00|{}|1", TODAY.plus(1));
    assert_eq!(select(&stores.analytics, text).await, [expected]);
}

async fn every_column_is_there_with_its_type_and_its_text(place: &Place) {
    let stores = open(place).await;
    let mut described = Vec::new();
    for view in views() {
        for (position, column) in (1..).zip(&view.columns) {
            let kind = column.kind.name();
            described.push(format!(
                "{}|{position}|{}|{kind}|{}|{}|{}",
                view.name,
                column.name,
                column.unit,
                i64::from(adds_up(column)),
                column.meaning
            ));
        }
        let found = columns_of(place, &stores.analytics, view.name).await;
        let expected = view.columns.iter().map(|column| column.name.to_owned());
        let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, expected.collect::<Vec<_>>(), "{}", view.name);
        for ((name, kind), column) in found.iter().zip(&view.columns) {
            if let Some(kind) = kind {
                assert!(fits(column.kind, kind), "{}.{name}: {kind}", view.name);
            }
        }
    }
    described.sort_unstable();
    let text =
        "SELECT view_name, position, column_name, type, unit, adds_up, meaning FROM bi_columns";
    assert_eq!(select(&stores.analytics, text).await, described);
    // Once more: they are kept as they are now.
    let spoil = "UPDATE view_columns SET meaning = 'old' WHERE view_name = 'bi_platforms'";
    support::execute(&stores.analytics, spoil).await;
    logbook_reports::migrate(&stores.analytics).await.unwrap();
    assert_eq!(select(&stores.analytics, text).await, described);
}

/// What the data source of Tableau says of its columns: view, column, type.
fn of_data_source() -> Vec<[&'static str; 3]> {
    let file = include_str!("../../../docs/tableau/logbook.tds");
    let records = file.split("<metadata-record class='column'>").skip(1);
    let between = |record: &'static str, tag: &str| {
        let (_, rest) = record.split_once(&format!("<{tag}>")).unwrap();
        rest.split_once("</").unwrap().0.trim_matches(['[', ']'])
    };
    records
        .map(|record| ["parent-name", "remote-name", "local-type"].map(|tag| between(record, tag)))
        .collect()
}

async fn the_data_source_of_tableau_fits_the_schema_as_it_is(place: &Place) {
    let stores = open(place).await;
    let told = of_data_source();
    assert!(told.len() > 100, "{}", told.len());
    for view in views() {
        let told: Vec<_> = told.iter().filter(|[of, ..]| *of == view.name).collect();
        if told.is_empty() {
            // What has no day has no place beside the calendar.
            let has_day = view.columns.iter().any(|column| column.name == "day");
            assert!(!has_day, "{}", view.name);
            continue;
        }
        let found = columns_of(place, &stores.analytics, view.name).await;
        assert_eq!(told.len(), found.len(), "{}", view.name);
        for ([_, name, kind], (column, found)) in told.iter().zip(&found) {
            assert_eq!(name, column, "{}", view.name);
            let fits = match found.as_deref() {
                // SQLite has no types of views' columns.
                None => true,
                Some("date") => *kind == "date",
                Some("varchar") => *kind == "string",
                Some("bigint" | "int" | "smallint") => *kind == "integer",
                Some("double") => *kind == "real",
                Some(_) => false,
            };
            assert!(fits, "{}.{name}: {kind}, {found:?}", view.name);
        }
    }
}

/// Whether a server's type is that of a column.
fn fits(kind: ColumnType, found: &str) -> bool {
    match kind {
        ColumnType::Date => found == "date",
        ColumnType::Time => found == "datetime",
        ColumnType::Text => found == "varchar",
        ColumnType::Integer | ColumnType::Boolean => matches!(found, "bigint" | "int" | "smallint"),
        ColumnType::Ratio | ColumnType::Number => found == "double",
    }
}

/// A view's columns, and their types where the database has them.
async fn columns_of(place: &Place, db: &Database, view: &str) -> Vec<(String, Option<String>)> {
    let on_server = !matches!(place, Place::Directory(_) | Place::At(_));
    let text = if on_server {
        format!(
            "SELECT CAST(column_name AS CHAR(64)), CAST(data_type AS CHAR(64)) \
             FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = '{view}' ORDER BY ordinal_position"
        )
    } else {
        format!("SELECT name, NULL FROM pragma_table_info('{view}')")
    };
    let mut connection = db.read().await.unwrap();
    let rows = statement(text).fetch_all(&mut connection).await.unwrap();
    let column = |row| {
        let mut cells = Cells::new(row);
        (cells.text().unwrap(), cells.text_or_null().unwrap())
    };
    rows.iter().map(column).collect()
}

on_every_database! {
    views_show_what_the_reports_show_and_no_more,
    no_group_of_few_is_in_any_view,
    account_totals_are_shown_however_few,
    a_product_that_says_nothing_needs_five,
    freshness_says_what_the_views_rest_on,
    every_column_is_there_with_its_type_and_its_text,
    the_data_source_of_tableau_fits_the_schema_as_it_is,
}

#[test]
fn every_report_with_a_table_has_a_view() {
    let names: Vec<&str> = views().iter().map(|view| view.name).collect();
    for report in Report::ALL {
        match (report.description().table, view_of(report)) {
            (Some(_), Some(view)) => assert!(names.contains(&view), "{view}"),
            (None, None) => {}
            (table, view) => panic!("{}: {table:?}, {view:?}", report.name()),
        }
    }
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_bi_tools_reads_views_and_nothing_else() {
    let Some(place) = Place::server().await else {
        return;
    };
    let Place::Server(server) = &place else {
        return;
    };
    let stores = open(&place).await;
    store(&stores, &runs()).await;
    agree(&stores).await;
    analyze_guarded(&stores, 2, now()).await;
    let bi = Bi::made(server, &stores).await;
    for view in views() {
        let text = format!("SELECT COUNT(*) FROM {}", view.name);
        assert_ne!(select(&bi.db, &text).await, ["0"], "{}", view.name);
        for statement in [
            format!("DELETE FROM {}", view.name),
            format!("UPDATE {0} SET {1} = {1}", view.name, view.columns[0].name),
            format!("SHOW CREATE VIEW {}", view.name),
        ] {
            execute_refused(&bi.db, &statement).await;
        }
    }
    let tables = "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables \
                  WHERE table_type = 'BASE TABLE' AND table_schema IN (?, ?)";
    let (sessions, analytics) = (server.sessions().schema, server.analytics().schema);
    let mut connection = stores.analytics.read().await.unwrap();
    let tables = statement(tables)
        .bind(sessions.as_str())
        .bind(analytics.as_str())
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(tables.len() > 30, "{}", tables.len());
    for row in &tables {
        let table = Cells::new(row).text().unwrap();
        execute_refused(&bi.db, &format!("SELECT 1 FROM {table} LIMIT 1")).await;
        execute_refused(&bi.db, &format!("DELETE FROM {table}")).await;
    }
    execute_refused(&bi.db, "CREATE TABLE mine (n INT)").await;
    execute_refused(&bi.db, "CREATE VIEW mine AS SELECT 1").await;
    bi.close().await;
}

/// That a user may not do something.
#[cfg(feature = "mysql")]
async fn execute_refused(db: &Database, text: &str) {
    let refused = db.execute_script(text).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("denied"), "{text}: {said}");
}
