//! Text: records, continuations, layouts, and fields within a line.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_formats::{Limits, LogContext, Profile, builtin};
use logbook_model::{EventReject, LogReject, Timestamp};
use support::{Read, context, profile, read, read_with, refused};

fn text(table: &str, rest: &str) -> Profile {
    profile(&format!(
        "profile = \"p\"\nfamily = \"text\"\n[text]\nrecord = '^(?<level>[A-Z]+) (?<name>\\w+)'\n\
         {table}\n[name]\nfield = \"name\"\ndefault = \"none\"\n[level]\nfield = \"level\"\n{rest}"
    ))
}

fn lines(read: &Read) -> Vec<(u64, &str)> {
    read.events
        .iter()
        .map(|event| (event.line, &*event.name))
        .collect()
}

#[test]
fn lines_that_begin_no_record_continue_the_one_before() {
    let p = text("", "[attributes]\nrest = \"@rest\"\nwhole = \"@text\"\n");
    let read = read(&p, "INFO a\n  at b\n\n  at c\nWARN d\nINFO e\n");
    assert_eq!(lines(&read), [(1, "a"), (5, "d"), (6, "e")]);
    assert_eq!(read.log.figures.continuation_lines, 2);
    let rest = |n: usize| &*read.events[n].attributes[0].1;
    assert_eq!((rest(0), rest(1), rest(2)), ("  at b\n\n  at c", "", ""));
    assert_eq!(read.events[0].attributes[1].1, "INFO a\n  at b\n\n  at c");
    assert_eq!(read.events[1].level, "warn");
}

#[test]
fn orphans_before_the_first_record_are_what_the_profile_says() {
    let log = "x\n\ny\nINFO a\n";
    let reject = read(&text("", ""), log);
    assert_eq!(lines(&reject), [(4, "a")]);
    assert_eq!(
        reject.rejects(),
        [(1, 0, EventReject::Broken), (3, 3, EventReject::Broken)]
    );
    let ignore = read(&text("before_first = \"ignore\"", ""), log);
    assert_eq!(
        (lines(&ignore), ignore.log.figures.records),
        (vec![(4, "a")], 1)
    );
    let record = read(&text("before_first = \"record\"", ""), log);
    assert_eq!(lines(&record), [(1, "none"), (4, "a")]);
    assert_eq!(record.log.figures.rejects_total, 0);
}

#[test]
fn without_continuation_every_line_must_be_a_record() {
    let read = read(
        &text("continuation = false", ""),
        "INFO a\n  at b\n\nINFO c\n",
    );
    assert_eq!(lines(&read), [(1, "a"), (4, "c")]);
    assert_eq!(read.rejects(), [(2, 7, EventReject::Broken)]);
}

#[test]
fn blank_lines_can_be_records() {
    let p = profile(
        "profile = \"p\"\nfamily = \"text\"\n[text]\nrecord = '^(?<name>.*)$'\n\
         blank_lines = \"record\"\n[name]\nfield = \"name\"\ndefault = \"blank\"\n",
    );
    // What follows the last line break is a line too, if an empty one.
    let ended = read(&p, "a\n\nb\n");
    assert_eq!(
        lines(&ended),
        [(1, "a"), (2, "blank"), (3, "b"), (4, "blank")]
    );
    assert_eq!(
        lines(&read(&p, "a\n\nb")),
        [(1, "a"), (2, "blank"), (3, "b")]
    );
}

#[test]
fn patterns_are_tried_in_order_and_layouts_by_the_head_of_the_log() {
    let p = profile(
        r#"
profile = "p"
family = "text"
[text]
record = ['^(?<name>\w+)!$', '^(?<level>[A-Z]+) (?<name>.*)$']
[[text.layout]]
when = '\A---- report'
record = '^(?<name>.+)$'
continuation = false
[name]
field = "name"
[level]
field = "level"
"#,
    );
    assert_eq!(
        lines(&read(&p, "boom!\nINFO b\n c\n")),
        [(1, "boom"), (2, "b")]
    );
    assert_eq!(
        lines(&read(&p, "---- report\nINFO b\n")),
        [(1, "---- report"), (2, "INFO b")]
    );
}

