//! What an operator sees of an installation that lacks something, and of a single log.

use std::fs::File;

use logbook_model::LogId;
use serde_json::Value;

use crate::bad_input::rejects;
use crate::support::logs::{bad, usage};
use crate::support::stores::{dropped_id, execute, product};
use crate::support::{Installation, PATIENCE, eventually};

#[test]
fn a_log_is_shown_out_of_the_archive() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    let headers = [
        ("x-logbook-log-id", "run-1"),
        ("x-logbook-version", "9.9"),
        ("x-logbook-file-name", "of-ann.log"),
    ];
    let log = b"{\"name\":\"save\"}\n{\"name\":\"open\"}\n";
    assert_eq!(door.send("/v1/logs", log, &headers).unwrap().status, 201);
    assert_eq!(door.settled("run-1")["state"], "parsed");
    let (_, truncated) = bad().into_iter().find(|(r, _)| *r == "truncated").unwrap();
    assert_eq!(door.upload("cut", &truncated).status, 201);
    assert!(running.terminate().success());

    let shown = installation.json(&["inspect", "--log", "app/run-1", "--json"]);
    assert_eq!(shown["log"]["records"], 2);
    let session = &shown["sessions"][0];
    assert_eq!(
        (&session["product"], &session["version"]),
        (&"app".into(), &"9.9".into())
    );
    let cut = installation.logbook(&["inspect", "--log", "app/cut", "--json"]);
    assert_eq!(cut.status.code(), Some(2));
    let cut: Value = serde_json::from_slice(&cut.stdout).unwrap();
    assert_eq!(cut["rejected"]["reason"], "truncated");
    for (name, said) in [
        ("app/none", "the archive has no log none of product app"),
        ("run-1", "is not PRODUCT/LOG"),
    ] {
        let ran = installation.logbook(&["inspect", "--log", name]);
        assert_eq!(ran.status.code(), Some(1));
        let error = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(error.contains(said), "{error}");
    }
    // Without the keys nothing is opened, and none are made in their place.
    let keys = installation.data().join("keys");
    std::fs::rename(&keys, installation.outside().join("keys")).unwrap();
    let ran = installation.logbook(&["inspect", "--log", "app/run-1"]);
    assert_eq!(ran.status.code(), Some(1));
    assert_eq!(installation.doctor("keys")[0].0, "bad");
    assert!(!keys.exists());
}

#[test]
fn a_missing_sessions_schema_is_told_and_rebuilt() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    assert_eq!(door.upload("a", &usage("a")).status, 201);
    assert_eq!(door.settled("a")["state"], "parsed");
    assert!(running.terminate().success());
    for suffix in ["", "-wal", "-shm"] {
        let file = installation.data().join(format!("sessions.db{suffix}"));
        // The write-ahead log is gone already where the program ended cleanly.
        let _ = std::fs::remove_file(file);
    }
    let found = installation.doctor("sessions schema");
    assert_eq!(found[0].0, "bad", "{found:?}");
    assert!(installation.doctor("ledger").is_empty());
    assert_eq!(installation.doctor("products")[0].0, "good");
    // Nobody makes an empty one in its place, which would look as if no log were there.
    for command in [&["report", "ledger"][..], &["migrate"]] {
        let refused = installation.logbook(command);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("`logbook rebuild`"), "{said}");
    }
    let rebuilt = installation.logbook(&["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    assert_eq!(installation.doctor("sessions schema")[0].0, "good");
    assert_eq!(installation.doctor("ledger")[0].0, "good");
}

#[test]
fn a_rebuild_that_cannot_be_done_leaves_both_schemas_as_they_were() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("a");
    assert!(running.terminate().success());
    let data = installation.data();
    let sessions = data.join("sessions.db");
    let before = std::fs::read(&sessions).unwrap();
    let refused = |says: &str| {
        let rebuilt = installation.logbook(&["rebuild"]);
        assert_eq!(rebuilt.status.code(), Some(1), "{rebuilt:?}");
        let said = String::from_utf8_lossy(&rebuilt.stderr).into_owned();
        assert!(said.contains(says), "{said}");
        assert!(std::fs::read(&sessions).unwrap() == before);
    };
    let put = |file: &str, bytes: &[u8]| {
        let file = data.join(file);
        let held = std::fs::read(&file).unwrap();
        std::fs::write(file, bytes).unwrap();
        held
    };
    // Another key than that under which the logs are sealed.
    let key = put("keys/kek.key", &[7; 32]);
    refused("is not the key under which");
    put("keys/kek.key", &[7; 5]);
    refused("both schemas are as they were");
    put("keys/kek.key", &key);
    let rebuilt = installation.json(&["rebuild", "--json"]);
    assert_eq!(rebuilt["logs"], 1, "{rebuilt}");
    assert_eq!(rebuilt["rejected"], 0, "{rebuilt}");
    assert!(!data.join("sessions.db.before-rebuild").exists());
}

