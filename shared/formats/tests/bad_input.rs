//! What becomes of bad input: what is fine, what is repaired, what costs a record and what
//! costs the log. Whatever happens to a record, the next good one passes.
#![allow(clippy::unwrap_used, clippy::format_collect, reason = "tests")]

mod support;

use logbook_formats::Limits;
use logbook_model::{EventReject, LogReject};
use support::{context, default_profile, profile, read, read_with, refused};

const GOOD: &str = "{\"name\":\"open\",\"time\":\"2026-02-01T10:00:00Z\",\"session\":\"s\"}\n";

/// A log of a good line, a bad one and a good one is read but for the bad one.
fn costs_one_record(bad: &[u8], reason: EventReject) {
    let log = [GOOD.as_bytes(), bad, b"\n", GOOD.as_bytes()].concat();
    let read = read(default_profile(), &log);
    let what = String::from_utf8_lossy(&bad[..bad.len().min(80)]);
    assert_eq!(read.names(), ["open", "open"], "{what}");
    assert_eq!(read.events[1].line, 3, "{what}");
    assert_eq!(read.rejects(), [(2, GOOD.len() as u64, reason)], "{what}");
    assert_eq!(read.log.figures.records, 3);
    assert_eq!(read.log.figures.rejects_total, 1);
    assert_eq!(read.log.figures.inflated_bytes, log.len() as u64);
}

#[test]
fn windows_line_breaks_a_byte_order_mark_and_a_missing_last_break_are_fine() {
    let line = GOOD.trim_end();
    let log = format!("\u{feff}{line}\r\n{line}\r\n\r\n{line}");
    let read = read(default_profile(), &log);
    let length = line.len() as u64 + 2;
    let places: Vec<_> = read.events.iter().map(|e| (e.line, e.offset)).collect();
    assert_eq!(places, [(1, 3), (2, 3 + length), (4, 5 + 2 * length)]);
    assert_eq!(read.log.figures.repaired_utf8, 0);
    assert_eq!(read.log.figures.rejects_total, 0);
}

#[test]
fn invalid_utf8_and_nul_are_repaired_and_counted() {
    let log = [
        &b"{\"name\":\"a\xffb\"}\n"[..],
        b"{\"name\":\"c\0d\"}\n",
        b"{\"name\":\"e\"}\n",
    ]
    .concat();
    let read = read(default_profile(), log);
    assert_eq!(read.names(), ["a\u{fffd}b", "c\u{fffd}d", "e"]);
    assert_eq!(read.events[2].offset, 32 - 2);
    assert_eq!(read.log.figures.repaired_utf8, 2);
    assert_eq!(read.log.figures.rejects_total, 0);
}

#[test]
fn a_broken_record_costs_itself_only() {
    for bad in [
        "{\"name\":\"open\"",
        "{\"name\":\"open\"} {",
        "{\"name\":\"op",
        "no json",
        "[{\"name\":\"open\"}]",
        "\"open\"",
        "17",
        "{\"name\":open}",
        "{\"name\":\"\\ud800\"}",
    ] {
        costs_one_record(bad.as_bytes(), EventReject::Broken);
    }
}

#[test]
fn a_record_that_nests_too_deep_costs_itself_only() {
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"name\":\"deep\",\"x\":{open}{close}}}")
    };
    costs_one_record(deep(64).as_bytes(), EventReject::TooDeep);
    costs_one_record(deep(100_000).as_bytes(), EventReject::TooDeep);
    assert_eq!(read(default_profile(), deep(63)).names(), ["deep"]);
}

#[test]
fn a_record_that_is_too_long_costs_itself_only() {
    let long = format!("{{\"name\":\"{}\"}}", "ä".repeat(600_000));
    costs_one_record(long.as_bytes(), EventReject::TooLong);
    let log = [GOOD.as_bytes(), long.as_bytes(), b"\n", GOOD.as_bytes()].concat();
    assert_eq!(read(default_profile(), log).log.figures.repaired_utf8, 0);
}

#[test]
fn a_row_of_too_many_or_too_few_cells_costs_itself_only() {
    let csv = profile("profile = \"p\"\nfamily = \"csv\"\n[name]\nfield = \"name\"\n");
    let read = read(&csv, "name,x\na,1\nb\nc,1,2\nd,1\n");
    assert_eq!(read.names(), ["a", "d"]);
    assert_eq!(
        read.rejects(),
        [
            (3, 11, EventReject::WrongCells),
            (4, 13, EventReject::WrongCells)
        ]
    );
    assert_eq!(
        read.log.figures.rejects[0].detail,
        "1 cells under 2 columns"
    );
}

