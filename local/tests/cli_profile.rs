//! `logbook profile`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;

use cli::{Folder, LOG};

const OWN: &str = r#"profile = "own"
family = "text"

[text]
record = ['^(?<word>\w+)!$']

[name]
field = "word"
"#;

#[test]
fn every_built_in_profile_is_listed_shown_and_good() {
    let folder = Folder::new();
    let list = folder.run(&["profile", "list"]);
    assert_eq!(list.code, 0);
    let names: Vec<&str> = list
        .out
        .lines()
        .skip(2)
        .filter_map(|line| line.split('@').next())
        .collect();
    assert!(names.len() >= 8 && names.contains(&"logbook"), "{names:?}");
    for name in names {
        let shown = folder.run(&["profile", "show", name]);
        assert_eq!(shown.code, 0, "{name}");
        folder.write("shown.toml", &shown.out);
        let checked = folder.run(&["profile", "check", "shown.toml"]);
        assert_eq!(checked.code, 0, "{}", checked.out);
        assert!(checked.out.starts_with("shown.toml: good: profile "));
    }
    let none = folder.run(&["profile", "show", "nope"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there are logbook, otlp"), "{}", none.err);
}

#[test]
fn a_fault_is_shown_where_it_is() {
    let folder = Folder::new();
    folder.write(
        "own.toml",
        OWN.replace("field = \"word\"", "feild = \"word\""),
    );
    let ran = folder.run(&["profile", "check", "own.toml"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.out, @r#"
    own.toml:8:1: unknown field `feild`, expected one of `field`, `template`, `default`
        feild = "word"
    "#);
    folder.write("own.toml", OWN.replace("\"word\"", "\"ward\""));
    let ran = folder.run(&["profile", "check", "own.toml"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.out, @r#"
    own.toml:5:11: text.record: no pattern has a group (?<ward>…), which the profile reads
        record = ['^(?<word>\w+)!$']
    "#);
}

#[test]
fn each_line_is_shown_with_what_it_becomes() {
    let folder = Folder::with_log();
    let ran = folder.run(&["profile", "try", "logbook", "run.log", "-n", "3"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r#"
        1  {"time":"2026-11-02T10:00:00Z","session":"s1","name":"start","type":"session_start","version":"1.0"}
           → start  at 2026-11-02T10:00:00Z  level unspecified  session #0  [starts it]
        2  {"time":"2026-11-02T10:00:01Z","session":"s1","name":"export","level":"error"}
           → export  at 2026-11-02T10:00:01Z  level error  session #0  [error]
        3  this is no record
           ✗ rejected: broken: broken JSON at byte 2

    session #0  s1  version="1.0"
    "#);
    let ran = folder.run(&["profile", "try", "logbook", "run.log", "-n", "3", "--json"]);
    let became: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["became"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(became, ["event", "event", "rejected"]);
    folder.write("own.toml", OWN);
    folder.write("words", "save!\nnot this one\n");
    let ran = folder.run(&["profile", "try", "own.toml", "words"]);
    assert!(ran.code == 0 && ran.out.contains("→ save"), "{}", ran.out);
}

#[test]
fn every_record_of_a_line_is_shown_however_far_it_goes_on() {
    let folder = Folder::new();
    folder.write(
        "own.toml",
        "profile = \"own\"\nfamily = \"ndjson\"\n[ndjson]\ndocuments = true\n\
         [time]\nfield = \"t\"\nformat = \"%H:%M\"\ndate_from = \"file_name\"\n\
         [name]\nfield = \"n\"\n[facts]\nuser = \"u\"\n",
    );
    folder.write(
        "2026-03-01.log",
        "{\"n\":\"a\",\"t\":\"10:00\"} {\"n\":\"b\",\"u\":\"u17\"} {}\n{\n  \"n\": \"c\"\n}\n",
    );
    let ran = folder.run(&["profile", "try", "own.toml", "2026-03-01.log", "-n", "3"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!(ran.out, @r#"
        1  {"n":"a","t":"10:00"} {"n":"b","u":"u17"} {}
           → a  at 2026-03-01T10:00:00  level unspecified  session #0
           → b  level unspecified  session #0
           ✗ rejected: no_name: none of the fields that name an event is there
        2  {
           → c  level unspecified  session #0
        3    "n": "c"
           · no event (continues the one before, or header, metadata, ignored, blank)

    session #0  r-0302d1ede7ea9d898439d592c70f421d  user="u17"
    "#);
    let few = folder.run(&["profile", "try", "own.toml", "2026-03-01.log", "-n", "1"]);
    assert!(few.out.contains("… and 2 more of this line"), "{}", few.out);
}

#[test]
fn a_log_that_is_refused_ends_with_2() {
    let folder = Folder::new();
    folder.write("bad", "milk\nbread\n");
    let ran = folder.run(&["profile", "try", "logbook", "bad"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("the log is refused: no_good_record"),
        "{}",
        ran.err
    );
}

#[test]
fn a_draft_reads_the_sample_it_was_drafted_from() {
    let folder = Folder::with_log();
    let draft = folder.run(&["profile", "new", "run.log", "--name", "mine"]);
    assert_eq!(draft.code, 0, "{}", draft.err);
    folder.write("mine.toml", &draft.out);
    let ran = folder.run(&[
        "inspect",
        "run.log",
        "--profile-file",
        "mine.toml",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json()["log"]["profile"], "mine");
    assert_eq!(ran.json()["log"]["rejects_total"], 1);
    for (name, log, said) in [
        (
            "documents",
            "[\n  {\n    \"event\": \"open\",\n    \"ts\": 1772359200\n  },\n  {\n    \"event\": \"save\"\n  }\n]\n",
            "documents = true",
        ),
        (
            "semicolons",
            "time;event;user\n2026-03-01T10:00:00Z;open;u1\n2026-03-01T10:00:01Z;save;u1\n",
            "delimiter = \";\"",
        ),
        (
            "tabs",
            "time\tevent\tuser\n1772359200\topen\tu1\n1772359201\tsave\tu1\n",
            "epoch_s",
        ),
    ] {
        folder.write("sample", log);
        let draft = folder.run(&["profile", "new", "sample", "--name", name]);
        assert!(draft.out.contains(said), "{name}: {}", draft.out);
        let file = format!("{name}.toml");
        folder.write(&file, &draft.out);
        let read = folder.run(&["inspect", "sample", "--profile-file", &file, "--json"]);
        assert_eq!(read.code, 0, "{name}: {}", read.err);
        let read = read.json();
        assert_eq!(
            (
                &read["log"]["rejects_total"],
                &read["sessions"][0]["by_name"]
            ),
            (&0.into(), &serde_json::json!({ "open": 1, "save": 1 })),
            "{name}: {read}"
        );
        let started = read["sessions"][0]["started_at"].as_str().unwrap();
        assert!(started.starts_with("2026-03-01T10:00:00"), "{read}");
    }
    let bad = folder.run(&["profile", "new", "run.log", "--name", "Not This"]);
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("a-z, 0-9 and -"), "{}", bad.err);
}

#[test]
fn golden_cases_are_written_held_and_missed() {
    let folder = Folder::new();
    folder.write("profiles/own.toml", OWN);
    let ran = folder.run(&["profile", "test", "profiles"]);
    assert_eq!(ran.code, 1, "no case is no success");
    assert!(ran.err.contains("run with --update"), "{}", ran.err);

    folder.write("profiles/own.cases/a.log", "save!\nopen!\n");
    let ran = folder.run(&["profile", "test", "profiles"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("write it with --update"), "{}", ran.out);

    let ran = folder.run(&["profile", "test", "profiles", "--update"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 passed, 0 failed\n"));
    let ran = folder.run(&["profile", "test", "profiles/own.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 passed, 0 failed\n"));

    folder.write("profiles/own.cases/a.log", "save!\nclose!\n");
    let ran = folder.run(&["profile", "test", "profiles"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.out, @r#"
    profiles/own.cases/a.log: failed
      line 25:
      -         "open": 1,
      +         "close": 1,
    0 passed, 1 failed
    "#);
}

#[test]
fn two_cases_with_one_expected_file_are_told_apart() {
    let folder = Folder::new();
    folder.write("own.toml", OWN);
    for name in ["a.json", "a.log", "a.txt.log"] {
        folder.write(&format!("own.cases/{name}"), "save!\n");
    }
    let ran = folder.run(&["profile", "test", "own.toml", "--update"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("a.json and") && ran.err.contains("a.log have one expected file"),
        "{}",
        ran.err
    );
    assert!(!folder.exists("own.cases/a.expected.json"));
}

#[test]
fn a_stored_profile_serves_products() {
    let folder = Folder::new();
    folder.write("own.toml", OWN);
    folder.write("bad.toml", LOG);
    let ran = folder.run(&["product", "profile", "own.toml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "profile own is stored; products may use it\n")
    );
    let ran = folder.run(&["product", "add", "editor", "--profile", "own"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = folder.run(&["product", "list", "--json"]);
    assert_eq!(ran.json()[0]["profile"], "own@1");
    let ran = folder.run(&["product", "profile", "bad.toml"]);
    assert!(ran.code == 1 && ran.err.contains("line 1"), "{}", ran.err);
}