#[test]
fn a_damaged_analytics_schema_is_told_and_made_up_for() {
    let installation = Installation::new();
    let running = installation.started();
    installation.door("app").passes("a");
    assert!(running.terminate().success());
    let analytics = installation.data().join("analytics.db");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(installation.data().join(format!("analytics.db{suffix}")));
    }
    std::fs::write(&analytics, "this is no database, and never was one").unwrap();
    assert_eq!(installation.doctor("analytics schema")[0].0, "bad");
    let refused = installation.logbook(&["report", "feature-usage"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let named = format!("{} cannot be used", analytics.display());
    assert!(said.contains(&named), "{said}");
    std::fs::remove_file(&analytics).unwrap();
    let _running = installation.started();
    eventually("the reports are there again", || {
        let page = installation.json(&["report", "release-health", "--json"]);
        page["freshness"]["complete_until"].is_string()
    });
    assert_eq!(installation.doctor("analytics schema")[0].0, "good");
}

#[test]
fn pages_of_the_sessions_schema_that_were_overwritten_are_told() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("a");
    assert!(running.terminate().success());
    // What closes last folds the write-ahead log into the file.
    execute(
        &installation.data(),
        "sessions.db",
        "DELETE FROM log WHERE 1 = 0",
    );
    let file = installation.data().join("sessions.db");
    let mut bytes = std::fs::read(&file).unwrap();
    assert!(bytes.len() > 4 * 4096 && !file.with_extension("db-wal").exists());
    // Whole pages but the first, which says what the file is.
    let pages = bytes.chunks_exact_mut(4096).skip(1);
    pages.for_each(|page| page.fill(0x5a));
    std::fs::write(&file, bytes).unwrap();
    let found = installation.doctor("sessions schema");
    assert_eq!(found[0].0, "bad", "{found:?}");
    assert!(installation.logbook(&["rebuild"]).status.success());
    assert_eq!(installation.doctor("sessions schema")[0].0, "good");
    assert_eq!(installation.doctor("ledger")[0].0, "good");
}

#[test]
fn no_new_keys_are_made_beside_an_archive() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("a");
    assert!(running.terminate().success());
    let sessions = installation.data().join("sessions.db");
    for name in ["hmac.key", "kek.key"] {
        let key = installation.data().join("keys").join(name);
        let kept = installation.outside().join(name);
        std::fs::rename(&key, &kept).unwrap();
        let mut running = installation.start(&[]);
        let ended = running.ended(PATIENCE).expect("it does not start");
        assert!(!ended.success());
        assert!(
            installation.errors().contains("lacks the keys"),
            "{}",
            installation.errors()
        );
        let rebuilt = installation.logbook(&["rebuild"]);
        assert_eq!(rebuilt.status.code(), Some(1), "{rebuilt:?}");
        assert!(!key.exists() && sessions.is_file(), "{name}");
        std::fs::rename(kept, key).unwrap();
    }
    let _running = installation.started();
    assert_eq!(door.settled("a")["state"], "parsed");
}

#[test]
fn a_damaged_queue_is_named_and_made_up_for() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("a");
    assert!(running.terminate().success());
    let queue = installation.data().join("queue.db");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(installation.data().join(format!("queue.db{suffix}")));
    }
    std::fs::write(&queue, "this is no database, and never was one").unwrap();
    let mut running = installation.start(&[]);
    assert!(!running.ended(PATIENCE).expect("it cannot start").success());
    let named = format!("{} cannot be used", queue.display());
    assert!(
        installation.errors().contains(&named),
        "{}",
        installation.errors()
    );
    std::fs::remove_file(queue).unwrap();
    let _running = installation.started();
    installation.door("app").passes("b");
}

