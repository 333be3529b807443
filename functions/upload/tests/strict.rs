//! Who is let in, and what is refused: by name, and without a trace.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::http::header;
use logbook_model::Consent;
use support::{Door, LOG};

fn named(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

#[tokio::test]
async fn the_product_s_key_lets_in_by_either_header() {
    let door = Door::new().await;
    let bearer = format!("bearer {}", door.key);
    for header in [
        ("authorization", bearer.as_str()),
        ("x-logbook-key", &door.key),
    ] {
        let answer = door.post_bare("/v1/logs", &[header], LOG).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json()["product"], "editor");
    }
}

#[tokio::test]
async fn without_a_good_key_nothing_is_taken() {
    let door = Door::new().await;
    let before = door.files();
    let basic = format!("Basic {}", door.key);
    let longer = format!("{}x", door.key);
    let cases: [&[(&str, &str)]; 6] = [
        &[],
        &[("authorization", &basic)],
        &[("authorization", "Bearer ")],
        &[("authorization", "Bearer lbk_editor_wrong")],
        &[("x-logbook-key", &longer)],
        &[("x-logbook-key", "")],
    ];
    for path in ["/v1/logs", "/v1/otlp/v1/logs", "/v1/uploads"] {
        for headers in cases {
            let answer = door.post_bare(path, headers, LOG).await;
            assert_eq!(answer.problem(), named(401, "unauthorized"), "{headers:?}");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn what_is_said_wrongly_is_refused_by_name() {
    let door = Door::new().await;
    let before = door.files();
    let long = "x".repeat(257);
    for (header, problem) in [
        (("x-logbook-log-id", "../run"), "bad-request"),
        (("x-logbook-log-id", ""), "bad-request"),
        (("x-logbook-consent", "sometimes"), "bad-request"),
        (("x-logbook-modified-at", "yesterday"), "bad-request"),
        (("x-logbook-version", long.as_str()), "bad-request"),
        (("x-logbook-verzion", "1"), "unknown-parameter"),
        (("x-logbook-", "1"), "unknown-parameter"),
    ] {
        let answer = door.log(&[header], LOG).await;
        assert_eq!(answer.problem(), named(400, problem), "{header:?}");
        let known = header.0["x-logbook-".len()..].replace('-', "_");
        assert_eq!(answer.json()["parameter"], known);
    }
    for query in ["log=run-1", "consent=off", "log_id=a&x=1"] {
        let answer = door.post(&format!("/v1/logs?{query}"), &[], LOG).await;
        assert_eq!(answer.problem(), named(400, "unknown-parameter"), "{query}");
    }
    for query in ["log_id=a%2Fb", "log_id=%zz", "log_id=a&log_id=b"] {
        let answer = door.post(&format!("/v1/logs?{query}"), &[], LOG).await;
        assert_eq!(answer.problem(), named(400, "bad-request"), "{query}");
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn what_is_said_twice_is_refused_and_not_guessed() {
    let door = Door::new().await;
    let before = door.files();
    for twice in [
        [("x-logbook-consent", "off"), ("x-logbook-consent", "usage")],
        [("x-logbook-log-id", "a"), ("x-logbook-log-id", "b")],
        [("x-logbook-user", "ann"), ("x-logbook-user", "ben")],
    ] {
        let answer = door.log(&twice, LOG).await;
        assert_eq!(answer.problem(), named(400, "bad-request"), "{twice:?}");
        assert!(answer.detail().contains("twice"), "{}", answer.detail());
    }
    let headers = [("x-logbook-log-id", "a")];
    let answer = door.post("/v1/logs?log_id=b", &headers, LOG).await;
    assert_eq!(answer.problem(), named(400, "bad-request"));
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn more_said_of_a_log_than_an_object_bears_is_refused_and_not_dropped() {
    let door = Door::new().await;
    let text = "x".repeat(250);
    let names = ["version", "os", "runtime", "account", "environment"];
    let headers: Vec<(String, &str)> = names
        .iter()
        .map(|name| (format!("x-logbook-{name}"), text.as_str()))
        .collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    let answer = door.log(&headers, LOG).await;
    assert_eq!(answer.problem(), named(400, "bad-request"));
    assert_eq!(door.log(&headers[..3], LOG).await.status, 201);
}

#[tokio::test]
async fn consent_off_leaves_no_trace() {
    let door = Door::new().await;
    let before = door.files();
    let headers = [
        ("x-logbook-consent", "off"),
        ("x-logbook-log-id", "run-1"),
        ("x-logbook-user", "ann"),
    ];
    let answer = door.log(&headers, LOG).await;
    assert_eq!(answer.problem(), named(403, "consent-off"));
    let otlp = [headers[0], ("content-type", "application/json")];
    let answer = door.post("/v1/otlp/v1/logs", &otlp, "{}").await;
    assert_eq!(answer.status, 403);
    let message = answer.json()["message"].to_string();
    assert!(message.starts_with("\"consent-off:"), "{message}");
    let answer = door.post("/v1/uploads", &headers, "{\"bytes\":5}").await;
    assert_eq!(answer.problem(), named(403, "consent-off"));
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn a_product_whose_users_have_not_agreed_takes_only_logs_that_say_they_have() {
    let door = Door::with_consent(Consent::Off).await;
    let before = door.files();
    let answer = door.log(&[], LOG).await;
    assert_eq!(answer.problem(), named(403, "consent-off"));
    assert_eq!(door.files(), before);
    let said = [("x-logbook-consent", "error"), ("x-logbook-log-id", "a")];
    assert_eq!(door.log(&said, LOG).await.status, 201);
    let archived = door.archived("a").await.unwrap();
    assert_eq!(archived["logbook-consent"], "error");
}

#[tokio::test]
async fn who_somebody_is_stands_readable_in_no_file() {
    let door = Door::new().await;
    let headers = [
        ("x-logbook-user", "Ann Example"),
        ("x-logbook-installation", "anns-laptop"),
        ("x-logbook-version", "9.8.7-beta"),
    ];
    let log = "{\"name\":\"start\",\"user\":\"Ben Example\"}\n";
    assert_eq!(door.log(&headers, log).await.status, 201);
    for name in ["Ann Example", "anns-laptop", "Ben Example"] {
        assert!(!door.holds(name), "{name}");
    }
    assert!(door.holds("9.8.7-beta"), "the look itself is no sham");
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_is_worth_another_try() {
    let door = Door::new().await;
    let faulty = b"[[product]\n".to_vec();
    let put = logbook_backends::Put::Always;
    let key = "config/products.toml";
    let put = door.store.put(key, faulty, [].into(), put);
    put.await.unwrap();
    let answer = door.log(&[], LOG).await;
    assert_eq!(answer.problem(), named(503, "unavailable"));
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert!(
        !answer.detail().contains("toml"),
        "no inner matters outside"
    );
}