#[test]
fn colours_are_taken_out_where_the_profile_says_so() {
    let log = "\u{1b}[32mINFO\u{1b}[0m a\n";
    assert_eq!(
        lines(&read(&text("strip_ansi = true", ""), log)),
        [(1, "a")]
    );
    assert_eq!(refused(&text("", ""), log).0, LogReject::NoGoodRecord);
}

#[test]
fn a_line_that_is_too_long_costs_its_record_only() {
    let limits = Limits {
        record_bytes: 50,
        ..Limits::default()
    };
    let long = "x".repeat(100);
    let log = format!("{long}\nINFO a {long}\n  at b\nINFO c\n  at {long}\nINFO d\n");
    let p = text("", "[attributes]\nrest = \"@rest\"\n");
    let read = read_with(&p, log, &context(), &limits).unwrap();
    assert_eq!(lines(&read), [(4, "c"), (6, "d")]);
    assert_eq!(
        read.rejects(),
        [(1, 0, EventReject::TooLong), (2, 101, EventReject::TooLong)]
    );
}

#[test]
fn json_within_a_line_has_fields() {
    let p = profile(
        r#"
profile = "p"
family = "text"
[text]
record = '^(?<level>[A-Z]+) (?<name>\w+)(?: (?<body>\{.*\}))?$'
json = "body"
[name]
template = ["{name}/{body.user.id}", "{name}"]
[duration]
field = "body.took[0]"
"#,
    );
    let log = "INFO save {\"user\":{\"id\":7},\"took\":[12]}\nINFO quit\nINFO bad {\"user\":}\nINFO end\n";
    let read = read(&p, log);
    assert_eq!(lines(&read), [(1, "save/7"), (2, "quit"), (4, "end")]);
    assert_eq!(read.events[0].duration_us, Some(12_000));
    assert_eq!(read.rejects(), [(3, 50, EventReject::Broken)]);
}

#[test]
fn logfmt_has_fields_in_any_order() {
    let p = profile(
        r#"
profile = "p"
family = "text"
[text]
record = '^(?<kv>\w[\w.]*=.*)$'
logfmt = "kv"
[time]
field = ["kv.t", "kv.time"]
format = "rfc3339"
[name]
field = ["kv.logger", "kv.msg"]
[level]
field = "kv.level"
"#,
    );
    let log = concat!(
        "t=2026-02-01T10:00:00Z level=warn msg=\"it \\\"works\\\"\" a.b=c\n",
        "level=error logger=db time=\"2026-02-01T10:00:01Z\" msg=x\n",
    );
    let read = read(&p, log);
    assert_eq!(read.names(), ["it \"works\"", "db"]);
    assert_eq!(
        read.times(),
        ["2026-02-01T10:00:00Z", "2026-02-01T10:00:01Z"]
    );
    assert_eq!(
        (read.events[0].level, read.events[1].level),
        ("warn", "error")
    );
}