#[test]
fn a_dropped_link_is_told_of_and_left() {
    let installation = Installation::new();
    let _running = installation.started();
    let file = installation.outside().join("elsewhere.log");
    std::fs::write(&file, usage("elsewhere")).unwrap();
    let link = installation.data().join("inbox/app/link.log");
    std::os::unix::fs::symlink(file, &link).unwrap();
    eventually("it is told of", || {
        installation.errors().contains("it is a symbolic link")
    });
    assert!(link.is_symlink());
}

#[test]
fn a_dropped_file_that_is_too_large_is_rejected_and_stays() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let path = installation.data().join("inbox/app/big.log");
    let file = File::create(&path).unwrap();
    // As long as it is said to be, and without a byte on the disk.
    file.set_len((256 << 20) + 1).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let micros = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_micros();
    let tag = format!("{}-{micros}", (256 << 20) + 1);
    let id = LogId::of_object(&product("app"), "inbox/app/files/big.log", &tag);
    eventually("it has a receipt", || {
        door.receipt(id.as_str()).status == 200
    });
    let receipt = door.settled(id.as_str());
    assert_eq!(
        (&receipt["state"], &receipt["reason"]),
        (&"rejected".into(), &"too_large".into()),
        "{receipt}"
    );
    assert!(
        receipt["detail"].to_string().contains("268435457 bytes"),
        "{receipt}"
    );
    eventually("the ledger counts it once", || {
        door.rejected().get("too_large") == Some(&1) && door.ledger().balanced == Some(true)
    });
    assert!(path.exists());
    assert_eq!(rejects(&door, "too_large")[0]["log_id"], id.as_str());
    door.passes("after");
}

#[test]
fn a_dropped_file_of_the_future_is_taken_once_it_lies_quiet() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let folder = installation.data().join("inbox/app");
    let part = folder.join(".ahead.log");
    std::fs::write(&part, usage("ahead")).unwrap();
    let tomorrow = std::time::SystemTime::now() + std::time::Duration::from_hours(24);
    let file = File::options().write(true).open(&part).unwrap();
    file.set_modified(tomorrow).unwrap();
    std::fs::rename(part, folder.join("ahead.log")).unwrap();
    let id = dropped_id("app", "ahead.log", &usage("ahead"));
    assert_eq!(door.settled(&id)["state"], "parsed");
    assert!(!folder.join("ahead.log").exists());
}

#[test]
fn a_dropped_file_may_have_any_name_that_a_folder_can_hold() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let names = [
        "日本語の操作ログ".repeat(10),
        "ж".repeat(127),
        "x".repeat(254),
        "a b%2F+&?#\"\n.log".to_owned(),
    ];
    for (n, name) in names.iter().enumerate() {
        let path = installation.data().join("inbox/app").join(name);
        std::fs::write(path, usage(&format!("named {n}"))).unwrap();
    }
    eventually("all are parsed", || {
        door.ledger().parsed == names.len() as u64
    });
    for name in &names {
        let path = installation.data().join("inbox/app").join(name);
        assert!(!path.exists(), "{name}");
    }
}

#[test]
fn what_lies_in_no_products_inbox_is_told() {
    let installation = Installation::new();
    let _running = installation.started();
    let inbox = installation.data().join("inbox");
    std::fs::write(inbox.join("stray.ndjson"), usage("stray")).unwrap();
    std::fs::write(inbox.join(".part"), b"").unwrap();
    std::fs::create_dir(inbox.join("My App")).unwrap();
    std::fs::write(inbox.join("My App/run.ndjson"), usage("run")).unwrap();
    let found = installation.doctor("inbox");
    let mut looked: Vec<_> = found
        .iter()
        .filter(|(verdict, _)| verdict == "look")
        .collect();
    looked.sort();
    assert_eq!(looked.len(), 2, "{found:?}");
    assert!(looked[0].1.contains("My App is not taken"), "{looked:?}");
    assert!(
        looked[1].1.contains("stray.ndjson is not taken"),
        "{looked:?}"
    );
    assert!(inbox.join("stray.ndjson").exists());
}
