//! `logbook product`, `logbook report` and `logbook upload` without a running pipeline.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;

use std::os::unix::fs::PermissionsExt;

use cli::{Folder, LOG};

#[test]
fn a_product_is_added_with_its_key_and_listed() {
    let folder = Folder::new();
    let added = folder.run(&[
        "product",
        "add",
        "editor",
        "--consent",
        "error",
        "--min-users",
        "3",
    ]);
    assert_eq!(added.code, 0, "{}", added.err);
    let (said, key) = added.out.trim_end().split_once('\n').unwrap();
    assert_eq!(
        said,
        "product editor is registered; its upload key, shown once:"
    );
    assert!(key.starts_with("lbk_editor_"), "{key}");
    let kept = folder.path("logbook-data/secrets/product-key-editor");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), key);
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let list = folder.run(&["product", "list"]);
    insta::assert_snapshot!(list.out, @r#"
    product  profile  consent  min users
    ───────  ───────  ───────  ─────────
    editor   auto     error            3
    "#);
    let list = folder.run(&["product", "list", "--json"]).json();
    assert_eq!(
        list,
        serde_json::json!([{
            "id": "editor",
            "profile": "auto",
            "consent": "error",
            "min_users": 3,
            "session_timeout_secs": 1800,
            "accounts_readable": false,
        }])
    );
    assert!(!list.to_string().contains("lbk_"));

    let again = folder.run(&["product", "add", "editor"]);
    assert_eq!((again.code, again.out.as_str()), (2, ""));
    assert!(
        again
            .err
            .contains("registered already; nothing was changed")
    );

    let further = folder.run(&["product", "key", "editor"]);
    assert!(further.out.starts_with("lbk_editor_") && further.out.trim_end() != key);
    // The tools on this machine use the newest.
    assert_eq!(
        std::fs::read_to_string(&kept).unwrap(),
        further.out.trim_end()
    );
}

