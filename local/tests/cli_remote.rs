//! `logbook report` and `logbook upload` against APIs elsewhere, and what a stack is to a build
//! that knows none.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;
mod fake;

use cli::{Folder, LOG};
use fake::Fake;
use serde_json::json;

const RESUMING: &str = "content-type: application/problem+json\r\nretry-after: 1\r\n";
const JSON: &str = "content-type: application/json\r\n";

fn page() -> String {
    json!({
        "report": "release-health", "product": "app", "from": "2026-11-01", "to": "2026-11-02",
        "by": ["version"],
        "columns": [
            {"name": "version", "type": "text", "unit": "-"},
            {"name": "sessions", "type": "integer", "unit": "sessions"},
            {"name": "p95_us", "type": "integer", "unit": "µs"},
            {"name": "crash_free_session_rate", "type": "ratio", "unit": "share"},
        ],
        "rows": [
            {"version": "1.0", "sessions": 12, "p95_us": 1500, "crash_free_session_rate": 0.5},
            {"version": null, "sessions": 3, "p95_us": null, "crash_free_session_rate": 1.0},
        ],
        "withheld_groups": 2,
        "freshness": {"complete_until": "2026-11-02T10:00:00Z", "days_pending": 0,
                      "logs_pending": 1, "logs_rejected": 0},
        "next": null,
    })
    .to_string()
}

