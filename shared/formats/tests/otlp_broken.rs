//! OTLP/JSON: what bad logs become.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of OTLP share their support"
)]

mod otlp_support;

use std::io::{self, Read};

use logbook_formats::{Limits, ReadError};
use logbook_model::{EventReject, LogReject};
use otlp_support::{otlp, read, read_with, refusal, rejects};
use proptest::prelude::*;

const GOOD: &str = r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"eventName":"good"}]}]}]}"#;

/// A request laid out over lines: a good record in line 2, the given one in line 3, a good one
/// in line 4.
fn laid_out(record: &str) -> String {
    format!(
        "{{\"resourceLogs\":[{{\"resource\":{{}},\"scopeLogs\":[{{\"scope\":{{}},\"logRecords\":[\n\
         {{\"eventName\":\"good\"}},\n  {record},\n{{\"eventName\":\"good\"}}]}}]}}]}}\n"
    )
}

#[test]
fn a_bad_record_is_refused_and_the_log_goes_on() {
    let deep = format!(r#"{{"body":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    for (record, reason) in [
        (
            r#"{"severityNumber":"INVALID_SEVERITY_VALUE"}"#,
            EventReject::Broken,
        ),
        (r#"{"severityNumber":25}"#, EventReject::OutOfRange),
        (r#"{"severityNumber":-1}"#, EventReject::OutOfRange),
        (r#"{"severityNumber":1.5}"#, EventReject::Broken),
        (r#"{"traceId":"!!!INVALID_BASE64!!!"}"#, EventReject::Broken),
        (r#"{"traceId":"zzz"}"#, EventReject::Broken),
        (r#"{"spanId":"INVALID=="}"#, EventReject::Broken),
        (r#"{"spanId":7}"#, EventReject::Broken),
        (
            r#"{"timeUnixNano":"18446744073709551616"}"#,
            EventReject::OutOfRange,
        ),
        (
            r#"{"timeUnixNano":99999999999999999999}"#,
            EventReject::OutOfRange,
        ),
        (r#"{"timeUnixNano":-1}"#, EventReject::OutOfRange),
        (
            r#"{"timeUnixNano":"18446744073709551615"}"#,
            EventReject::OutOfRange,
        ),
        (r#"{"timeUnixNano":"yesterday"}"#, EventReject::Broken),
        (r#"{"timeUnixNano":[1]}"#, EventReject::Broken),
        (r#"{"attributes":{}}"#, EventReject::Broken),
        (r#"{"attributes":[5]}"#, EventReject::Broken),
        (r#"{"attributes":[{"key":5}]}"#, EventReject::Broken),
        (
            r#"{"attributes":[{"key":"user.id","value":{"intValue":"x"}}]}"#,
            EventReject::Broken,
        ),
        (
            r#"{"attributes":[{"value":{"bytesValue":"!"},"key":"user.id"}]}"#,
            EventReject::Broken,
        ),
        (
            r#"{"attributes":[{"key":"user.id","value":{"intValue":"9223372036854775808"}}]}"#,
            EventReject::OutOfRange,
        ),
        (r#"{"body":{"doubleValue":1e999}}"#, EventReject::OutOfRange),
        (r#"{"body":"text"}"#, EventReject::Broken),
        (r#"{"eventName":tru}"#, EventReject::Broken),
        (r#"{"eventName" "x"}"#, EventReject::Broken),
        (r#""text""#, EventReject::Broken),
        ("12", EventReject::Broken),
        ("null", EventReject::Broken),
        ("[]", EventReject::Broken),
        (&deep, EventReject::TooDeep),
    ] {
        let log = laid_out(record);
        let got = read(&log).unwrap_or_else(|error| panic!("{error}: {record}"));
        let offset = log.find(record).unwrap() as u64;
        assert_eq!(rejects(&got), [(3, offset, reason)], "{record}");
        assert_eq!(got.figures.records, 3, "{record}");
        assert!(!got.figures.rejects[0].detail.contains("INVALID"));
    }
}

#[test]
fn a_record_over_the_bound_is_passed() {
    let record = format!(r#"{{"body":{{"stringValue":"{}"}}}}"#, "x".repeat(300_000));
    let log = laid_out(&record);
    let limits = Limits {
        record_bytes: 1000,
        ..Limits::default()
    };
    let got = read_with(log.as_bytes(), &otlp(), &limits).unwrap();
    let offset = log.find(&record).unwrap() as u64;
    assert_eq!(rejects(&got), [(3, offset, EventReject::TooLong)]);
    assert_eq!(
        (got.figures.records, got.figures.inflated_bytes),
        (3, log.len() as u64)
    );
}

#[test]
fn records_of_a_bad_resource_or_scope_are_refused_with_it() {
    let good = r#""logRecords":[{"eventName":"x"},{"eventName":"y"}]"#;
    for (resource, scope) in [
        (
            r#"{"attributes":[{"key":"service.name","value":{"intValue":"x"}}]}"#,
            "{}",
        ),
        (r#"{"attributes":5}"#, "{}"),
        ("7", "{}"),
        ("{}", r#"{"name":5}"#),
    ] {
        let bad = format!(r#"{{"resource":{resource},"scopeLogs":[{{"scope":{scope},{good}}}]}}"#);
        let log = GOOD.replacen('[', &format!("[{bad},"), 1);
        let got = read(&log).unwrap_or_else(|error| panic!("{error}: {log}"));
        let reasons: Vec<_> = rejects(&got).into_iter().map(|reject| reject.2).collect();
        assert_eq!(reasons, [EventReject::Broken; 2], "{log}");
        assert_eq!(got.figures.records, 3);
    }
}

#[test]
fn a_broken_line_is_one_reject_and_the_next_line_is_read() {
    for broken in [
        &GOOD[..60],
        &GOOD[..GOOD.len() - 1],
        &GOOD[..90],
        "{\"resourceLogs\":[{]}",
        "{\"resourceLogs\":5}",
        "{\"resourceLogs\":[}",
        "{\"resourceLogs\" []}",
        "{\"a\":}",
        "{\"level\":\"info\"}",
        "null",
        "text",
        "]",
        "{",
    ] {
        let log = format!("{GOOD}\n{broken}\n{GOOD}\n");
        let got = read(&log).unwrap_or_else(|error| panic!("{error}: {log}"));
        let offset = GOOD.len() as u64 + 1;
        assert_eq!(
            rejects(&got),
            [(2, offset, EventReject::Broken)],
            "{broken}"
        );
        let read_in_part = u64::from(broken.contains("\"good\"}"));
        assert_eq!(got.figures.records, 3 + read_in_part, "{broken}");
    }
}

#[test]
fn the_first_and_the_last_line_may_be_the_broken_one() {
    let cut = &GOOD[..60];
    let got = read(format!("{cut}\n{GOOD}\n{GOOD}")).unwrap();
    assert_eq!(rejects(&got), [(1, 0, EventReject::Broken)]);
    let got = read(format!("{GOOD}\n{cut}")).unwrap();
    assert_eq!(
        rejects(&got),
        [(2, GOOD.len() as u64 + 1, EventReject::Broken)]
    );
    let got = read(format!("{{\"other\":1}}\n{GOOD}")).unwrap();
    assert_eq!(rejects(&got), [(1, 0, EventReject::Broken)]);
    let got = read(format!("{{\"resourceLogs\":[}}\n{GOOD}")).unwrap();
    assert_eq!(rejects(&got), [(1, 0, EventReject::Broken)]);
}

#[test]
fn a_single_request_that_is_broken_is_refused_as_a_whole() {
    let whole = laid_out(r#"{"eventName":"x"}"#);
    let cut = &whole[..whole.len() - 20];
    let (reason, detail) = refusal(cut);
    assert_eq!(reason, LogReject::Truncated);
    assert!(detail.starts_with("line 4, byte "), "{detail}");
    assert_eq!(refusal(&GOOD[..60]).0, LogReject::Truncated);
    assert_eq!(refusal("{").0, LogReject::Truncated);
    let malformed = whole.replacen("\n  {", "\n 5 {", 1);
    let (reason, detail) = refusal(&malformed);
    assert_eq!(reason, LogReject::WrongFormat);
    assert!(detail.starts_with("line 3, byte "), "{detail}");
    assert_eq!(
        refusal(GOOD.replacen('[', "{", 1)).0,
        LogReject::WrongFormat
    );
}

#[test]
fn what_is_no_otlp_is_refused() {
    for other in [
        "{\"a\":1}",
        "{\n\"a\": 1\n}",
        "[1]",
        "hello",
        "1",
        "\u{1}",
        "{}",
    ] {
        assert_eq!(refusal(other).0, LogReject::WrongFormat, "{other}");
    }
    for empty in [
        "",
        "\n\n",
        "\u{feff}",
        "{\"resourceLogs\":[]}",
        "{\"resourceLogs\":null}",
    ] {
        assert_eq!(refusal(empty).0, LogReject::Empty, "{empty}");
    }
    let lines = "{\"a\":1}\n{\"a\":2}\n";
    assert_eq!(refusal(lines).0, LogReject::NoGoodRecord);
}

#[test]
fn text_is_repaired_and_counted() {
    let mut log = laid_out(r#"{"eventName":"bad?name"}"#).into_bytes();
    let at = log.iter().position(|&b| b == b'?').unwrap();
    log[at] = 0xff;
    let got = read(&log).unwrap();
    assert_eq!(got.figures.repaired_utf8, 1);
    assert!(got.parts[0].features.contains_key("bad\u{fffd}name"));
    log[at] = 0;
    assert!(
        read(&log).unwrap().parts[0]
            .features
            .contains_key("bad\u{fffd}name")
    );
}

#[test]
fn a_resource_too_late_refuses_the_log_and_none_at_all_does_not() {
    let records = vec!["{\"eventName\":\"x\"}"; 1000].join(",");
    let limits = Limits {
        record_bytes: 1000,
        ..Limits::default()
    };
    let log = |rest: &str| {
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]{rest}}}]}}"#)
    };
    let none = read_with(log("").as_bytes(), &otlp(), &limits).unwrap();
    assert_eq!(none.figures.records, 1000);
    let late = read_with(log(r#","resource":{}"#).as_bytes(), &otlp(), &limits);
    let Err(ReadError::Rejected { reason, detail, .. }) = late else {
        panic!("not refused");
    };
    assert_eq!(reason, LogReject::WrongFormat);
    assert!(detail.contains("its resource comes after"), "{detail}");
}

#[test]
fn a_scope_too_late_that_says_nothing_of_its_session_does_no_harm() {
    let records = vec!["{\"eventName\":\"x\"}"; 1000].join(",");
    let limits = Limits {
        record_bytes: 1000,
        ..Limits::default()
    };
    let read = |scope: &str| {
        let log = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}],"scope":{scope}}}]}}]}}"#
        );
        read_with(log.as_bytes(), &otlp(), &limits)
    };
    assert_eq!(read(r#"{"name":"n"}"#).unwrap().figures.records, 1000);
    let session = r#"{"attributes":[{"key":"session.id","value":{"stringValue":"s"}}]}"#;
    assert!(read(session).is_err());
}

/// Makes a request of so many records, byte by byte, and knows how much was asked of it at once.
struct Endless {
    left: u32,
    ready: Vec<u8>,
    most_asked: usize,
}

impl Read for &mut Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.most_asked = self.most_asked.max(buffer.len());
        if self.ready.is_empty() && self.left > 0 {
            self.left -= 1;
            let body = "x".repeat(900);
            let end = if self.left == 0 { "]}]}]}" } else { "," };
            self.ready =
                format!(r#"{{"eventName":"e","body":{{"stringValue":"{body}"}}}}{end}"#).into();
        }
        let length = buffer.len().min(self.ready.len());
        buffer[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        Ok(length)
    }
}

#[test]
fn a_request_larger_than_memory_is_read_through_a_small_window() {
    let mut source = Endless {
        left: 20_000,
        ready: br#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":["#
            .to_vec(),
        most_asked: 0,
    };
    let limits = Limits {
        record_bytes: 2000,
        ..Limits::default()
    };
    let got = read_with(&mut source, &otlp(), &limits).unwrap();
    assert_eq!(
        (got.figures.records, got.figures.rejects_total),
        (20_000, 0)
    );
    assert!(got.figures.inflated_bytes > 18_000_000);
    assert!(source.most_asked <= 256 * 1024, "{}", source.most_asked);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0..GOOD.len() * 3, byte: u8, cut in 0..GOOD.len() * 3) {
        let mut log = format!("{GOOD}\n{GOOD}\n{GOOD}\n").into_bytes();
        log[at] = byte;
        let _ = read(&log);
        log.truncate(cut);
        let _ = read(&log);
    }

    #[test]
    fn damage_to_one_line_leaves_the_others_alone(at in 0..GOOD.len(), byte: u8) {
        prop_assume!(byte != b'\n');
        let mut log = format!("{GOOD}\n{GOOD}\n{GOOD}\n").into_bytes();
        log[GOOD.len() + 1 + at] = byte;
        let got = read(&log).unwrap();
        let good: u64 = got.parts.iter().map(|part| part.events).sum();
        prop_assert!((2..=3).contains(&good));
    }
}
