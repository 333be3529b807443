//! `logbook upload`: every file once, whatever comes between, and a sum of what became of them.

use std::path::PathBuf;
use std::process::Output;
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::logs::usage;
use crate::support::{Installation, PATIENCE};

/// Puts files into a folder beside the data.
fn folder(installation: &Installation, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let folder = installation.outside().join("logs");
    for (name, body) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }
    folder
}

fn upload(installation: &Installation, args: &[&str]) -> Output {
    let url = format!("http://127.0.0.1:{}", installation.port());
    installation.logbook(&[&["upload", "--url", &url], args].concat())
}

fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn files_are_sent_once_and_what_became_of_each_is_summed_up() {
    let installation = Installation::new();
    let _running = installation.started();
    // Over 4 MiB, so that it goes by ticket.
    let large = usage("large").repeat(20_000);
    assert!(large.len() > 4 << 20);
    let files = [
        ("one.log", usage("one")),
        ("of today/two.log", usage("two")),
        ("of today/copy.log", usage("one")),
        ("large.log", large),
        ("bad.log", b"what is this?\n".to_vec()),
        (".hidden.log", usage("hidden")),
    ];
    let logs = folder(&installation, &files);
    let logs = logs.to_str().unwrap();
    let first = upload(&installation, &[logs]);
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert_eq!(first.status.code(), Some(2), "{first:?}");
    let lines: Vec<&str> = said.lines().collect();
    let records = 3 * 20_002;
    assert_eq!(
        lines[..2],
        [
            "5 files for app: 5 sent, 0 there already, 0 refused",
            &format!(
                "3 parsed (3 sessions, {records} records), 1 duplicates, 1 rejected, 0 pending"
            ),
        ],
        "{said}"
    );
    let rejected = lines.last().unwrap();
    assert!(
        rejected.starts_with("logs/bad.log  wrong_format"),
        "{rejected}"
    );

    let again = summary(&upload(&installation, &[logs, "--json"]));
    let figure = |name: &str| again[name].as_u64().unwrap();
    assert_eq!((figure("sent"), figure("already_there")), (0, 5), "{again}");
    assert_eq!((figure("parsed"), figure("duplicate")), (3, 1), "{again}");
    assert_eq!(again["rejected"][0]["file"], "logs/bad.log", "{again}");

    folder(&installation, &[("one.log", usage("changed"))]);
    let changed = summary(&upload(&installation, &[logs, "--json"]));
    assert_eq!(
        (&changed["sent"], &changed["already_there"]),
        (&json!(1), &json!(4)),
        "{changed}"
    );
}

#[test]
fn an_upload_that_was_cut_off_goes_on() {
    let installation = Installation::new();
    installation.started().terminate();
    let names: Vec<String> = (0..8).map(|at| format!("{at}.log")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), usage(name)))
        .collect();
    let logs = folder(&installation, &files);
    let args = [logs.to_str().unwrap(), "--jobs", "1", "--json"];
    let mut dying = installation.start(&["--kill-at", "archive.after_put:4"]);
    let cut_off = upload(&installation, &args);
    let said = String::from_utf8_lossy(&cut_off.stderr).into_owned();
    assert_eq!(cut_off.status.code(), Some(1), "{cut_off:?}");
    assert!(
        said.contains("3 of 8 files are there; run the same command again to go on"),
        "{said}"
    );
    assert!(dying.ended(PATIENCE).is_some_and(|end| !end.success()));

    let _running = installation.started();
    let output = upload(&installation, &args);
    assert!(output.status.success(), "{output:?}");
    let done = summary(&output);
    // The fourth was archived before the process died, though nobody was told.
    assert_eq!(
        (&done["already_there"], &done["sent"], &done["parsed"]),
        (&json!(4), &json!(4), &json!(8)),
        "{done}"
    );
}

#[test]
fn while_nobody_answers_it_is_tried_again() {
    let installation = Installation::new();
    installation.started().terminate();
    let logs = folder(&installation, &[("one.log", usage("one"))]);
    let output = scope(|scope| {
        let uploading = scope.spawn(|| upload(&installation, &[logs.to_str().unwrap(), "--json"]));
        sleep(Duration::from_secs(1));
        let _running = installation.started();
        uploading.join().unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    assert_eq!(summary(&output)["parsed"], 1);
}

#[test]
fn a_profile_registers_the_product_that_it_reads() {
    let installation = Installation::new();
    let _running = installation.started();
    let log = "2026-03-01 10:00:00,000 [      1]   INFO - #com.intellij.idea.Main - IDE STARTED\n";
    let logs = folder(&installation, &[("idea.log", log.into())]);
    let args = [logs.to_str().unwrap(), "--profile", "idea-log"];
    let output = upload(&installation, &args);
    assert!(output.status.success(), "{output:?}");
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        noted.contains("product idea-log is registered, with profile idea-log"),
        "{noted}"
    );
    assert_eq!(installation.door("idea-log").sessions().len(), 1);
}

#[test]
fn a_product_is_not_sent_what_its_profile_does_not_read() {
    let installation = Installation::new();
    let _running = installation.started();
    installation.add_product("notes", "logbook");
    let logs = folder(&installation, &[("one.log", usage("one"))]);
    let path = logs.to_str().unwrap();
    let other = upload(
        &installation,
        &[path, "--profile", "idea-log", "--product", "notes"],
    );
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(
        said.contains("reads its logs by the profile logbook"),
        "{said}"
    );
    let same = upload(
        &installation,
        &[path, "--profile", "logbook", "--product", "notes"],
    );
    assert!(same.status.success(), "{same:?}");
}

#[test]
fn a_product_that_was_registered_a_moment_ago_is_uploaded_to() {
    let installation = Installation::new();
    let _running = installation.started();
    let app = installation.door("app");
    let logs = folder(&installation, &[("one.log", usage("one"))]);
    for product in ["new-1", "new-2", "new-3"] {
        // The running process has just read the registry.
        app.passes(product);
        installation.add_product(product, "logbook");
        let sent = upload(
            &installation,
            &[logs.to_str().unwrap(), "--product", product],
        );
        assert!(sent.status.success(), "{sent:?}");
    }
}

#[test]
fn what_is_no_file_is_left_out_and_named() {
    let installation = Installation::new();
    let _running = installation.started();
    let logs = folder(&installation, &[("one.log", usage("one"))]);
    let pipe = logs.join("pipe.log");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let output = upload(&installation, &[logs.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(summary(&output)["sent"], 1);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("pipe.log is neither a file nor a folder"),
        "{said}"
    );
    let output = upload(&installation, &[pipe.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
