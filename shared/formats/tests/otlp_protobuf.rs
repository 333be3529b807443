//! OTLP protobuf: the same as OTLP/JSON.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of OTLP share their support"
)]

mod otlp_support;

use logbook_formats::{Limits, Profile, ReadError};
use logbook_model::{EventReject, LogReject};
use otlp_support::protobuf::{log_record, message, resource_logs, to_protobuf, varint};
use otlp_support::{
    Any, Attributes, Record, Resource, Scope, events, otlp, read, read_with, record, refusal,
    rejects, resource, text, to_json,
};
use proptest::prelude::*;

fn profile() -> Profile {
    Profile::from_toml(
        "profile = \"test\"\nfamily = \"otlp\"\n\
         [time]\nfield = \"time\"\nformat = \"epoch_ns\"\n\
         [name]\nfield = [\"eventName\", \"attributes.event.name\"]\ndefault = \"log\"\n\
         [level]\nfield = [\"severityNumber\", \"severityText\"]\nscale = \"severity_number\"\n\
         [session]\ngroup = \"{@resource}\"\n\
         [attributes]\nkeep = [\"body\", \"body.a\", \"body.a.b\", \"traceId\", \"spanId\", \
         \"attributes.a\", \"attributes.a.b\", \"resource.a\", \"resource.a.b\", \"scope.name\", \
         \"scope.version\", \"scope.attributes.a\"]",
    )
    .unwrap()
}

#[test]
fn a_truncated_request_is_refused_or_shorter() {
    let log = to_protobuf(&[resource(
        &[("service.name", "a")],
        vec![record("x", &[("k", "v")]), record("y", &[])],
    )]);
    assert_eq!(read(&log).unwrap().figures.records, 2);
    // The first byte alone is a blank line.
    for end in 2..log.len() {
        assert_eq!(
            refusal(&log[..end]).0,
            LogReject::Truncated,
            "at {end} of {}",
            log.len()
        );
    }
}

#[test]
fn a_bad_record_is_refused_and_the_log_goes_on() {
    let bad_time = Record {
        time: u64::MAX,
        ..Record::default()
    };
    let deep = (0..64).fold(text("x"), |inner, _| Any::List(vec![inner]));
    let too_deep = Record {
        body: Some(deep),
        ..Record::default()
    };
    let mut bad_id = Vec::new();
    message(9, b"12345678901234567", &mut bad_id);
    for (bad, reason) in [
        (&[0x08, 0x01][..], EventReject::Broken),
        (&[0x0a, 0x7f][..], EventReject::Broken),
        (&[0x10, 0x19][..], EventReject::OutOfRange),
        (&[0x10][..], EventReject::Broken),
        (&[0x07][..], EventReject::Broken),
        (&bad_id, EventReject::Broken),
        (&log_record(&bad_time), EventReject::OutOfRange),
        (&log_record(&too_deep), EventReject::TooDeep),
        (&[0x18; 2000], EventReject::TooLong),
    ] {
        let good = log_record(&record("good", &[]));
        let (mut scope, mut whole) = (Vec::new(), Vec::new());
        for bytes in [&good[..], bad, &good[..]] {
            message(2, bytes, &mut scope);
        }
        message(2, &scope, &mut whole);
        let mut log = Vec::new();
        message(1, &whole, &mut log);
        let limits = Limits {
            record_bytes: 1500,
            ..Limits::default()
        };
        let got = read_with(&log[..], &otlp(), &limits).unwrap();
        let mut after = Vec::new();
        message(2, &good, &mut after);
        let offset = (log.len() - after.len() - bad.len()) as u64;
        assert_eq!(rejects(&got), [(2, offset, reason)], "{bad:?}");
        assert_eq!(got.figures.records, 3);
        assert_eq!(got.figures.inflated_bytes, log.len() as u64);
    }
}

#[test]
fn a_broken_frame_is_refused_with_its_place() {
    // Resource logs of 5 bytes, in which a scope's logs claim to have 100.
    let (reason, detail) = refusal([0x0a, 0x05, 0x12, 0x64, 0, 0, 0]);
    assert_eq!(reason, LogReject::WrongFormat);
    assert!(detail.starts_with("byte 4: "), "{detail}");
    assert_eq!(refusal([0x0a, 0x02, 0x0b, 0x00]).0, LogReject::WrongFormat);
    assert_eq!(
        refusal([0x0a, 0x00, 0x08, 0x01, 0x0c]).0,
        LogReject::WrongFormat
    );
    assert_eq!(refusal([0x0a, 0x00]).0, LogReject::Empty);
    let mut huge = vec![0x0a];
    varint(u64::MAX, &mut huge);
    assert_eq!(refusal(&huge).0, LogReject::Truncated);
}

