//! `logbook inspect`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;

use cli::{Folder, LOG, gzip};

#[test]
fn a_log_is_shown_for_reading() {
    let ran = Folder::with_log().run(&["inspect", "run.log"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!(ran.out, @r#"
    profile   logbook (ndjson)
    records   3 good, 1 rejected
    sessions  2

    session  started               last activity         status   events  errors  version
    ───────  ────────────────────  ────────────────────  ───────  ──────  ──────  ───────
    s1       2026-11-02T10:00:00Z  2026-11-02T10:00:01Z  errored       2       1      1.0
    s2       2026-11-02T11:00:00Z  2026-11-02T11:00:00Z  ok            1       0      1.1

    name    events
    ──────  ──────
    start        2
    export       1

    line  byte  rejected as  because
    ────  ────  ───────────  ─────────────────────
       3   180  broken       broken JSON at byte 2
    "#);
}

#[test]
fn a_log_is_shown_for_programs() {
    let ran = Folder::with_log().run(&["inspect", "run.log", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!(ran.out, @r#"
    {
      "log": {
        "format": "ndjson",
        "profile": "logbook",
        "records": 4,
        "sessions": 2,
        "rejects_total": 1,
        "rejects": [
          {
            "line": 3,
            "offset": 180,
            "reason": "broken",
            "detail": "broken JSON at byte 2"
          }
        ],
        "repaired_utf8": 0,
        "backward_steps": 0
      },
      "sessions": [
        {
          "session_id": "s1",
          "product": "logbook",
          "version": "1.0",
          "os": null,
          "started_at": "2026-11-02T10:00:00Z",
          "last_activity_at": "2026-11-02T10:00:01Z",
          "status": "errored",
          "events": 2,
          "occurrences": 2,
          "errors": 1,
          "by_name": {
            "export": 1,
            "start": 1
          },
          "by_level": {
            "error": 1,
            "unspecified": 1
          }
        },
        {
          "session_id": "s2",
          "product": "logbook",
          "version": "1.1",
          "os": null,
          "started_at": "2026-11-02T11:00:00Z",
          "last_activity_at": "2026-11-02T11:00:00Z",
          "status": "ok",
          "events": 1,
          "occurrences": 1,
          "errors": 0,
          "by_name": {
            "start": 1
          },
          "by_level": {
            "unspecified": 1
          }
        }
      ]
    }
    "#);
}

#[test]
fn what_is_odd_and_kept_is_counted() {
    let folder = Folder::new();
    let log = "{\"time\":\"1970-01-01T00:00:01Z\",\"name\":\"a\"}\n\
               {\"time\":\"2026-11-02T10:00:00\",\"name\":\"b\",\"name\":\"c\"}\n";
    folder.write("odd.log", log);
    let ran = folder.run(&["inspect", "odd.log"]);
    for line in [
        "odd       1 times on the first day of 1970\n",
        "odd       1 times without a zone\n",
        "odd       1 records with a key that comes twice\n",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    let json = folder.run(&["inspect", "odd.log", "--json"]).json();
    assert_eq!(
        json["log"]["flagged"],
        serde_json::json!({"epoch_start": 1, "no_zone": 1, "duplicate_keys": 1})
    );
    let text = "profile = \"t\"\nversion = 1\nfamily = \"text\"\n[text]\n\
                record = ['^E (?<word>\\w+)$']\n[name]\nfield = \"word\"\n";
    folder.write("t.toml", text);
    folder.write("t.log", "E one\n  at here\n  at there\nE two\n");
    let ran = folder.run(&["inspect", "t.log", "--profile-file", "t.toml"]);
    assert!(
        ran.out.contains("continued 2 lines begin no record\n"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn a_log_in_utf_16_is_named_as_one() {
    let folder = Folder::new();
    let text = |swap: bool| {
        let units = format!("\u{feff}{LOG}");
        let bytes = units.encode_utf16().flat_map(|unit| {
            if swap {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        });
        bytes.collect::<Vec<u8>>()
    };
    for (name, swap) in [("le.log", false), ("be.log", true)] {
        folder.write(name, gzip(text(swap)));
        for arguments in [&[][..], &["--profile", "logbook"]] {
            let ran = folder.run(&[&["inspect", name, "--json"], arguments].concat());
            assert_eq!(ran.code, 2, "{name} {arguments:?}");
            let rejected = &ran.json()["rejected"];
            assert_eq!(rejected["reason"], "wrong_format");
            assert!(rejected.to_string().contains("UTF-16"), "{rejected}");
        }
    }
}

#[test]
fn a_packed_log_is_the_same_log() {
    let folder = Folder::with_log();
    let plain = folder.run(&["inspect", "run.log", "--json"]).out;
    // The name says nothing: the bytes do.
    folder.write("run.gz", gzip(LOG));
    folder.write("run.bin", gzip(LOG));
    folder.write("run.zst", zstd::encode_all(LOG.as_bytes(), 1).unwrap());
    folder.write("twice.gz", gzip(gzip(LOG)));
    for name in ["run.gz", "run.bin", "run.zst", "twice.gz"] {
        let ran = folder.run(&["inspect", name, "--json"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, plain.as_str()), "{name}");
    }
}

#[test]
fn a_cut_log_is_named_as_one_though_no_profile_fits_its_beginning() {
    let folder = Folder::new();
    let whole = gzip("of no known format\n".repeat(9000));
    folder.write("cut.gz", &whole[..whole.len() - 3]);
    folder.write("whole.gz", whole);
    for (name, reason) in [("cut.gz", "truncated"), ("whole.gz", "wrong_format")] {
        let ran = folder.run(&["inspect", name, "--json"]);
        assert_eq!(ran.code, 2, "{name}");
        assert_eq!(ran.json()["rejected"]["reason"], reason, "{name}");
    }
}

#[test]
fn what_is_refused_is_refused_by_name_and_ends_with_2() {
    let folder = Folder::new();
    let packed = gzip(LOG.repeat(50));
    let mut spoilt = packed.clone();
    let crc = spoilt.len() - 8;
    spoilt[crc] ^= 1;
    folder.write("empty", "");
    folder.write("blank", "\n\n");
    folder.write("cut.gz", &packed[..packed.len() - 20]);
    folder.write("spoilt.gz", spoilt);
    folder.write("bad", "{\"name\":\n{\"name\":\n");
    folder.write("list", "milk\nbread\n");
    folder.write("large.gz", gzip(LOG.repeat(50)));
    for (name, reason) in [
        ("empty", "empty"),
        ("blank", "empty"),
        ("cut.gz", "truncated"),
        ("spoilt.gz", "corrupt"),
        ("bad", "no_good_record"),
        ("large.gz", "bomb"),
    ] {
        let mut arguments = vec!["inspect", name, "--json", "--profile", "logbook"];
        if reason == "bomb" {
            arguments.extend(["--max-inflated", "1000"]);
        }
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, 2, "{name}: {}", ran.err);
        assert_eq!(ran.json()["rejected"]["reason"], reason, "{name}");
        let people = folder.run(&[&arguments[..2], &arguments[3..]].concat());
        let start = format!("rejected: {reason}: ");
        assert!(people.out.starts_with(&start), "{}", people.out);
    }
    let ran = folder.run(&["inspect", "list", "--json"]);
    assert_eq!(
        (ran.code, ran.json()["rejected"]["reason"].as_str()),
        (2, Some("wrong_format"))
    );
    let detail = ran.json()["rejected"]["detail"].to_string();
    assert!(detail.contains("logbook profile new"), "{detail}");
}

#[test]
fn what_cannot_be_done_ends_with_1_and_says_what_to_do() {
    let folder = Folder::with_log();
    folder.write("bad.toml", "profile = \"x\"\n");
    for (arguments, said) in [
        (&["none.log"][..], "cannot open none.log"),
        (&["run.log", "--profile", "nope"], "there are logbook, otlp"),
        (&["run.log", "--profile-file", "bad.toml"], "bad.toml: "),
        (&["run.log", "--product", "No Id"], "allowed: a-z"),
        (&["run.log", "--log-id", "a/b"], "log id"),
    ] {
        let ran = folder.run(&[&["inspect"], arguments].concat());
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
        assert!(ran.err.contains(said), "{} does not say {said}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn ids_of_sessions_that_a_log_does_not_name_come_from_product_and_log_id() {
    let folder = Folder::new();
    folder.write("a.log", "{\"name\":\"save\"}\n");
    let session = |arguments: &[&str]| {
        let ran = folder.run(&[&["inspect", "a.log", "--json"], arguments].concat());
        let report = ran.json();
        assert_eq!(ran.code, 0, "{}", ran.err);
        report["sessions"][0]["session_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let named = session(&["--product", "editor", "--log-id", "run-1"]);
    assert!(named.starts_with("r-"), "{named}");
    assert_eq!(
        named,
        session(&["--product", "editor", "--log-id", "run-1"])
    );
    assert_ne!(
        named,
        session(&["--product", "editor", "--log-id", "run-2"])
    );
    assert_ne!(
        named,
        session(&["--product", "player", "--log-id", "run-1"])
    );
    assert_eq!(session(&[]), session(&[]));
}