#[test]
fn a_number_out_of_range_costs_its_record_only() {
    for bad in [
        r#"{"name":"x","count":-1}"#,
        r#"{"name":"x","count":1.5}"#,
        r#"{"name":"x","count":"many"}"#,
        r#"{"name":"x","count":1000000000001}"#,
        r#"{"name":"x","duration_ms":-0.1}"#,
        r#"{"name":"x","duration_ms":1e15}"#,
        r#"{"name":"x","count":1e999}"#,
        r#"{"name":"x","time":"2026-02-30T00:00:00Z"}"#,
        r#"{"name":"x","time":"2026-02-01T24:00:00Z"}"#,
        r#"{"name":"x","time":253402300800000}"#,
        r#"{"name":"x","time":99999999999999999999}"#,
    ] {
        costs_one_record(bad.as_bytes(), EventReject::OutOfRange);
    }
}

#[test]
fn a_time_that_is_none_and_a_missing_name_cost_their_record_only() {
    for bad in [
        r#"{"name":"x","time":"noon"}"#,
        r#"{"name":"x","time":true}"#,
    ] {
        costs_one_record(bad.as_bytes(), EventReject::BadTime);
    }
    for bad in [
        r#"{"time":1}"#,
        r#"{"name":null}"#,
        r#"{"name":""}"#,
        r#"{"name":{}}"#,
        "{}",
    ] {
        costs_one_record(bad.as_bytes(), EventReject::NoName);
    }
}

#[test]
fn odd_times_are_flagged_and_kept() {
    let log = concat!(
        "{\"name\":\"a\",\"time\":0}\n",
        "{\"name\":\"b\",\"time\":\"1970-01-01T23:59:59Z\"}\n",
        "{\"name\":\"c\",\"time\":\"1969-12-31T23:59:59Z\"}\n",
        "{\"name\":\"d\",\"time\":\"2026-03-02T00:00:00Z\"}\n",
        "{\"name\":\"e\",\"time\":\"2026-03-02T00:00:00.000001Z\"}\n",
        "{\"name\":\"f\",\"time\":\"2026-02-01 10:00:00\"}\n",
        "{\"name\":\"g\"}\n",
    );
    let read = read(default_profile(), log);
    let flags = read.log.figures.flags;
    assert_eq!(
        (flags.epoch_start, flags.far_ahead, flags.no_zone),
        (2, 1, 1)
    );
    assert_eq!(read.times()[5], "2026-02-01T10:00:00");
    assert_eq!(read.times()[6], "-");
    assert_eq!(read.log.figures.rejects_total, 0);
}

#[test]
fn of_duplicate_keys_the_last_wins_and_the_record_is_flagged() {
    let log = concat!(
        "{\"name\":\"a\",\"name\":\"b\",\"count\":2,\"count\":3}\n",
        "{\"name\":\"c\",\"other\":1,\"other\":2}\n",
    );
    let read = read(default_profile(), log);
    assert_eq!(read.names(), ["b", "c"]);
    assert_eq!(read.events[0].count, 3);
    // Keys that the profile does not read are not looked at.
    assert_eq!(read.log.figures.flags.duplicate_keys, 1);
}

#[test]
fn a_log_without_a_record_is_empty() {
    for log in ["", "\n", "\r\n \n\t\n", "\u{feff}"] {
        assert_eq!(
            refused(default_profile(), log).0,
            LogReject::Empty,
            "{log:?}"
        );
    }
    let csv = logbook_formats::builtin("eclipse-udc").unwrap();
    assert_eq!(
        refused(csv, "what,kind,bundleId,time\n").0,
        LogReject::Empty
    );
    assert_eq!(refused(csv, "").0, LogReject::Empty);
}

#[test]
fn a_log_without_a_good_record_says_what_the_first_bad_one_was() {
    let (reason, detail) = refused(default_profile(), "\nno\nnor\n");
    assert_eq!(reason, LogReject::NoGoodRecord);
    assert_eq!(
        detail,
        "none of its 2 records is good; the first, at line 2: broken: broken JSON at byte 2"
    );
}

