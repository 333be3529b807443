//! Lists of sessions, and one session.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_query::Scope;
use serde_json::Value;
use support::{Api, TOKEN, ask, pages, run};

fn ids(sessions: &[Value]) -> Vec<&str> {
    sessions
        .iter()
        .map(|one| one["session_id"].as_str().unwrap())
        .collect()
}

async fn three_runs() -> Api {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    api.take("log-b", run("s2", 3, "1.0", "bob")).await;
    let last = run("s3", 4, "2.0", "ann")
        + "{\"time\":\"2026-11-04T10:00:05Z\",\"session\":\"s3\",\"name\":\"gone\",\"type\":\"crash\"}\n";
    api.take("log-c", last).await;
    api
}

const NOVEMBER: &str = "from=2026-11-01&to=2026-11-30";

#[tokio::test]
async fn sessions_come_latest_first_with_their_figures() {
    let api = three_runs().await;
    let reply = api.ok(&format!("/v1/sessions?{NOVEMBER}")).await;
    assert_eq!(
        ids(reply["sessions"].as_array().unwrap()),
        ["s3", "s2", "s1"]
    );
    let mut first = reply["sessions"][1].clone();
    let user = first["user"].take();
    assert!(user.as_str().unwrap().starts_with("p:"), "{user}");
    insta::assert_json_snapshot!(first);
}

#[tokio::test]
async fn filters_leave_what_they_name() {
    let api = three_runs().await;
    let user = api.ok("/v1/sessions/s1").await["user"]
        .as_str()
        .unwrap()
        .to_owned();
    let cases = [
        ("version=1.0", vec!["s2", "s1"]),
        ("status=crashed", vec!["s3"]),
        ("status=ok", vec![]),
        ("name=gone", vec!["s3"]),
        (&format!("user={user}"), vec!["s3", "s1"]),
        ("limit=2", vec!["s3", "s2"]),
        ("product=editor", vec!["s3", "s2", "s1"]),
    ];
    for (filter, expected) in cases {
        let reply = api.ok(&format!("/v1/sessions?{NOVEMBER}&{filter}")).await;
        assert_eq!(
            ids(reply["sessions"].as_array().unwrap()),
            expected,
            "{filter}"
        );
    }
    let day = api.ok("/v1/sessions?from=2026-11-03&to=2026-11-03").await;
    assert_eq!(ids(day["sessions"].as_array().unwrap()), ["s2"]);
}

#[tokio::test]
async fn pages_together_give_every_session_once() {
    let api = Api::new().await;
    let mut log = String::new();
    // Several begin at the same instant: the id decides between them.
    for n in 0..11 {
        log += &run(&format!("s{n:02}"), 2 + n / 4, "1.0", "ann");
    }
    api.take("log-a", log).await;
    let pages = pages(
        &api,
        &format!("/v1/sessions?{NOVEMBER}&limit=3"),
        "sessions",
    )
    .await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 2]);
    let all = pages.concat();
    let mut expected: Vec<String> = (0..11).map(|n| format!("s{n:02}")).collect();
    expected.reverse();
    assert_eq!(ids(&all), expected);
}

#[tokio::test]
async fn a_session_shows_its_logs_and_features() {
    let api = Api::new().await;
    api.take("log-a", run("s/1 ü", 2, "1.0", "ann")).await;
    let late = "{\"time\":\"2026-11-02T11:00:00Z\",\"session\":\"s/1 ü\",\"name\":\"save\",\"duration_ms\":1000}\n";
    api.take("log-b", late).await;
    let mut reply = api.ok("/v1/sessions/s%2F1%20%C3%BC").await;
    reply["user"].take();
    for log in reply["logs"].as_array_mut().unwrap() {
        log["received_at"].take();
    }
    insta::assert_json_snapshot!(reply);
    let missing = api.get("/v1/sessions/nobody").await;
    assert_eq!(
        (missing.status.as_u16(), missing.problem().as_str()),
        (404, "not-found")
    );
}

#[tokio::test]
async fn days_default_to_the_last_28() {
    let api = Api::new().await;
    let reply = api.ok("/v1/sessions").await;
    assert_eq!(reply["to"], support::now().day().to_string());
    assert_eq!(reply["from"], support::now().day().plus(-27).to_string());
    let reply = api.ok("/v1/sessions?to=2026-03-01").await;
    assert_eq!(reply["from"], "2026-02-02");
}

#[tokio::test]
async fn sessions_need_their_scope() {
    let api = Api::new().await;
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    for path in [
        "/v1/sessions",
        "/v1/sessions/s1",
        "/v1/sessions/s1/events",
        "/v1/rejects",
    ] {
        let reports_only = api.limited(&[Scope::ReadReports], None);
        let answer = ask(reports_only, "GET", path, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (403, "forbidden")
        );
        assert_eq!(answer.json()["scope"], "read:sessions");
    }
}
