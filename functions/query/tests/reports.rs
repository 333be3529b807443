//! Reports, as JSON and CSV.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use axum::http::header;
use logbook_query::Scope;
use logbook_reports::{Settings, analyze, catalogue};
use serde_json::{Value, json};
use support::{Answer, Api, TOKEN, ask, now, pages, product, run};

/// Six people on 2026-11-02, one on 2026-11-03.
async fn analysed() -> Api {
    let api = Api::new().await;
    let mut log = String::new();
    for n in 0..6 {
        log += &run(&format!("s{n}"), 2, "1.0", &format!("user{n}"));
    }
    log += &run("s9", 3, "2.0", "user9");
    api.take("log-a", log).await;
    analyse(&api).await;
    api
}

async fn analyse(api: &Api) {
    let settings = Settings {
        session_timeout_secs: 1800,
        min_users: 5,
    };
    let analytics = &api.context.analytics;
    let budget = Duration::from_mins(1);
    let done = analyze(analytics, &product("editor"), &settings, budget, now()).await;
    assert_eq!(done.unwrap().days_left, 0);
}

const NOVEMBER: &str = "from=2026-11-01&to=2026-11-30";

#[tokio::test]
async fn the_catalogue_describes_every_report() {
    let api = Api::new().await;
    let reply = api.ok("/v1/reports").await;
    let names = reply["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"]);
    let names: Vec<&Value> = names.collect();
    assert_eq!(names.len(), catalogue().len());
    for name in names {
        let path = format!("/v1/reports/{}?{NOVEMBER}", name.as_str().unwrap());
        let page = api.ok(&path).await;
        assert_eq!(&page["report"], name);
        assert_eq!(page["product"], "editor");
        assert_eq!(page["freshness"]["complete_until"], Value::Null);
    }
}

#[tokio::test]
async fn a_report_withholds_small_groups_and_says_how_fresh_it_is() {
    let api = analysed().await;
    let path = format!("/v1/reports/feature-usage?{NOVEMBER}&by=day,feature");
    let reply = api.ok(&path).await;
    let time = reply["freshness"]["complete_until"].as_str().unwrap();
    assert!(time.ends_with('Z'), "{time}");
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]")]}, {
        insta::assert_json_snapshot!(
            json!({"rows": reply["rows"], "withheld_groups": reply["withheld_groups"],
                   "freshness": reply["freshness"], "by": reply["by"]})
        );
    });
}

#[tokio::test]
async fn pages_of_a_report_give_each_row_once() {
    let api = analysed().await;
    let path = format!("/v1/reports/feature-usage?{NOVEMBER}&by=feature");
    let whole = api.ok(&path).await["rows"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 4);
    for limit in 1..=5 {
        let pages = pages(&api, &format!("{path}&limit={limit}"), "rows").await;
        assert_eq!(pages.concat(), whole, "limit {limit}");
    }
}

async fn accepting(api: &Api, path: &str, accept: &str) -> Answer {
    let token = format!("Bearer {TOKEN}");
    api.get_with(path, &[("authorization", &token), ("accept", accept)])
        .await
}

#[tokio::test]
async fn csv_comes_by_parameter_or_by_accept() {
    let api = analysed().await;
    let path = format!("/v1/reports/feature-usage?{NOVEMBER}&by=day,feature&limit=2");
    let csv = api.get(&format!("{path}&format=csv")).await;
    assert_eq!(csv.status, 200);
    assert_eq!(
        csv.header(header::CONTENT_TYPE),
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        csv.header(header::CONTENT_DISPOSITION),
        "attachment; filename=\"editor_feature-usage_2026-11-01_2026-11-30.csv\""
    );
    insta::assert_snapshot!(csv.text());
    let beside = |name: &str| csv.headers.get(name).map(|value| value.to_str().unwrap());
    assert!(beside("x-logbook-complete-until").unwrap().ends_with('Z'));
    assert_eq!(beside("x-logbook-days-pending"), Some("0"));
    let json = api.ok(&path).await;
    assert_eq!(beside("x-logbook-next"), json["next"].as_str());

    for (accept, is_csv) in [
        ("text/csv", true),
        ("text/html, TEXT/CSV;q=0.9", true),
        ("application/json, text/csv", false),
        ("*/*", false),
    ] {
        let answer = accepting(&api, &path, accept).await;
        let media = answer.header(header::CONTENT_TYPE).to_owned();
        assert_eq!(media.starts_with("text/csv"), is_csv, "{accept}");
    }
    let forced = accepting(&api, &format!("{path}&format=json"), "text/csv").await;
    assert_eq!(forced.header(header::CONTENT_TYPE), "application/json");
}

#[tokio::test]
async fn slips_in_a_question_say_what_is_allowed() {
    let api = Api::new().await;
    let mut said = Vec::new();
    for path in [
        "/v1/reports/weather",
        "/v1/reports/feature-usage?colour=red",
        "/v1/reports/release-health?feature=save",
        "/v1/reports/feature-usage?format=xml",
        "/v1/reports/feature-usage?by=mood",
        "/v1/reports/feature-usage?limit=0",
        "/v1/reports/feature-usage?from=yesterday",
        "/v1/reports/feature-usage?from=2026-02-02&to=2026-02-01",
        "/v1/reports/feature-usage?environment=moon",
        "/v1/reports/feature-usage?after=zzz",
        "/v1/reports/feature-usage?min_users=0",
        "/v1/reports?name=x",
    ] {
        let answer = api.get(path).await;
        said.push(format!(
            "{path}\n  {} {}: {}",
            answer.status.as_u16(),
            answer.problem(),
            answer.detail()
        ));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn reports_need_their_scope() {
    let api = Api::new().await;
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    for path in [
        "/v1/reports",
        "/v1/reports/feature-usage",
        "/v1/ledger",
        "/v1/products",
    ] {
        let sessions_only = api.limited(&[Scope::ReadSessions], None);
        let answer = ask(sessions_only, "GET", path, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (403, "forbidden")
        );
        assert_eq!(answer.json()["scope"], "read:reports");
        let admin = api.limited(&[Scope::Admin], None);
        assert_eq!(
            ask(admin, "GET", path, &headers).await.status,
            200,
            "{path}"
        );
    }
}
