//! Events of a session, out of its sealed logs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_model::Consent;
use serde_json::Value;
use support::{Api, pages, run};

/// A run that goes on in a second log, beside another session in each.
async fn two_logs() -> Api {
    let api = Api::new().await;
    let first = run("s1", 2, "1.0", "ann");
    let cut = first.lines().count() - 1;
    let first = first.lines().take(cut).collect::<Vec<_>>().join("\n") + "\n";
    api.take("log-a", run("s0", 2, "1.0", "bob") + &first).await;
    let rest = "{\"time\":\"2026-11-02T11:00:00Z\",\"session\":\"s1\",\"name\":\"save\",\"user\":\"ann\",\"message\":\"saved\"}\n\
                {\"time\":\"2026-11-02T11:00:01Z\",\"session\":\"s1\",\"name\":\"stop\",\"type\":\"session_end\"}\n";
    api.take("log-b", run("s2", 2, "1.0", "bob") + rest).await;
    api
}

fn places(events: &[Value]) -> Vec<String> {
    let place = |event: &Value| {
        let text = |name: &str| event[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("log_id"), event["seq"], text("name"))
    };
    events.iter().map(place).collect()
}

#[tokio::test]
async fn events_of_a_session_come_from_all_its_logs_in_order() {
    let api = two_logs().await;
    let reply = api.ok("/v1/sessions/s1/events").await;
    assert_eq!(
        places(reply["events"].as_array().unwrap()),
        [
            "log-a 5 start",
            "log-a 6 save",
            "log-a 7 save",
            "log-a 8 export",
            "log-b 5 save",
            "log-b 6 stop"
        ]
    );
    assert_eq!(reply["next"], Value::Null);
    assert_eq!(reply["gaps"].as_array().unwrap().len(), 0);
    insta::assert_json_snapshot!([&reply["events"][3], &reply["events"][4]]);
    assert!(!reply.to_string().contains("ann"), "people stay hidden");
}

#[tokio::test]
async fn pages_of_any_size_give_every_event_once() {
    let api = two_logs().await;
    let whole = api.ok("/v1/sessions/s1/events").await["events"]
        .as_array()
        .unwrap()
        .clone();
    for limit in 1..=7 {
        let pages = pages(
            &api,
            &format!("/v1/sessions/s1/events?limit={limit}"),
            "events",
        )
        .await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.concat(), whole, "limit {limit}");
    }
}

#[tokio::test]
async fn an_answer_opens_only_so_many_logs_and_stays_small() {
    let api = Api::new().await;
    for n in 0..20 {
        let line = format!(
            "{{\"time\":\"2026-11-02T10:00:{n:02}Z\",\"session\":\"s1\",\"name\":\"n{n}\"}}\n"
        );
        api.take(&format!("log-{n:02}"), line).await;
    }
    let walked = pages(&api, "/v1/sessions/s1/events?limit=1000", "events").await;
    assert_eq!(walked.iter().map(Vec::len).collect::<Vec<_>>(), [16, 4]);

    let text = "\\u0001".repeat(6000);
    let line = format!("{{\"session\":\"s2\",\"name\":\"big\",\"message\":\"{text}\"}}\n");
    api.take("log-big", line.repeat(300)).await;
    let walked = pages(&api, "/v1/sessions/s2/events?limit=1000", "events").await;
    assert!(walked.len() > 2, "{} pages", walked.len());
    assert_eq!(walked.concat().len(), 300);
}

#[tokio::test]
async fn long_attributes_are_cut_at_a_character() {
    let api = Api::new().await;
    let text = "ä".repeat(10_000);
    api.take(
        "log-a",
        format!("{{\"session\":\"s\",\"name\":\"n\",\"message\":\"x{text}\"}}\n"),
    )
    .await;
    let reply = api.ok("/v1/sessions/s/events").await;
    let shown = reply["events"][0]["attributes"]["message"]
        .as_str()
        .unwrap();
    assert_eq!(shown.len(), 8191);
}

#[tokio::test]
async fn consent_decides_what_is_shown() {
    let body = run("s1", 2, "1.0", "ann")
        + "{\"time\":\"2026-11-02T10:01:00Z\",\"session\":\"s1\",\"name\":\"gone\",\"type\":\"crash\",\"duration_ms\":5,\"message\":\"why\"}\n";
    let cases = [
        (
            Consent::Usage,
            vec!["start", "save", "save", "export", "stop", "gone"],
        ),
        (Consent::Error, vec!["export", "gone"]),
        (Consent::Crash, vec!["-"]),
    ];
    for (consent, expected) in cases {
        let api = Api::new().await;
        let mut log = Api::new_log("log-a", body.clone());
        log.consent = consent;
        api.take_log(log).await;
        let reply = api.ok("/v1/sessions/s1/events?limit=2").await;
        let all = pages(&api, "/v1/sessions/s1/events?limit=2", "events")
            .await
            .concat();
        let names: Vec<_> = all
            .iter()
            .map(|e| e["name"].as_str().unwrap_or("-"))
            .collect();
        assert_eq!(names, expected, "{consent}");
        let whole = consent == Consent::Usage;
        let last = all.last().unwrap();
        assert_eq!(last["attributes"]["message"].is_string(), whole);
        assert_eq!(last["duration_us"].is_u64(), whole);
        let gaps = reply["gaps"].as_array().unwrap();
        assert_eq!(gaps.len(), usize::from(!whole));
        assert!(gaps.iter().all(|gap| gap["reason"] == "consent"));
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_is_a_gap() {
    let api = two_logs().await;
    api.tamper("log-a").await;
    let reply = api.ok("/v1/sessions/s1/events").await;
    assert_eq!(
        places(reply["events"].as_array().unwrap()),
        ["log-b 5 save", "log-b 6 stop"]
    );
    insta::assert_json_snapshot!(reply["gaps"], @r#"
    [
      {
        "log_id": "log-a",
        "reason": "wrong_tag"
      }
    ]
    "#);
}

#[tokio::test]
async fn no_session_no_events() {
    let api = two_logs().await;
    assert_eq!(
        api.get("/v1/sessions/s9/events").await.problem(),
        "not-found"
    );
}