#[test]
fn a_time_without_a_date_takes_it_from_where_the_profile_says() {
    let p = profile(
        r#"
profile = "p"
family = "text"
[text]
record = '^(?:(?<day>\d{4}-\d\d-\d\d) )?(?<time>\d\d:\d\d:\d\d) (?<name>\w+)$'
[time]
field = "time"
format = "%H:%M:%S"
date = "day"
date_from = ["file_name", "modified"]
zone = "Europe/Berlin"
[name]
field = "name"
"#,
    );
    let log = "10:00:00 a\n2026-01-31 23:30:00 b\n";
    let with = |edit: fn(&mut LogContext)| {
        let mut context = context();
        edit(&mut context);
        let read = read_with(&p, log, &context, &Limits::default()).unwrap();
        read.events
            .into_iter()
            .map(|e| e.time.unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let dated = "2026-01-31T22:30:00Z";
    assert_eq!(with(|_| {}), ["", dated]);
    assert_eq!(
        with(|c| c.modified_at = Some(Timestamp(1_769_940_000_000_000))),
        ["2026-02-01T09:00:00Z", dated]
    );
    assert_eq!(
        with(|c| {
            c.modified_at = Some(Timestamp(1_769_940_000_000_000));
            c.file_name = Some("app-2026-01-15.log.gz".to_owned());
        }),
        ["2026-01-15T09:00:00Z", dated]
    );
}

const ECLIPSE_OLD: &str = "\
!SESSION May 27, 2011 14:34:02.318 ----------------------------------------------
eclipse.buildId=I20110514-0800
java.version=1.6.0_24
java.vendor=Example Ltd.
BootLoader constants: OS=linux, ARCH=x86_64, WS=gtk, NL=en_GB
Command-line arguments:  -os linux

!ENTRY org.example.ui 2 0 May 27, 2011 14:34:05.907
!MESSAGE A menu has two entries of one name.

!ENTRY org.example.core 4 17 May 27, 2011 14:35:00.001
!MESSAGE The build went wrong
!SUBENTRY 1 org.example.core 4 18 May 27, 2011 14:35:00.002
!MESSAGE because of this
!STACK 0
java.lang.IllegalStateException: no
\tat org.example.Core.build(Core.java:7)
";

const ECLIPSE_NEW: &str = "\
\tat the.tail.of.an.Entry(Of.java:1)
!SESSION 2026-02-01 10:00:00.000 -----------------------------------------------
eclipse.buildId=4.30.0.I20231201-0110
java.version=21.0.1
BootLoader constants: OS=win32, ARCH=x86_64, WS=win32, NL=de_DE

!ENTRY org.example.ui 1 0 2026-02-01 10:00:01.250
!MESSAGE Started
!SESSION 2026-02-01 11:00:00.000 -----------------------------------------------
eclipse.buildId=4.31
!ENTRY org.example.core
!MESSAGE An entry that names no severity and no time
!ENTRY org.example.core 4 0 2026-02-01 11:00:02.000
!MESSAGE Failed
";

#[test]
fn the_eclipse_platforms_log_is_read_in_its_old_form() {
    let profile = builtin("eclipse-log").unwrap();
    let read = read(profile, ECLIPSE_OLD);
    assert_eq!(
        lines(&read),
        [(8, "org.example.ui"), (11, "org.example.core")]
    );
    assert_eq!(
        read.times(),
        ["2011-05-27T14:34:05.907", "2011-05-27T14:35:00.001"]
    );
    assert_eq!(
        (read.events[0].level, read.events[1].level),
        ("warn", "error")
    );
    let part = &read.log.parts[0];
    assert!(part.started && !part.continued);
    assert_eq!((part.errors, part.events), (1, 2));
    assert_eq!(
        part.started_at.unwrap().to_string(),
        "2011-05-27T14:34:02.318"
    );
    assert_eq!(part.facts.version.as_deref(), Some("I20110514-0800"));
    assert_eq!(part.facts.runtime.as_deref(), Some("1.6.0_24"));
    assert_eq!(part.facts.os.as_deref(), Some("linux"));
    assert_eq!(
        logbook_formats::guess(ECLIPSE_OLD.as_bytes()).unwrap().id(),
        "eclipse-log"
    );
}

#[test]
fn the_eclipse_platforms_log_is_read_in_its_new_form() {
    let profile = builtin("eclipse-log").unwrap();
    let read = read(profile, ECLIPSE_NEW);
    assert_eq!(
        lines(&read),
        [
            (7, "org.example.ui"),
            (11, "org.example.core"),
            (13, "org.example.core")
        ]
    );
    assert_eq!(
        read.times(),
        ["2026-02-01T10:00:01.250", "-", "2026-02-01T11:00:02"]
    );
    let ordinals: Vec<u32> = read.events.iter().map(|e| e.ordinal).collect();
    assert_eq!(ordinals, [0, 1, 1]);
    let versions: Vec<_> = read
        .log
        .parts
        .iter()
        .map(|p| p.facts.version.as_deref())
        .collect();
    assert_eq!(versions, [Some("4.30.0.I20231201-0110"), Some("4.31")]);
    assert!(read.log.parts[0].superseded);
    assert_eq!(read.log.figures.rejects_total, 0);
}
