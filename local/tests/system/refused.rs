//! What is refused at the door gets a clear answer, and leaves nothing behind.

use crate::support::door::Answer;
use crate::support::logs::usage;
use crate::support::stores::{dropped_id, execute, keys, put_into_inbox};
use crate::support::{Installation, eventually};

#[test]
fn what_is_refused_at_the_door_leaves_nothing_behind() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("before");
    let body = usage("refused");
    let with = |name: &'static str, value: &'static str| {
        let headers = [("x-logbook-log-id", "refused"), (name, value)];
        door.send("/v1/logs", &body, &headers).unwrap()
    };
    let ticket = |asked: &str| door.send("/v1/uploads", asked.as_bytes(), &[]).unwrap();
    let headers = [("x-logbook-log-id", "refused")];
    let large = vec![b'x'; (4 << 20) + 1];
    let off = br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"logbook.consent","value":{"stringValue":"off"}}]}}]}"#;
    let otlp = |kind: &'static str| [("content-type", kind), ("x-logbook-log-id", "refused")];
    let cases: Vec<(&str, Answer, u16, &str)> = vec![
        (
            "bad id",
            door.send("/v1/logs?log_id=.x", &body, &[]).unwrap(),
            400,
            "bad-request",
        ),
        (
            "oversized",
            door.send("/v1/logs", &large, &headers).unwrap(),
            413,
            "too-large",
        ),
        (
            "consent",
            with("x-logbook-consent", "off"),
            403,
            "consent-off",
        ),
        (
            "no consent",
            with("x-logbook-consent", "maybe"),
            400,
            "bad-request",
        ),
        (
            "header",
            with("x-logbook-colour", "red"),
            400,
            "unknown-parameter",
        ),
        (
            "encoding",
            with("content-encoding", "br"),
            415,
            "unsupported-media",
        ),
        (
            "parameter",
            door.send("/v1/logs?colour=red", &body, &headers).unwrap(),
            400,
            "unknown-parameter",
        ),
        (
            "no key",
            door.with_key("").send("/v1/logs", &body, &headers).unwrap(),
            401,
            "unauthorized",
        ),
        (
            "wrong key",
            door.with_key("lbk_app_x")
                .send("/v1/logs", &body, &headers)
                .unwrap(),
            401,
            "unauthorized",
        ),
        (
            "otlp off",
            door.send("/v1/otlp/v1/logs", off, &otlp("application/json"))
                .unwrap(),
            403,
            "consent-off",
        ),
        (
            "otlp type",
            door.send("/v1/otlp/v1/logs", &body, &otlp("text/plain"))
                .unwrap(),
            415,
            "unsupported-media",
        ),
        (
            "ticket off",
            ticket(r#"{"bytes":3,"log_id":"refused","consent":"off"}"#),
            403,
            "consent-off",
        ),
        (
            "ticket size",
            ticket(r#"{"bytes":300000000,"log_id":"refused"}"#),
            413,
            "too-large",
        ),
        (
            "ticket bytes",
            ticket(r#"{"log_id":"refused"}"#),
            400,
            "bad-request",
        ),
    ];
    for (case, answer, status, problem) in cases {
        assert_eq!(
            (answer.status, answer.problem()),
            (status, problem),
            "{case}: {answer:?}"
        );
        assert_eq!(answer.body["status"], status, "{case}");
        assert!(answer.body["detail"].is_string(), "{case}");
        door.passes(&format!("after-{}", case.replace(' ', "-")));
    }
    assert_eq!(door.receipt("refused").status, 404);
    assert!(running.terminate().success());
    put_into_inbox(
        &installation.data(),
        "app",
        "off.log",
        &[("logbook-consent", "off")],
    );
    let running = installation.started();
    eventually("the inbox is empty", || {
        keys(&installation.data(), "inbox", "").is_empty()
    });
    assert_eq!(
        door.receipt(&dropped_id("app", "off.log", &usage("inbox")))
            .status,
        404
    );
    assert!(running.terminate().success());
    let archived = keys(&installation.data(), "archive", "archive/");
    assert_eq!(archived.len(), 15, "{archived:?}");
    assert!(keys(&installation.data(), "archive", "edge/").is_empty());
    assert_eq!(
        execute(&installation.data(), "sessions.db", "DELETE FROM log"),
        15
    );
}
