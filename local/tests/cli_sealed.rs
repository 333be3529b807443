//! `logbook inspect` of sealed logs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;

use std::collections::BTreeMap;
use std::process::Command;

use cli::{Folder, LOG, Ran};
use logbook_seal::{LocalKey, SealBounds, SealingKey, seal};
use serde_json::json;

/// A sealed log of `editor` with the id `run-1`: `sealed`, `head.json`, `plain.json`, and the
/// keys `kek` and `data-key`.
fn sealed() -> Folder {
    let folder = Folder::with_log();
    let local = LocalKey::from_slice(&[7; 32]).unwrap();
    let key = SealingKey::local("editor", &local).unwrap();
    let sealed = seal(LOG.as_bytes(), "run-1", &key, &SealBounds::default()).unwrap();
    let mut metadata: BTreeMap<String, String> = sealed.envelope.to_headers();
    metadata.insert("logbook-consent".to_owned(), "usage".to_owned());
    let head = json!({"ContentLength": sealed.body.len(), "Metadata": metadata});
    folder.write("head.json", head.to_string());
    let plain: BTreeMap<String, &String> = metadata
        .iter()
        .map(|(name, value)| (format!("x-amz-meta-{name}"), value))
        .collect();
    folder.write("plain.json", serde_json::to_string(&plain).unwrap());
    folder.write("sealed", sealed.body);
    folder.write("kek", [7; 32]);
    folder.write("other", [8; 32]);
    folder.write("short", [7; 31]);
    folder.write("data-key", key.data_key().as_bytes());
    folder
}

fn inspect(folder: &Folder, arguments: &[&str]) -> Ran {
    folder.run(&[&["inspect", "sealed", "--json"], arguments].concat())
}

#[test]
fn a_sealed_log_is_opened_with_either_key_and_either_shape_of_metadata() {
    let folder = sealed();
    for metadata in ["head.json", "plain.json"] {
        for key in [["--key-file", "kek"], ["--data-key-file", "data-key"]] {
            let ran = inspect(&folder, &[&["--metadata", metadata][..], &key].concat());
            assert_eq!(ran.code, 0, "{metadata} {key:?}: {}", ran.err);
            let report = ran.json();
            assert_eq!(report["log"]["sessions"], 2);
            assert_eq!(report["sessions"][0]["product"], "editor");
        }
    }
}

#[test]
fn a_sealed_log_is_the_log_of_its_product_and_id() {
    let folder = sealed();
    folder.write(
        "run.log",
        LOG.replace("\"session\":\"s1\",", "")
            .replace("\"session\":\"s2\",", ""),
    );
    let plain = folder.run(&[
        "inspect",
        "run.log",
        "--json",
        "--product",
        "editor",
        "--log-id",
        "run-1",
    ]);
    let local = LocalKey::from_slice(&[7; 32]).unwrap();
    let key = SealingKey::local("editor", &local).unwrap();
    let log = std::fs::read(folder.path("run.log")).unwrap();
    let again = seal(&log[..], "run-1", &key, &SealBounds::default()).unwrap();
    folder.write(
        "head.json",
        json!({"Metadata": again.envelope.to_headers()}).to_string(),
    );
    folder.write("sealed", again.body);
    let opened = inspect(&folder, &["--metadata", "head.json", "--key-file", "kek"]);
    assert_eq!(opened.out, plain.out);
}

#[test]
fn a_wrong_key_is_a_rejection_by_name() {
    let folder = sealed();
    for key in [
        ["--key-file", "other"],
        ["--key-file", "short"],
        ["--data-key-file", "other"],
        ["--data-key-file", "short"],
    ] {
        let ran = inspect(&folder, &[&["--metadata", "head.json"][..], &key].concat());
        assert_eq!(ran.code, 2, "{key:?}: {}", ran.err);
        assert_eq!(ran.json()["rejected"]["reason"], "wrong_key", "{key:?}");
    }
}

#[test]
fn a_changed_log_is_a_rejection_by_name() {
    let folder = sealed();
    let mut bytes = std::fs::read(folder.path("sealed")).unwrap();
    bytes[3] ^= 1;
    folder.write("sealed", bytes);
    let opened = ["--metadata", "head.json", "--key-file", "kek"];
    let ran = inspect(&folder, &opened);
    assert_eq!(
        (ran.code, ran.json()["rejected"]["reason"].as_str()),
        (2, Some("wrong_tag"))
    );
    folder.write("sealed", "");
    let ran = inspect(&folder, &opened);
    assert_eq!(
        (ran.code, ran.json()["rejected"]["reason"].as_str()),
        (2, Some("truncated"))
    );
}

#[test]
fn what_is_missing_is_asked_for() {
    let folder = sealed();
    let ran = inspect(&folder, &["--metadata", "head.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("give --key-file"), "{}", ran.err);
    folder.write("list.json", "[]");
    folder.write("text.json", "no json");
    for (metadata, said) in [
        ("list.json", "no JSON object"),
        ("text.json", "is no JSON"),
        ("none.json", "cannot open none.json"),
    ] {
        let ran = inspect(&folder, &["--metadata", metadata, "--key-file", "kek"]);
        assert_eq!(ran.code, 1, "{metadata}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    let both = ["--key-file", "kek", "--data-key-file", "data-key"];
    let ran = inspect(&folder, &[&["--metadata", "head.json"][..], &both].concat());
    assert!(
        ran.code == 2 && ran.err.contains("cannot be used with"),
        "{}",
        ran.err
    );
}

/// Inspects the sealed log with so many bytes of memory for data; whether that was enough.
fn inspects_within(folder: &Folder, bytes: u64) -> bool {
    let program = [env!("CARGO_BIN_EXE_logbook"), "inspect", "sealed", "--json"];
    let opened = ["--metadata", "head.json", "--key-file", "kek"];
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -d \"$0\" && exec \"$@\"",
            &(bytes / 1024).to_string(),
        ])
        .args(program)
        .args(opened)
        .current_dir(folder.path("."))
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn what_a_log_takes_of_memory_is_its_sealed_size_and_16_mb_whatever_it_inflates_to() {
    let folder = sealed();
    let line = |n: u32| {
        format!(
            "{{\"name\":\"event-{}\",\"session\":\"s-{}\"}}\n",
            n % 300,
            n / 50_000
        )
    };
    let log: String = (0..1_000_000).map(line).collect();
    assert!(log.len() > 35_000_000);
    let key = SealingKey::local("editor", &LocalKey::from_slice(&[7; 32]).unwrap()).unwrap();
    let sealed = seal(log.as_bytes(), "run-1", &key, &SealBounds::default()).unwrap();
    let head = json!({"Metadata": sealed.envelope.to_headers()});
    let bytes = sealed.body.len() as u64;
    folder.write("head.json", head.to_string());
    folder.write("sealed", sealed.body);
    assert!(inspects_within(&folder, bytes + 16_000_000));
    assert!(!inspects_within(&folder, bytes), "the bound binds");
}