#[test]
fn a_product_is_changed_and_shown() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor"]);
    let set = folder.run(&[
        "product",
        "set",
        "editor",
        "--profile",
        "idea-log",
        "--session-timeout",
        "90",
        "--readable-accounts",
        "true",
    ]);
    assert_eq!(set.code, 0, "{}", set.err);
    insta::assert_snapshot!(set.out, @r#"
    product          editor
    profile          idea-log@1
    consent          usage
    min users        5
    session timeout  90 s
    accounts         as they come
    "#);
    assert_eq!(folder.run(&["product", "show", "editor"]).out, set.out);
    let args = [
        "product",
        "set",
        "editor",
        "--consent",
        "crash",
        "--min-users",
        "2",
        "--json",
    ];
    let json = folder.run(&args).json();
    assert_eq!(
        json,
        serde_json::json!({
            "id": "editor",
            "profile": "idea-log@1",
            "consent": "crash",
            "min_users": 2,
            "session_timeout_secs": 90,
            "accounts_readable": true,
        })
    );
    let shown = folder.run(&["product", "show", "editor", "--json"]);
    assert_eq!(shown.json(), json);
    for (arguments, code, said) in [
        (&["set", "editor"][..], 2, "--session-timeout"),
        (&["set", "editor", "--session-timeout", "0"], 2, "604800"),
        (&["set", "editor", "--consent", "maybe"], 1, "off, crash"),
        (
            &["set", "editor", "--profile", "nope"],
            1,
            "there is no profile \"nope\"",
        ),
        (
            &["set", "player", "--min-users", "1"],
            1,
            "there is no product player",
        ),
        (&["show", "player"], 1, "`logbook product list`"),
    ] {
        let ran = folder.run(&[&["product"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    assert_eq!(
        folder
            .run(&["product", "show", "editor"])
            .out
            .lines()
            .count(),
        6
    );
}

#[test]
fn a_faulty_product_is_told_of_and_hides_no_other() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor"]);
    let file = "logbook-data/store/archive/config/profiles/own.toml@";
    folder.write(
        "own.toml",
        "profile = \"own\"\nversion = 1\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n",
    );
    let stored = folder.run(&["product", "profile", "own.toml"]);
    assert_eq!(stored.code, 0, "{}", stored.err);
    folder.run(&["product", "add", "player", "--profile", "own"]);
    std::fs::remove_file(folder.path(file)).unwrap();
    let list = folder.run(&["product", "list", "--json"]);
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    assert!(
        list.err.contains("there is no profile \"own\""),
        "{}",
        list.err
    );
    let doctor = folder.run(&["doctor"]);
    assert!(
        doctor.code == 2 && doctor.out.contains("product player: there is no profile"),
        "{}",
        doctor.out
    );
    let mended = folder.run(&["product", "set", "player", "--profile", "auto"]);
    assert_eq!((mended.code, mended.err.as_str()), (0, ""));
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor", "--data", "here"]);
    for name in ["here", "here/secrets", "here/store"] {
        let mode = folder.path(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[test]
fn what_cannot_be_added_says_what_can() {
    let folder = Folder::new();
    for (arguments, said) in [
        (&["No Id"][..], "allowed: a-z, 0-9"),
        (
            &["editor", "--consent", "maybe"],
            "one of off, crash, error, usage",
        ),
        (
            &["editor", "--profile", "nope"],
            "there is no profile \"nope\"",
        ),
    ] {
        let ran = folder.run(&[&["product", "add"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}

#[test]
fn a_folder_without_data_is_not_made_by_a_question() {
    let folder = Folder::with_log();
    for arguments in [
        &["product", "list"][..],
        &["product", "key", "editor"],
        &["report", "active-users"],
        &["redrive"],
        &["rebuild"],
        &["migrate"],
        &["upload", "run.log"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(ran.err.contains("logbook run --data"), "{}", ran.err);
        assert!(!folder.exists("logbook-data"), "{arguments:?}");
    }
}

#[test]
fn a_report_without_logs_is_empty_and_says_so() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor"]);
    let ran = folder.run(&["report", "active-users"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out
            .contains("not analyzed yet; 0 logs pending, 0 rejected"),
        "{}",
        ran.out
    );
    for name in [
        "feature-usage",
        "feature-adoption",
        "feature-paths",
        "funnel",
        "release-health",
        "release-delta",
        "top-errors",
        "versions",
        "platforms",
        "active-users",
        "retention",
        "accounts",
        "account-features",
        "ledger",
    ] {
        let json = folder.run(&["report", name, "--json"]);
        assert_eq!(json.code, 0, "{}", json.err);
        assert_eq!(json.json()["rows"], serde_json::json!([]), "{name}");
        let csv = folder.run(&["report", name, "--csv"]);
        assert_eq!((csv.code, csv.out.lines().count()), (0, 1), "{}", csv.out);
    }
}

#[test]
fn reports_are_named_and_a_question_that_does_not_fit_says_what_does() {
    let folder = Folder::new();
    let list = folder.run(&["report"]);
    assert!(list.code == 0 && list.out.contains("release-health"));
    assert!(folder.run(&["report", "--json"]).json().is_array());
    folder.run(&["product", "add", "editor"]);
    for (arguments, said) in [
        (&["sales"][..], "there are: feature-usage"),
        (&["ledger", "--from", "monday"], "YYYY-MM-DD"),
        (&["ledger", "--where", "colour"], "NAME=VALUE"),
        (&["ledger", "--where", "colour=red"], "colour"),
        (
            &["ledger", "--product", "player"],
            "there is no product player",
        ),
    ] {
        let ran = folder.run(&[&["report"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    folder.run(&["product", "add", "player"]);
    let ran = folder.run(&["report", "ledger"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--product: editor, player"), "{}", ran.err);
}

#[test]
fn an_upload_that_cannot_begin_says_what_to_do() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor"]);
    folder.write("run.log", LOG);
    std::fs::create_dir(folder.path("nothing")).unwrap();
    for (arguments, said) in [
        (&["none.log", "--key", "k"][..], "cannot read none.log"),
        (&["nothing", "--key", "k"], "there is no file to upload"),
        (&["run.log"], "`logbook product add app`"),
        (
            &["run.log", "--key", "k", "--url", "ftp://logs.example"],
            "http://",
        ),
        (
            &["run.log", "--key", "k", "--product", "editor"],
            "the key decides the product",
        ),
        (
            &["run.log", "--profile", "nope"],
            "there is no profile \"nope\"",
        ),
        (
            &["run.log", "--profile", "own.toml"],
            "`logbook product profile own.toml`",
        ),
    ] {
        let ran = folder.run(&[&["upload"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}

#[test]
fn what_comes_of_a_command_is_told_as_json_where_that_is_asked_for() {
    let folder = Folder::new();
    let told = |arguments: &[&str]| {
        let ran = folder.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran.json()
    };
    let added = told(&["product", "add", "editor"]);
    assert_eq!(added["product"], "editor");
    let key = told(&["product", "key", "editor"]);
    assert!(
        key["upload_key"]
            .as_str()
            .unwrap()
            .starts_with("lbk_editor_")
    );
    assert_ne!(key["upload_key"], added["upload_key"]);

    let all = told(&["profile", "list"]);
    assert!(all.as_array().unwrap().len() > 5, "{all}");
    let toml = folder.run(&["profile", "show", "logbook"]).out;
    std::fs::write(
        folder.path("own.toml"),
        toml.replace("\"logbook\"", "\"own\""),
    )
    .unwrap();
    let good = told(&["profile", "check", "own.toml"]);
    assert_eq!(
        (&good["good"], &good["file"]),
        (&true.into(), &"own.toml".into())
    );
    assert_eq!(good["profile"], "own@1");
    assert_eq!(told(&["product", "profile", "own.toml"])["profile"], "own");
    std::fs::create_dir(folder.path("own.cases")).unwrap();
    std::fs::write(folder.path("own.cases/one.log"), LOG).unwrap();
    let passed = told(&["profile", "test", "own.toml", "--update"]);
    assert_eq!(
        (&passed["passed"], &passed["failed"]),
        (&1.into(), &0.into())
    );
    std::fs::write(folder.path("own.cases/one.expected.json"), "{}").unwrap();
    let failed = folder.run(&["profile", "test", "own.toml", "--json"]);
    assert_eq!(failed.code, 2);
    assert_eq!(failed.json()["failures"][0]["log"], "own.cases/one.log");

    let migrated = told(&["migrate"]);
    assert_eq!(migrated["up_to_date"].as_array().unwrap().len(), 2);
    assert_eq!(told(&["redrive"])["queues"]["parse"], 0);
    assert_eq!(
        told(&["redrive", "--list"])["dead_letters"],
        serde_json::json!([])
    );
    let rows = told(&["export", "versions", "--csv", "versions.csv"]);
    assert_eq!(
        (&rows["report"], &rows["rows"]),
        (&"versions".into(), &0.into())
    );
}

#[test]
fn a_product_that_is_not_there_is_answered_with_where_they_are_listed() {
    let folder = Folder::new();
    folder.run(&["product", "add", "editor"]);
    for command in [
        &["show", "other"][..],
        &["set", "other", "--min-users", "3"],
    ] {
        let ran = folder.run(&[&["product"], command].concat());
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("`logbook product list`"), "{}", ran.err);
    }
    let ran = folder.run(&[
        "product",
        "list",
        "--data",
        "logbook-data/secrets/product-key-editor",
    ]);
    assert_eq!(ran.code, 1);
}