#[test]
fn text_is_repaired_and_counted() {
    let mut log = to_protobuf(&[resource(&[], vec![record("bad?name", &[])])]);
    let at = log.iter().position(|&b| b == b'?').unwrap();
    log[at] = 0xff;
    let got = read(&log).unwrap();
    assert_eq!(got.figures.repaired_utf8, 1);
    assert!(got.parts[0].features.contains_key("bad\u{fffd}name"));
}

#[test]
fn a_resource_after_its_records_is_theirs_unless_it_is_too_late() {
    let one = resource(&[("session.id", "s")], vec![record("x", &[]); 1000]);
    let mut log = Vec::new();
    message(1, &resource_logs(&one, false), &mut log);
    let got = read(&log).unwrap();
    assert_eq!(got.parts[0].session.as_str(), "s");
    assert_eq!((got.parts.len(), got.figures.records), (1, 1000));
    let limits = Limits {
        record_bytes: 1000,
        ..Limits::default()
    };
    let late = read_with(&log[..], &otlp(), &limits);
    assert!(matches!(
        late,
        Err(ReadError::Rejected {
            reason: LogReject::WrongFormat,
            ..
        })
    ));
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "a.b", "event.name", "session.id", "zz"])
        .prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Empty),
        "[a-zäé\"\\\\\n ]{0,12}".prop_map(Any::Text),
        any::<bool>().prop_map(Any::Bool),
        any::<i64>().prop_map(Any::Int),
        any::<i32>().prop_map(|n| Any::Double(f64::from(n) / 8.0)),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(Any::Bytes),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Any::List),
            prop::collection::vec((key(), inner), 0..3).prop_map(Any::Map),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    prop::collection::vec((key(), any_value()), 0..4)
}

prop_compose! {
    fn log_records()(
        time in prop_oneof![Just(0), 1_500_000_000_000_000_000..1_900_000_000_000_000_000u64],
        observed in prop_oneof![Just(0), any::<u32>().prop_map(u64::from)],
        severity in 0..=24u8,
        severity_text in prop::sample::select(vec!["", "INFO", "Warning", "odd"]),
        event_name in prop::sample::select(vec!["", "click", "page.view"]),
        body in prop::option::of(any_value()),
        attributes in attributes(),
        trace in any::<Option<[u8; 16]>>(),
        span in any::<Option<[u8; 8]>>(),
    ) -> Record {
        Record {
            time, observed, severity, body, attributes, trace, span,
            severity_text: severity_text.to_owned(),
            event_name: event_name.to_owned(),
        }
    }
}

prop_compose! {
    fn scopes()(
        name in "[a-z]{0,3}",
        version in "[0-9]{0,2}",
        attributes in attributes(),
        records in prop::collection::vec(log_records(), 1..4),
    ) -> Scope {
        Scope { name, version, attributes, records }
    }
}

prop_compose! {
    fn resources()(
        attributes in attributes(),
        scopes in prop::collection::vec(scopes(), 1..3),
    ) -> Resource {
        Resource { attributes, scopes }
    }
}

proptest! {
    #[test]
    fn both_encodings_say_the_same(request in prop::collection::vec(resources(), 1..3)) {
        let (json, protobuf) = (to_json(&request), to_protobuf(&request));
        let (line, laid_out) = (json.to_string(), serde_json::to_string_pretty(&json).unwrap());
        let want = events(&protobuf, &profile());
        prop_assert_eq!(&events(&line, &profile()), &want);
        prop_assert_eq!(&events(&laid_out, &profile()), &want);
        let of_protobuf = read(&protobuf).unwrap();
        prop_assert_eq!(&read(&line).unwrap().parts.len(), &of_protobuf.parts.len());
        prop_assert_eq!(of_protobuf.figures.rejects_total, 0);
        let mut late = Vec::new();
        for resource in &request {
            message(1, &resource_logs(resource, false), &mut late);
        }
        prop_assert_eq!(&events(&late, &profile()), &want);
    }

    #[test]
    fn nothing_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        bytes[0] = 0x0a;
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(
        request in prop::collection::vec(resources(), 1..2),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut log = to_protobuf(&request);
        for (place, byte) in places {
            let at = place.index(log.len());
            log[at] = byte;
        }
        let _ = read(&log);
    }
}