#[test]
fn a_log_that_is_not_what_its_profile_says_is_refused() {
    let csv = logbook_formats::builtin("eclipse-udc").unwrap();
    let (reason, detail) = refused(csv, "a,b\n1,2\n");
    assert_eq!(reason, LogReject::WrongFormat);
    assert_eq!(detail, "the header has no column \"what\"");
    let (reason, detail) = refused(csv, "what,\"kind\n1,2\n");
    assert_eq!(reason, LogReject::WrongFormat);
    assert_eq!(
        detail,
        "the header, at line 1: a quote is opened and never closed"
    );
}

#[test]
fn events_over_the_bound_are_rejected() {
    let limits = Limits {
        events: 3,
        ..Limits::default()
    };
    let read = read_with(default_profile(), GOOD.repeat(5), &context(), &limits).unwrap();
    let length = GOOD.len() as u64;
    assert_eq!(read.events.len(), 3);
    assert_eq!(
        read.rejects(),
        [
            (4, 3 * length, EventReject::OverBound),
            (5, 4 * length, EventReject::OverBound)
        ]
    );
}

#[test]
fn sessions_over_the_bound_are_rejected_and_the_others_go_on() {
    let limits = Limits {
        sessions: 2,
        ..Limits::default()
    };
    let line = |session: &str| format!("{{\"name\":\"x\",\"session\":\"{session}\"}}\n");
    let log: String = ["a", "b", "c", "a", "d", "b"].map(line).concat();
    let read = read_with(default_profile(), log, &context(), &limits).unwrap();
    let sessions: Vec<&str> = read.events.iter().map(|e| &*e.session).collect();
    assert_eq!(sessions, ["a", "b", "a", "b"]);
    let length = line("a").len() as u64;
    assert_eq!(
        read.rejects(),
        [
            (3, 2 * length, EventReject::OverBound),
            (5, 4 * length, EventReject::OverBound)
        ]
    );
    assert_eq!(read.log.figures.rejects[0].detail, "more than 2 sessions");
}

#[test]
fn names_over_the_bound_are_counted_together() {
    let limits = Limits {
        names_per_session: 2,
        ..Limits::default()
    };
    let log: String = (0..5).map(|n| format!("{{\"name\":\"n{n}\"}}\n")).collect();
    let read = read_with(default_profile(), &log, &context(), &limits).unwrap();
    let features = &read.log.parts[0].features;
    let names: Vec<_> = features
        .iter()
        .map(|(name, f)| (&**name, f.events))
        .collect();
    assert_eq!(names, [("(other)", 3), ("n0", 1), ("n1", 1)]);
    assert_eq!(read.log.figures.rejects_total, 0);

    // The names of all sessions of a log together have a bound too.
    let limits = Limits {
        names_per_log: 3,
        ..Limits::default()
    };
    let log: String = (0..5)
        .map(|n| format!("{{\"name\":\"n{n}\",\"session\":\"s{}\"}}\n", n % 2))
        .collect();
    let read = read_with(default_profile(), log, &context(), &limits).unwrap();
    let names: Vec<Vec<&str>> = read
        .log
        .parts
        .iter()
        .map(|part| part.features.keys().map(|name| &**name).collect())
        .collect();
    assert_eq!(names, [vec!["(other)", "n0", "n2"], vec!["(other)", "n1"]]);
}

#[test]
fn all_rejects_are_counted_and_the_first_of_each_reason_are_kept() {
    let limits = Limits {
        reject_samples: 2,
        ..Limits::default()
    };
    let log = format!("{GOOD}{}{}", "no\n".repeat(4), "{}\n".repeat(3));
    let read = read_with(default_profile(), log, &context(), &limits).unwrap();
    let figures = &read.log.figures;
    assert_eq!(figures.rejects_total, 7);
    assert_eq!(figures.rejects_by_reason[&EventReject::Broken], 4);
    assert_eq!(figures.rejects_by_reason[&EventReject::NoName], 3);
    let lines: Vec<u64> = figures.rejects.iter().map(|r| r.line).collect();
    assert_eq!(lines, [2, 3, 6, 7]);
}

#[test]
fn a_reject_never_quotes_the_record() {
    let log = format!("{GOOD}{{\"name\":\"x\",\"time\":\"hunter2\"}}\nhunter2\n{{\"hunter2\"\n");
    let read = read(default_profile(), log);
    assert_eq!(read.log.figures.rejects.len(), 3);
    for reject in &read.log.figures.rejects {
        assert!(!reject.detail.contains("hunter2"), "{}", reject.detail);
    }
}
