//! What is refused at the door gets a clear answer, and leaves nothing behind.

use crate::support::Installation;
use crate::support::door::{Answer, Door};
use crate::support::eventually;
use crate::support::logs::usage;
use crate::support::stores::{dropped_id, execute, keys, put_into_inbox};

/// What was sent, what came back, and what should have: status and problem.
type Case = (&'static str, Answer, u16, &'static str);

const ID: (&str, &str) = ("x-logbook-log-id", "refused");

fn of_logs(door: &Door) -> Vec<Case> {
    let send = |path: &str, body: &[u8], header: (&str, &str)| {
        door.send(path, body, &[ID, header]).unwrap()
    };
    let with = |name: &str, value: &str| send("/v1/logs", &usage("refused"), (name, value));
    let with_key = |key: &str| {
        let door = door.with_key(key);
        door.send("/v1/logs", &usage("refused"), &[ID]).unwrap()
    };
    let none = ("accept", "*/*");
    let bad_id = door.send("/v1/logs?log_id=.x", b"x", &[]).unwrap();
    let large = send("/v1/logs", &vec![b'x'; (4 << 20) + 1], none);
    let parameter = send("/v1/logs?colour=red", b"x", none);
    vec![
        ("bad id", bad_id, 400, "bad-request"),
        ("oversized", large, 413, "too-large"),
        ("parameter", parameter, 400, "unknown-parameter"),
        ("off", with("x-logbook-consent", "off"), 403, "consent-off"),
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
        ("no key", with_key(""), 401, "unauthorized"),
        ("wrong key", with_key("lbk_app_x"), 401, "unauthorized"),
    ]
}

fn of_otlp(door: &Door) -> Vec<Case> {
    let off = br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"logbook.consent","value":{"stringValue":"off"}}]}}]}"#;
    let send = |kind: &str| {
        door.send("/v1/otlp/v1/logs", off, &[ID, ("content-type", kind)])
            .unwrap()
    };
    vec![
        ("otlp off", send("application/json"), 403, "consent-off"),
        ("otlp type", send("text/plain"), 415, "unsupported-media"),
    ]
}

fn of_tickets(door: &Door) -> Vec<Case> {
    let ask = |asked: &str| door.send("/v1/uploads", asked.as_bytes(), &[ID]).unwrap();
    let off = ask(r#"{"bytes":3,"consent":"off"}"#);
    let large = ask(r#"{"bytes":300000000}"#);
    vec![
        ("ticket off", off, 403, "consent-off"),
        ("ticket size", large, 413, "too-large"),
        ("ticket bytes", ask("{}"), 400, "bad-request"),
    ]
}

/// Each refusal is a line of the program's own log, by its kind.
fn are_counted(installation: &Installation, cases: &[Case]) {
    let said = installation.errors();
    for (case, _, _, problem) in cases {
        let expected = cases.iter().filter(|case| case.3 == *problem).count();
        let kind = format!("problem=\"{problem}\"");
        let is_one = |line: &&str| line.contains("upload refused") && line.contains(&kind);
        let counted = said.lines().filter(is_one).count();
        assert_eq!(counted, expected, "{case}: {said}");
    }
}

#[test]
fn what_is_refused_at_the_door_leaves_nothing_behind() {
    let installation = Installation::new();
    let running = installation.start(&["--log", "info"]);
    eventually("the program answers", || installation.door("app").alive());
    let door = installation.door("app");
    let cases = [of_logs(&door), of_otlp(&door), of_tickets(&door)].concat();
    let good = cases.len();
    are_counted(&installation, &cases);
    for (case, answer, status, problem) in cases {
        let got = (answer.status, answer.problem());
        assert_eq!(got, (status, problem), "{case}: {answer:?}");
        if !case.starts_with("otlp") {
            assert_eq!(answer.body["status"], status, "{case}");
            assert!(answer.body["detail"].is_string(), "{case}");
        }
        door.passes(&format!("after-{}", case.replace(' ', "-")));
    }
    assert_eq!(door.receipt("refused").status, 404);
    assert!(running.terminate().success());
    let off = [("logbook-consent", "off")];
    put_into_inbox(&installation.data(), "app", "off.log", &off);
    let running = installation.started();
    let kept = |bucket: &str, prefix: &str| keys(&installation.data(), bucket, prefix);
    eventually("the inbox is empty", || kept("inbox", "").is_empty());
    let id = dropped_id("app", "off.log", &usage("inbox"));
    assert_eq!(door.receipt(&id).status, 404);
    assert!(running.terminate().success());
    assert_eq!(kept("archive", "archive/").len(), good);
    assert!(kept("archive", "edge/").is_empty());
    let rows = execute(&installation.data(), "sessions.db", "DELETE FROM log");
    assert_eq!(rows, good as u64);
}
