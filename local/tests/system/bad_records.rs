//! What bad records become, and what is odd and kept: the log goes on, and is parsed.

use serde_json::json;

use crate::bad_input::rejects;
use crate::support::logs::usage;
use crate::support::{Installation, eventually};

#[test]
fn bad_records_are_visible_and_the_log_goes_on() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let lines = [
        (r#"{"name": broken"#.to_owned(), "broken"),
        (format!(r#"{{"name":"deep","x":{deep}}}"#), "too_deep"),
        (
            format!(r#"{{"name":"long","x":"{}"}}"#, "x".repeat(5 << 20)),
            "too_long",
        ),
        (
            r#"{"time":"yesterday","name":"when"}"#.to_owned(),
            "bad_time",
        ),
        (
            r#"{"time":"2026-03-01T10:00:00Z","level":"info"}"#.to_owned(),
            "no_name",
        ),
        (
            r#"{"time":"2026-03-01T10:00:00Z","name":"n","count":1e300}"#.to_owned(),
            "out_of_range",
        ),
    ];
    let mut body = usage("records");
    for (line, _) in &lines {
        body.extend(line.as_bytes());
        body.push(b'\n');
    }
    body.extend(usage("more"));
    assert_eq!(door.upload_by_ticket("records", &body).status, 200);
    let receipt = door.settled("records");
    assert_eq!(receipt["state"], "parsed", "{receipt}");
    assert_eq!(receipt["rejects_total"], lines.len(), "{receipt}");
    for (at, (_, reason)) in lines.iter().enumerate() {
        let samples = rejects(&door, reason);
        assert_eq!(samples.len(), 1, "{reason}: {samples:?}");
        let sample = &samples[0];
        assert_eq!(
            (&sample["scope"], &sample["log_id"]),
            (&"event".into(), &"records".into())
        );
        assert_eq!(sample["line"], at + 4, "{sample}");
    }
    let mut parsed = 1;
    let lines = (0..=10_000).map(|n| format!("{{\"name\":\"x\",\"session\":\"s{n}\"}}"));
    let too_many = lines.collect::<Vec<_>>().join("\n");
    let rows = "what,kind,bundleId,bundleVersion,description,time\na,b,c,d,e,1772359200000\nx,y\n";
    for (reason, body) in [("over_bound", too_many.as_str()), ("wrong_cells", rows)] {
        assert_eq!(door.upload(reason, body.as_bytes()).status, 201);
        assert_eq!(door.settled(reason)["rejects_total"], 1, "{reason}");
        assert_eq!(rejects(&door, reason).len(), 1, "{reason}");
        door.passes(&format!("after-{reason}"));
        parsed += 2;
    }
    // Such a log is parsed: nothing of it is missing in the ledger, and nothing is rejected.
    eventually("the ledger counts all", || {
        let ledger = door.ledger();
        ledger.balanced == Some(true) && (ledger.parsed, ledger.rejected) == (parsed, 0)
    });
}

#[test]
fn what_is_repaired_or_odd_is_kept_and_counted_in_the_receipt() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let line = |rest: &str| format!("{{\"name\":\"x\",{rest}}}\n").into_bytes();
    let time = |time: &str| line(&format!("\"time\":{time}"));
    let fine = json!({});
    let cases = [
        ("crlf", b"{\"name\":\"x\"}\r\n".to_vec(), 0, fine.clone()),
        (
            "bom",
            b"\xef\xbb\xbf{\"name\":\"y\"}".to_vec(),
            0,
            fine.clone(),
        ),
        (
            "utf-8",
            b"{\"name\":\"odd \xff\"}\n".to_vec(),
            1,
            fine.clone(),
        ),
        ("nul", b"{\"name\":\"odd \0\"}\n".to_vec(), 1, fine),
        ("1970", time("0"), 0, json!({ "epoch_start": 1 })),
        (
            "ahead",
            time("\"2999-01-01T00:00:00Z\""),
            0,
            json!({ "far_ahead": 1 }),
        ),
        (
            "local",
            time("\"2026-03-01T10:00:00\""),
            0,
            json!({ "no_zone": 1 }),
        ),
        (
            "twice",
            line("\"count\":2,\"count\":3"),
            0,
            json!({ "duplicate_keys": 1 }),
        ),
    ];
    for (log, body, repaired, flagged) in &cases {
        assert_eq!(door.upload(log, body).status, 201, "{log}");
        let receipt = door.settled(log);
        let shown = (
            &receipt["state"],
            &receipt["records"],
            &receipt["rejects_total"],
        );
        assert_eq!(shown, (&json!("parsed"), &json!(1), &json!(0)), "{receipt}");
        assert_eq!(receipt["repaired_utf8"], *repaired, "{receipt}");
        let none = json!({});
        assert_eq!(
            receipt.get("flagged").unwrap_or(&none),
            flagged,
            "{receipt}"
        );
        door.passes(&format!("after-{log}"));
    }
    assert_eq!(door.ask("/v1/rejects").body["samples"], json!([]));
    let parsed = 2 * cases.len() as u64;
    eventually("the ledger counts all", || {
        let ledger = door.ledger();
        ledger.balanced == Some(true) && (ledger.parsed, ledger.rejected) == (parsed, 0)
    });
}
