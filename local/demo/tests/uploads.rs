//! What the uploads are, one by one.
#![allow(clippy::unwrap_used, reason = "tests")]

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use logbook_demo::{Demo, DemoConfig, Expect, Route, Upload};
use logbook_model::{LogId, ProductId, Timestamp};
use sha2::{Digest, Sha256};

use read::{END, demo, read};

/// A hash of everything that the uploads of a demo are.
fn fingerprint(demo: &Demo) -> String {
    let mut hash = Sha256::new();
    for upload in demo.uploads() {
        let mut body = upload.body;
        let head = format!(
            "{}|{:?}|{}|{}|{}|{:?}|{:?}|{}",
            upload.log_id,
            upload.route,
            upload.received_at,
            upload.content_type,
            upload.consent,
            upload.metadata,
            upload.expect,
            body.len()
        );
        hash.update(head.as_bytes());
        hash.update(std::mem::take(&mut body));
    }
    hash.finalize().iter().fold(String::new(), |mut text, b| {
        write!(text, "{b:02x}").unwrap();
        text
    })
}

/// A failure here means that demos made before look different from demos made now: change the
/// hash only together with a note in the changelog.
#[test]
fn the_same_config_makes_the_same_bytes_for_ever() {
    let got = fingerprint(&demo(4, 300));
    assert_eq!(got, fingerprint(&demo(4, 300)));
    assert_ne!(got, fingerprint(&demo(5, 300)));
    assert_eq!(
        got,
        "4cd78c9ca24fa7685f644b80c1e1b1cd6a37e1a0e0a3f64be99e1ee64581e8a3"
    );
}

#[test]
fn every_upload_becomes_what_is_expected_of_it() {
    // The routes of logs hang on the last day, too.
    for later in 0..7 {
        becomes_what_is_expected(&Demo::new(DemoConfig {
            sessions: 400,
            ..DemoConfig::new(END.plus(later))
        }));
    }
    becomes_what_is_expected(&demo(4, 2_000));
}

fn becomes_what_is_expected(demo: &Demo) {
    let mut received: BTreeMap<String, Upload> = BTreeMap::new();
    for upload in demo.uploads() {
        let result = read(&upload);
        let earlier = received.get(&upload.log_id);
        match &upload.expect {
            Expect::Parsed {
                sessions,
                events,
                rejected_events,
                repaired_lines,
            } => {
                assert!(earlier.is_none(), "{}", upload.log_id);
                let log = result.unwrap();
                let found: u64 = log.parts.iter().map(|part| part.events).sum();
                assert_eq!((log.parts.len(), found), (*sessions as usize, *events));
                assert_eq!(log.figures.rejects_total, *rejected_events);
                assert_eq!(log.figures.repaired_utf8, *repaired_lines);
            }
            Expect::Duplicate { of } => {
                let first = &received[of];
                assert!(matches!(first.expect, Expect::Parsed { .. }));
                assert_eq!(first.body, upload.body);
                assert_eq!(first.metadata, upload.metadata);
                assert_eq!(first.consent, upload.consent);
            }
            Expect::Conflict => {
                assert_ne!(earlier.unwrap().body, upload.body);
                // By way of the inbox it would hang on whether the first waits there still.
                assert_eq!(upload.route, Route::Api);
            }
            Expect::Rejected(reason) => assert_eq!(result.unwrap_err(), *reason),
            Expect::Refused => assert_eq!(upload.consent.name(), "off"),
        }
        received.entry(upload.log_id.clone()).or_insert(upload);
    }
}

#[test]
fn no_content_comes_twice_but_as_a_duplicate() {
    let mut contents = BTreeSet::new();
    for upload in demo(4, 2_000).uploads() {
        let duplicate = matches!(upload.expect, Expect::Duplicate { .. });
        let content = (upload.body, upload.metadata);
        assert_eq!(contents.insert(content), !duplicate, "{}", upload.log_id);
    }
}

#[test]
fn uploads_come_in_order_of_receipt_with_valid_ids_and_none_after_the_end() {
    let demo = demo(9, 1_000);
    assert!(ProductId::new(demo.product().id).is_ok());
    assert_eq!(demo.uploads().len(), demo.len_hint());
    let mut last = Timestamp(i64::MIN);
    for upload in demo.uploads() {
        assert!(LogId::new(upload.log_id.clone()).is_ok());
        assert!(last <= upload.received_at);
        assert!(upload.body.len() <= 4 << 20 || upload.route != Route::Api);
        last = upload.received_at;
    }
    assert!(last < Timestamp::start_of(END.plus(1)));
    assert!(last > Timestamp::start_of(END));
}

#[test]
fn all_kinds_of_uploads_are_in_the_usual_demo() {
    let demo = demo(4, 5_000);
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for upload in demo.uploads() {
        let packed = upload.body.starts_with(&[0x1f, 0x8b]);
        let expect = match &upload.expect {
            Expect::Rejected(reason) => format!("rejected {reason}"),
            Expect::Duplicate { of } => format!("again, same id: {}", *of == upload.log_id),
            Expect::Parsed {
                sessions,
                rejected_events,
                repaired_lines,
                ..
            } => {
                *kinds
                    .entry(format!("{} sessions", sessions.min(&2)))
                    .or_default() += 1;
                let rejected = format!("{rejected_events} refused, {repaired_lines} repaired");
                *kinds.entry(rejected).or_default() += 1;
                let beside = upload.metadata.contains_key("session");
                *kinds.entry(format!("facts beside: {beside}")).or_default() += 1;
                "parsed".to_owned()
            }
            other => other.name().to_owned(),
        };
        for kind in [
            expect,
            format!("{:?}", upload.route),
            format!("gzip: {packed}"),
            format!("consent {}", upload.consent),
        ] {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    println!("{kinds:#?}");
    for kind in [
        "parsed",
        "conflict",
        "refused",
        "rejected empty",
        "rejected truncated",
        "rejected corrupt",
        "rejected no_good_record",
        "again, same id: true",
        "again, same id: false",
        "2 sessions",
        "1 refused, 0 repaired",
        "0 refused, 1 repaired",
        "facts beside: true",
        "Api",
        "Ticket",
        "Inbox",
        "gzip: true",
        "gzip: false",
        "consent crash",
        "consent error",
        "consent off",
    ] {
        assert!(kinds.contains_key(kind), "{kind} in {kinds:#?}");
    }
}
