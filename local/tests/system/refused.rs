//! What is refused at the door gets a clear answer, and leaves nothing behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

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

/// The head of one answer, in small letters; its body is passed over.
fn next_answer(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).unwrap(), 0, "{head:?}");
    }
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    connection.read_exact(&mut vec![0; length]).unwrap();
    head
}

/// Connects, and begins an upload without a key: an answer is due before the body is there.
fn refused_upload(installation: &Installation, bytes: usize, header: &str) -> BufReader<TcpStream> {
    let mut connection = TcpStream::connect(("127.0.0.1", installation.port())).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: {bytes}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    BufReader::new(connection)
}

#[test]
fn who_is_refused_while_still_sending_hears_why_and_keeps_the_connection() {
    let installation = Installation::new();
    let running = installation.started();
    let part = vec![b'x'; 64 << 10];
    let mut connection = refused_upload(&installation, 48 * part.len(), "");
    for _ in 0..48 {
        connection.get_mut().write_all(&part).unwrap();
        sleep(Duration::from_millis(2));
    }
    let answer = next_answer(&mut connection);
    assert!(answer.starts_with("http/1.1 401"), "{answer}");
    assert!(!answer.contains("connection: close"), "{answer}");
    connection
        .get_mut()
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let answer = next_answer(&mut connection);
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(running.terminate().success());
}

#[test]
fn who_asks_before_sending_is_told_that_the_connection_ends() {
    let installation = Installation::new();
    let running = installation.started();
    let mut connection = refused_upload(&installation, 1000, "Expect: 100-continue\r\n");
    let answer = next_answer(&mut connection);
    assert!(answer.starts_with("http/1.1 401"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(connection.read(&mut [0; 1]).unwrap(), 0);
    assert!(running.terminate().success());
}