#[test]
fn a_report_from_elsewhere_waits_for_a_database_that_resumes() {
    let problem = json!({"type": "urn:logbook:problem:database-resuming", "detail": "soon"});
    let server = Fake::answering(vec![
        (503, RESUMING, problem.to_string()),
        (503, RESUMING, problem.to_string()),
        (200, JSON, page()),
    ]);
    let ran = Folder::new().run(&[
        "report",
        "release-health",
        "--url",
        &server.url,
        "--token",
        "secret-token",
        "--product",
        "app",
        "--by",
        "version",
        "--where",
        "version=1.0 b",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r"
    2026-11-01 .. 2026-11-02

    version  sessions     p95  crash_free_session_rate
    ───────  ────────  ──────  ───────────────────────
        1.0        12  1.5 ms                   50.00%
          –         3       –                  100.00%

    withheld for fewer persons than the product's min users: 2 (`logbook product set ID --min-users N`; 0 where logs name nobody)
    complete until 2026-11-02T10:00:00Z; 1 logs pending, 0 rejected
    ");
    assert_eq!(ran.err.matches("waiting").count(), 1, "{}", ran.err);
    let asked = server.asked();
    let first = asked[0].lines().next().unwrap();
    assert_eq!(
        first,
        "GET /v1/reports/release-health?by=version&version=1.0%20b&limit=50&product=app HTTP/1.1"
    );
    assert!(asked[2].contains("Bearer secret-token"), "{}", asked[2]);
}

#[test]
fn reports_from_elsewhere_come_as_json_and_csv_as_they_are() {
    let run = |answer: &str, arguments: &[&str]| {
        let server = Fake::answering(vec![(200, JSON, answer.to_owned())]);
        let base = ["report", "--url", &server.url, "--token", "t"];
        let ran = Folder::new().run(&[&base[..], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        (ran, server.asked().remove(0))
    };
    let (ran, _) = run(&page(), &["release-health", "--json"]);
    assert_eq!(ran.json()["rows"][0]["sessions"], 12);
    let (ran, asked) = run(
        "version,sessions\r\n1.0,12\r\n",
        &["release-health", "--csv"],
    );
    assert_eq!(ran.out, "version,sessions\r\n1.0,12\r\n");
    assert!(asked.contains("accept: text/csv"), "{asked}");
    let reports = json!({"reports": [{"name": "funnel", "title": "A report of another version",
                                      "parameters": [{"name": "from"}, {"name": "steps"}]}]});
    let (ran, _) = run(&reports.to_string(), &[]);
    assert!(
        ran.out.contains("funnel") && ran.out.contains("from, steps"),
        "{}",
        ran.out
    );
}

#[test]
fn what_a_query_api_refuses_says_what_to_do() {
    for (status, body, said) in [
        (401, r#"{"message":"Unauthorized"}"#, "LOGBOOK_TOKEN"),
        (
            403,
            r#"{"message":"Forbidden"}"#,
            "does not allow that: Forbidden",
        ),
        (
            400,
            r#"{"detail":"by: must be version"}"#,
            "error: by: must be version",
        ),
    ] {
        let server = Fake::answering(vec![(status, JSON, body.to_owned())]);
        let arguments = ["report", "ledger", "--url", &server.url, "--token", "t"];
        let ran = Folder::new().run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    let ran = Folder::new().run(&["report", "ledger", "--url", "http://127.0.0.1:9"]);
    assert!(ran.code == 1 && ran.err.contains("--token"), "{}", ran.err);
    let ran = Folder::new().run(&[
        "report",
        "a/b",
        "--url",
        "http://127.0.0.1:9",
        "--token",
        "t",
    ]);
    assert!(
        ran.code == 1 && ran.err.contains("no report's name"),
        "{}",
        ran.err
    );
}

#[test]
fn an_upload_through_a_gateway_bears_its_key_and_asks_for_no_receipts() {
    let folder = Folder::with_log();
    let taken = json!({"duplicate": false, "state": "archived"}).to_string();
    let there = json!({"duplicate": true, "state": "archived"}).to_string();
    for (status, body, said) in [
        (201, taken, "1 sent, 0 there"),
        (200, there, "0 sent, 1 there"),
    ] {
        let server = Fake::answering(vec![(status, JSON, body)]);
        let url = server.url.clone();
        let ran = folder.run(&[
            "upload",
            "run.log",
            "--url",
            &url,
            "--key",
            "lbk_app_x",
            "--api-key",
            "quota",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(said), "{}", ran.out);
        assert!(ran.err.contains("--token"), "{}", ran.err);
        let asked = server.asked().remove(0);
        assert!(asked.starts_with("POST /v1/logs "), "{asked}");
        assert!(asked.contains("x-api-key: quota"), "{asked}");
        assert!(asked.contains("Bearer lbk_app_x"), "{asked}");
    }
}

#[test]
fn an_upload_that_a_gateway_refuses_ends_at_once() {
    let folder = Folder::new();
    for name in ["logs/a.log", "logs/b.log"] {
        folder.write(name, LOG);
    }
    let forbidden = r#"{"message":"Forbidden"}"#.to_owned();
    let server = Fake::answering(vec![(403, JSON, forbidden)]);
    let url = server.url.clone();
    let ran = folder.run(&[
        "upload",
        "logs",
        "--url",
        &url,
        "--key",
        "lbk_app_x",
        "--api-key",
        "wrong",
        "--jobs",
        "1",
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("--api-key"), "{}", ran.err);
    assert!(ran.err.contains("0 of 2 files are there"), "{}", ran.err);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_upload_through_a_gateway_waits_for_its_logs_by_a_token() {
    let folder = Folder::with_log();
    let missing = r#"{"type":"urn:logbook:problem:not-found","detail":"there is no such log"}"#;
    let parsed = json!({"state": "parsed", "sessions": 2, "records": 4}).to_string();
    let query = Fake::answering(vec![
        (404, JSON, missing.to_owned()),
        (200, JSON, json!({"state": "pending"}).to_string()),
        (200, JSON, parsed),
    ]);
    let door = Fake::answering(vec![(201, JSON, "{}".to_owned())]);
    let (url, query_url) = (door.url.clone(), query.url.clone());
    let ran = folder.run(&[
        "upload",
        "run.log",
        "--url",
        &url,
        "--key",
        "lbk_app_x_y",
        "--api-key",
        "quota",
        "--query-url",
        &query_url,
        "--token",
        "t",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("1 parsed (2 sessions, 4 records)"),
        "{}",
        ran.out
    );
    assert_eq!(door.asked().len(), 1);
    for asked in query.asked() {
        assert!(asked.contains("/receipt?product=app HTTP"), "{asked}");
        assert!(asked.contains("Bearer t"), "{asked}");
    }
}

#[test]
#[cfg(not(feature = "aws"))]
fn a_build_without_aws_says_how_to_make_one_that_knows_stacks() {
    let folder = Folder::with_log();
    let ran = folder.run(&["doctor", "--stack", "prod"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("--features aws"), "{}", ran.err);
    let ran = folder.run(&[
        "upload",
        "run.log",
        "--url",
        "https://a.example",
        "--key",
        "k",
    ]);
    assert!(
        ran.code == 1 && ran.err.contains("--features aws"),
        "{}",
        ran.err
    );
    assert!(!folder.run(&["doctor", "--help"]).out.contains("--stack"));
}

#[test]
#[cfg(feature = "aws")]
fn what_works_on_this_machine_only_says_so() {
    let folder = Folder::with_log();
    for command in ["run", "demo", "rebuild", "migrate"] {
        let ran = folder.run(&[command, "--stack", "prod"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command}");
        assert!(
            ran.err.contains("works on data folders only"),
            "{}",
            ran.err
        );
        assert!(!folder.exists("logbook-data") && !folder.exists("logbook-demo"));
    }
    // What is about files is not about an installation.
    let ran = folder.run(&["inspect", "run.log", "--stack", "prod"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(folder.run(&["profile", "list", "--stack", "prod"]).code, 0);
    assert!(
        folder
            .run(&["doctor", "--help"])
            .out
            .contains("--stack <NAME>")
    );
}

#[test]
fn the_schemas_are_migrated_without_a_start() {
    let folder = Folder::new();
    assert!(folder.run(&["migrate"]).err.contains("logbook run --data"));
    folder.run(&["product", "add", "editor"]);
    for _ in 0..2 {
        let ran = folder.run(&["migrate"]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "both schemas are up to date\n")
        );
    }
    assert!(folder.exists("logbook-data/sessions.db"));
    assert!(folder.exists("logbook-data/analytics.db"));
}

/// A page with another after it.
fn first_page() -> String {
    let mut first: serde_json::Value = serde_json::from_str(&page()).unwrap();
    first["next"] = json!("second");
    first.to_string()
}

#[test]
fn an_export_reads_every_page_for_the_days_of_the_first() {
    let server = Fake::answering(vec![(200, JSON, first_page()), (200, JSON, page())]);
    let folder = Folder::new();
    let ran = folder.run(&[
        "export",
        "release-health",
        "--csv",
        "out.csv",
        "--url",
        &server.url,
        "--token",
        "secret-token",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let csv = std::fs::read_to_string(folder.path("out.csv")).unwrap();
    insta::assert_snapshot!(csv.replace('\r', ""), @"
    version,sessions,p95_us,crash_free_session_rate
    1.0,12,1500,0.5
    ,3,,1
    1.0,12,1500,0.5
    ,3,,1
    ");
    assert!(ran.out.contains("4 rows"), "{}", ran.out);
    assert!(ran.err.contains("min users: 4"), "{}", ran.err);
    let asked = server.asked();
    let lines: Vec<_> = asked
        .iter()
        .map(|asked| asked.lines().next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /v1/reports/release-health?limit=5000 HTTP/1.1",
            "GET /v1/reports/release-health?limit=5000&after=second&from=2026-11-01&to=2026-11-02 \
             HTTP/1.1"
        ]
    );
}

#[test]
fn an_export_that_breaks_off_leaves_nothing_behind() {
    let problem = json!({"type": "urn:logbook:problem:not-found", "detail": "gone"}).to_string();
    for form in ["--csv", "--parquet"] {
        let pages = vec![(200, JSON, first_page()), (404, JSON, problem.clone())];
        let server = Fake::answering(pages);
        let folder = Folder::new();
        folder.write("out", "mine");
        let ran = folder.run(&[
            "export",
            "release-health",
            form,
            "out",
            "--url",
            &server.url,
            "--token",
            "secret-token",
        ]);
        assert_eq!(ran.code, 1, "{}", ran.out);
        assert!(ran.err.contains("gone"), "{}", ran.err);
        let left = std::fs::read_dir(folder.path(".")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["out"], "{form}");
        assert_eq!(std::fs::read_to_string(folder.path("out")).unwrap(), "mine");
    }
}
