//! What is lost from the tables shows, and comes back from the archive.

use std::collections::BTreeMap;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::door::Door;
use crate::support::logs::{bad, good, usage};
use crate::support::stores::execute;
use crate::support::{Installation, eventually};

fn is_balanced(door: &Door, parsed: u64) -> bool {
    let ledger = door.ledger();
    let all = ledger.parsed + ledger.duplicate + ledger.rejected;
    ledger.balanced == Some(true)
        && ledger.parsed == parsed
        && (ledger.pending, ledger.lost) == (0, 0)
        && ledger.received == all
}

#[test]
fn a_deleted_row_makes_the_ledger_unbalanced() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    for id in ["a", "b", "c"] {
        assert_eq!(door.upload(id, &usage(id)).status, 201);
        assert_eq!(door.settled(id)["state"], "parsed");
    }
    eventually("all is balanced", || is_balanced(&door, 3));
    let before = door.sessions();
    assert_eq!(
        execute(
            &installation.data(),
            "sessions.db",
            "DELETE FROM log WHERE log_id = 'b'"
        ),
        1
    );
    eventually("the ledger shows what is lost", || {
        let ledger = door.ledger();
        ledger.balanced == Some(false) && (ledger.received, ledger.parsed, ledger.lost) == (3, 2, 1)
    });
    // It stays so: what is lost is no work in progress.
    sleep(Duration::from_millis(2500));
    assert_eq!(
        (door.ledger().balanced, door.ledger().pending),
        (Some(false), 0)
    );
    let found = installation.doctor("ledger");
    assert!(
        found[0].0 == "bad" && found[0].1.contains("received 3, accounted for 2"),
        "{found:?}"
    );
    let report = installation.json(&["report", "ledger", "--json", "--product", "app"]);
    assert!(report["rows"].to_string().contains("false"), "{report}");

    assert!(running.terminate().success());
    let _running = installation.started();
    assert_eq!(door.settled("b")["state"], "parsed");
    eventually("all is balanced again", || is_balanced(&door, 3));
    assert_eq!(installation.doctor("ledger")[0].0, "good");
    assert_eq!(door.sessions(), before);
}

#[test]
fn the_ledger_balances_while_logs_come_in() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let began = Instant::now();
    let in_time = || began.elapsed() < Duration::from_secs(15);
    scope(|scope| {
        for sender in 0..6 {
            let door = &door;
            scope.spawn(move || {
                for at in (0..).take_while(|_| in_time()) {
                    let id = format!("log-{sender}-{at}");
                    assert_eq!(door.upload(&id, &usage(&id)).status, 201);
                }
            });
        }
        while in_time() {
            let ledger = door.ledger();
            assert!(
                ledger.balanced != Some(false) && ledger.lost == 0,
                "{ledger:?}"
            );
        }
    });
    assert!(door.ledger().received > 0);
}

#[test]
fn rebuild_from_the_archive_gives_the_same_reports() {
    let installation = Installation::new();
    installation.add_product("shop", "auto");
    let running = installation.start(&["--product", "shop"]);
    eventually("the program answers", || installation.door("shop").alive());
    let door = installation.door("shop");
    for (id, body) in good().into_iter().chain(bad()) {
        assert_eq!(door.upload(id, &body).status, 201);
        // Twice: noted as a duplicate at the edge.
        assert_eq!(door.upload(id, &body).status, 200);
    }
    assert_eq!(door.upload("copy", &usage("plain")).status, 201);
    for (id, _) in good().into_iter().chain(bad()) {
        door.settled(id);
    }
    assert_eq!(door.settled("copy")["duplicate_of"], "plain");
    // Its session is named by its log: it matters which of the copies is read first.
    let unnamed = b"{\"name\":\"open\"}\n";
    let copies = ["unnamed", "a", "b", "c", "d", "e", "f"];
    for id in copies {
        assert_eq!(door.upload(id, unnamed).status, 201);
        door.settled(id);
    }
    eventually("all is balanced", || {
        is_balanced(&door, good().len() as u64 + 1)
    });
    let mut before = reports(&installation);
    eventually("the reports are up to date", || {
        sleep(Duration::from_millis(1500));
        let earlier = std::mem::replace(&mut before, reports(&installation));
        earlier == before
    });
    let (sessions, ledger) = (door.sessions(), door.ledger());
    assert!(running.terminate().success());
    let rebuilt = installation.logbook(&["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    assert_eq!(reports(&installation), before);
    assert_eq!(installation.doctor("ledger")[0].0, "good");
    let running = installation.start(&["--product", "shop"]);
    eventually("the program answers", || door.alive());
    assert_eq!((door.sessions(), door.ledger()), (sessions, ledger));
    for id in &copies[1..] {
        assert_eq!(door.settled(id)["duplicate_of"], "unnamed", "{id}");
    }
    assert!(running.terminate().success());
}

/// Every report of the product, but for how fresh it is.
fn reports(installation: &Installation) -> BTreeMap<String, Value> {
    let listed = installation.json(&["report", "--json"]);
    let names = listed.as_array().unwrap().iter();
    names
        .map(|report| report["name"].as_str().unwrap())
        // How long the work took is measured, and not in the archive.
        .filter(|name| !["freshness", "cost"].contains(name))
        .map(|name| {
            let args = [
                "report",
                name,
                "--json",
                "--limit",
                "1000",
                "--from",
                "2026-02-01",
            ];
            let mut report = installation.json(&args);
            let members = report.as_object_mut().unwrap();
            members.remove("freshness");
            members.remove("listed_as_of");
            assert!(report["rows"].is_array(), "{report}");
            (name.to_owned(), report)
        })
        .collect()
}
