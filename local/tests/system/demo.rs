//! `logbook demo`: the answers, and what comes of it when it is cut off or asked otherwise.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Installation, PATIENCE, PROGRAM, eventually};

const OPTIONS: [&str; 6] = ["demo", "--sessions", "600", "--end", "2026-03-01", "--exit"];

fn listen(installation: &Installation) -> String {
    format!("127.0.0.1:{}", installation.port())
}

/// Runs the demo to its end; what it printed.
fn demo(installation: &Installation) -> String {
    let output =
        installation.logbook(&[&OPTIONS[..], &["--listen", &listen(installation)]].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The rows of the reports that the demo answers with.
fn answers(installation: &Installation) -> Vec<Value> {
    ["release-health", "feature-usage", "active-users"]
        .iter()
        .map(|name| {
            let args = [
                "report",
                name,
                "--json",
                "--from",
                "2026-01-01",
                "--to",
                "2026-03-01",
            ];
            installation.json(&args)["rows"].clone()
        })
        .collect()
}

#[test]
fn a_demo_that_was_cut_off_goes_on_and_gives_the_same_answers() {
    let whole = Installation::new();
    demo(&whole);
    let installation = Installation::new();
    let mut child = Command::new(PROGRAM)
        .args(OPTIONS)
        .args(["--listen", &listen(&installation), "--data"])
        .arg(installation.data())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let noted = || std::fs::read_to_string(installation.data().join("demo.json")).ok();
    let begun = || noted().is_some_and(|note| !note.contains("\"done\":0"));
    eventually("some of it is noted as done", begun);
    child.kill().unwrap();
    child.wait().unwrap();
    let said = demo(&installation);
    let first = said.lines().next().unwrap();
    let mut numbers = first.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.find_map(|text| text.parse::<u64>().ok()).unwrap();
    let (all, now) = (number(), number());
    assert!(now > 0 && now < all, "{first}");
    assert_eq!(answers(&installation), answers(&whole));
    let ledger = installation.json(&["report", "ledger", "--json"]);
    let days = ledger["rows"].as_array().unwrap();
    assert!(!days.is_empty(), "{ledger}");
    assert!(days.iter().all(|day| day["balanced"] == true), "{ledger}");
}

#[test]
fn a_demo_of_other_options_asks_for_another_folder() {
    let installation = Installation::new();
    demo(&installation);
    let listen = listen(&installation);
    for other in [
        ["--seed", "5"],
        ["--end", "2026-03-02"],
        ["--sessions", "601"],
    ] {
        let mut args = vec!["demo", "--exit", "--listen", &listen];
        let kept = [["--sessions", "600"], ["--end", "2026-03-01"]];
        args.extend(kept.iter().filter(|kept| kept[0] != other[0]).flatten());
        args.extend(other);
        let output = installation.logbook(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{other:?}");
        assert!(
            said.contains("holds the demo of seed 4, 600 sessions, end 2026-03-01")
                && said.contains("--data"),
            "{said}"
        );
    }
}

#[test]
fn a_busy_port_is_a_clear_error_of_the_demo_too() {
    let installation = Installation::new();
    let holder = TcpListener::bind(("127.0.0.1", installation.port())).unwrap();
    let output = installation.logbook(&["demo", "--exit", "--listen", &listen(&installation)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("cannot listen on") && said.contains("--listen"),
        "{said}"
    );
    drop(holder);
}

#[test]
fn the_demo_gives_three_answers_and_resumes() {
    let installation = Installation::new();
    let listen = format!("127.0.0.1:{}", installation.port());
    let demo = ["demo", "--sessions", "200", "--exit", "--listen", &listen];
    let began = std::time::Instant::now();
    for uploads_now in [None, Some("0 of them now")] {
        let output = installation.logbook(&demo);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        for name in ["release-health", "feature-usage", "active-users"] {
            assert_eq!(
                said.matches(&format!("logbook report {name}")).count(),
                1,
                "{said}"
            );
        }
        assert!(uploads_now.is_none_or(|text| said.contains(text)), "{said}");
    }
    assert!(began.elapsed() < 2 * PATIENCE);
}
