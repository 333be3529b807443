//! Which session a record belongs to, and what is known of its start and end.
#![allow(clippy::unwrap_used, clippy::format_collect, reason = "tests")]

mod support;

use logbook_formats::{Limits, Profile};
use logbook_model::{
    EndReason, EventReject, LogId, Part, ProductId, Session, SessionId, Status, Timestamp,
};
use support::{Read, context, default_profile, profile, read, read_with};

/// One word a line: its time in seconds, its group and its name.
fn words(session: &str) -> Profile {
    profile(&format!(
        "profile = \"p\"\nfamily = \"text\"\n[text]\n\
         record = '^(?<time>\\d+)? ?(?:\\[(?<group>\\w+)\\] )?(?<name>\\w+)$'\n\
         [time]\nfield = \"time\"\nformat = \"epoch_s\"\n[name]\nfield = \"name\"\n\
         [[crash]]\nfield = \"name\"\nequals = \"crash\"\n\
         [[error]]\nfield = \"name\"\nequals = \"error\"\n\
         [[unhandled]]\nfield = \"name\"\nequals = \"unhandled\"\n\
         [facts]\nenvironment = \"group\"\n[session]\n{session}\n\
         start = {{ field = \"name\", equals = \"start\" }}\n"
    ))
}

fn ended() -> Profile {
    words("end = { field = \"name\", equals = \"end\" }")
}

fn ordinals(read: &Read) -> Vec<(&str, u32)> {
    read.events
        .iter()
        .map(|event| (&*event.name, event.ordinal))
        .collect()
}

fn fold(part: &Part) -> Session {
    Session::fold([part], 1800, None).unwrap()
}

fn rule_id(ordinal: u32) -> SessionId {
    let product = ProductId::new("editor").unwrap();
    SessionId::of_rule(&product, &LogId::new("log-1").unwrap(), ordinal)
}

#[test]
fn starts_and_ends_cut_a_log_into_sessions() {
    let read = read(&ended(), "tail\nstart\na\nend\nlate\nstart\nb\nstart\nc\n");
    let parts = &read.log.parts;
    assert_eq!(
        ordinals(&read),
        [
            ("tail", 0),
            ("start", 1),
            ("a", 1),
            ("end", 1),
            ("late", 1),
            ("start", 2),
            ("b", 2),
            ("start", 3),
            ("c", 3)
        ]
    );
    let flags = parts
        .iter()
        .map(|p| (p.started, p.continued, p.superseded, p.ended()));
    assert_eq!(
        flags.collect::<Vec<_>>(),
        [
            (false, true, true, false),
            (true, false, false, true),
            (true, false, true, false),
            (true, false, false, false)
        ]
    );
    for (ordinal, part) in parts.iter().enumerate() {
        assert_eq!(part.session, rule_id(ordinal as u32));
    }
    let how: Vec<_> = parts
        .iter()
        .map(fold)
        .map(|s| (s.status, s.end_reason))
        .collect();
    assert_eq!(
        how,
        [
            (Status::Abnormal, EndReason::Continued),
            (Status::Exited, EndReason::Explicit),
            (Status::Abnormal, EndReason::Timeout),
            (Status::Ok, EndReason::Unknown)
        ]
    );
}

#[test]
fn without_an_end_rule_a_missing_end_means_nothing() {
    let read = read(&words(""), "start\na\nstart\nb\n");
    let statuses: Vec<_> = read.log.parts.iter().map(|p| fold(p).status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Ok]);
}

#[test]
fn the_worst_event_decides_the_status() {
    let read = read(
        &ended(),
        "start\nerror\nend\nstart\nunhandled\nend\nstart\ncrash\nstart\nend\n",
    );
    let told: Vec<_> = read
        .log
        .parts
        .iter()
        .map(|part| {
            (
                fold(part).status,
                fold(part).end_reason,
                part.errors,
                part.crashes,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Status::Errored, EndReason::Explicit, 1, 0),
            (Status::Unhandled, EndReason::Explicit, 1, 0),
            (Status::Crashed, EndReason::Crash, 0, 1),
            (Status::Exited, EndReason::Explicit, 0, 0)
        ]
    );
}

#[test]
fn rows_just_before_a_start_join_it_by_look_back() {
    let p = words("lookback_ms = 2000");
    let read = read(&p, "1 old\n3 edge\n4 near\n5 start\n6 a\n");
    assert_eq!(
        ordinals(&read),
        [("old", 0), ("edge", 1), ("near", 1), ("start", 1), ("a", 1)]
    );
    assert!(read.log.parts[0].continued);
    let part = &read.log.parts[1];
    assert_eq!(
        part.started_at,
        Some(logbook_model::EventTime::utc(3_000_000))
    );
    assert_eq!((part.first_seq, part.events), (1, 4));
}

#[test]
fn look_back_stops_at_a_row_that_is_too_old_too_new_or_has_no_time() {
    let p = words("lookback_ms = 2000");
    for before in ["3 x\n9 later\n", "3 x\nuntimed\n", "4 x\n1 old\n"] {
        let read = read(&p, format!("{before}4 near\n5 start\n"));
        let ordinals: Vec<u32> = read.events.iter().map(|e| e.ordinal).collect();
        assert_eq!(ordinals, [0, 0, 1, 1], "{before}");
    }
    // A start without a time looks back at nothing.
    let read = read(&p, "4 near\nstart\n");
    assert_eq!(ordinals(&read), [("near", 0), ("start", 1)]);
}

#[test]
fn look_back_gives_a_session_its_facts_too() {
    let read = read(&words("lookback_ms = 2000"), "4 [x] near\n5 start\n");
    assert_eq!(read.log.parts.len(), 1);
    assert_eq!(read.log.parts[0].facts.environment.as_deref(), Some("x"));
}

#[test]
fn groups_are_kept_apart_each_with_its_own_starts_and_ends() {
    let p = words("group = \"group\"\nend = { field = \"name\", equals = \"end\" }");
    let log = "[x] start\n[y] start\n[x] a\n[y] b\nplain\n[x] start\n[y] end\n[x] c\n";
    let read = read(&p, log);
    assert_eq!(
        ordinals(&read),
        [
            ("start", 0),
            ("start", 1),
            ("a", 0),
            ("b", 1),
            ("plain", 2),
            ("start", 3),
            ("end", 1),
            ("c", 3)
        ]
    );
    let superseded: Vec<bool> = read.log.parts.iter().map(|p| p.superseded).collect();
    assert_eq!(superseded, [true, false, false, false]);
}

#[test]
fn look_back_joins_rows_of_the_starts_own_group() {
    let p = words("group = \"group\"\nlookback_ms = 2000");
    let read = read(&p, "3 [x] a\n4 [y] b\n5 [x] start\n5 [y] start\n");
    let mut of_row = ordinals(&read);
    of_row.sort_unstable();
    assert_eq!(of_row, [("a", 0), ("b", 1), ("start", 0), ("start", 1)]);
}

#[test]
fn ids_of_the_log_name_sessions_and_rows_without_one_have_a_session_of_their_own() {
    let log = concat!(
        "{\"name\":\"a\",\"session\":\"s1\"}\n",
        "{\"name\":\"b\",\"session\":7}\n",
        "{\"name\":\"c\"}\n",
        "{\"name\":\"d\",\"session\":\"s1\",\"type\":\"session_end\"}\n",
        "{\"name\":\"e\",\"session\":\"\"}\n",
    );
    let read = read(default_profile(), log);
    let sessions: Vec<&str> = read.events.iter().map(|e| &*e.session).collect();
    let own = rule_id(0);
    assert_eq!(sessions, ["s1", "7", own.as_str(), "s1", own.as_str()]);
    assert!(read.log.parts[0].ended());
    assert!(read.log.parts[2].continued);
}

#[test]
fn ids_can_be_made_of_several_fields() {
    let p = profile(
        "profile = \"p\"\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n\
         [session]\nid = [\"{host}-{pid}\", \"run\"]\n",
    );
    let log = "{\"n\":1,\"host\":\"h\",\"pid\":4}\n{\"n\":2,\"host\":\"h\",\"run\":\"r\"}\n";
    let read = read(&p, log);
    let sessions: Vec<&str> = read.events.iter().map(|e| &*e.session).collect();
    assert_eq!(sessions, ["h-4", "r"]);
}

#[test]
fn the_uploader_may_name_the_first_session_without_an_id() {
    let mut context = context();
    context
        .metadata
        .insert("session".to_owned(), "given".to_owned());
    context
        .metadata
        .insert("version".to_owned(), "9".to_owned());
    let limits = Limits::default();
    let read = read_with(&ended(), "a\nstart\nb\n", &context, &limits).unwrap();
    let ids: Vec<&str> = read.log.parts.iter().map(|p| p.session.as_str()).collect();
    assert_eq!(ids, ["given", rule_id(1).as_str()]);
    assert_eq!(read.log.parts[1].facts.version.as_deref(), Some("9"));

    // Where the log uses the same id itself, both are one session: a log has one part each.
    let log = "{\"name\":\"a\"}\n{\"name\":\"b\",\"session\":\"given\"}\n";
    for log in [
        log.to_owned(),
        log.lines().rev().collect::<Vec<_>>().join("\n"),
    ] {
        let read = read_with(default_profile(), log, &context, &limits).unwrap();
        assert_eq!(read.log.parts.len(), 1);
        assert_eq!(read.log.parts[0].events, 2);
    }
    let log = "{\"name\":\"a\",\"session\":\"given\"}\n{\"name\":\"b\"}\n";
    let read = read_with(default_profile(), log, &context, &limits).unwrap();
    assert!(!read.log.parts[0].continued, "the log names it");
}

#[test]
fn two_texts_that_stand_for_one_id_are_one_session() {
    let hashed = SessionId::from_text(" x ");
    let log = format!(
        "{{\"name\":\"a\",\"session\":\" x \"}}\n{{\"name\":\"b\",\"session\":\"{hashed}\"}}\n{{\"name\":\"c\",\"session\":\"{}\"}}\n{{\"name\":\"d\"}}\n",
        rule_id(0)
    );
    let read = read(default_profile(), log);
    assert_eq!(read.log.parts.len(), 2);
    assert_eq!(read.log.parts[0].events, 2);
}

#[test]
fn starts_over_the_bound_on_sessions_take_their_rows_with_them() {
    let limits = Limits {
        sessions: 2,
        ..Limits::default()
    };
    let log = "start\na\nstart\nb\nstart\nc\nd\n";
    for session in ["", "lookback_ms = 1000"] {
        let read = read_with(&words(session), log, &context(), &limits).unwrap();
        assert_eq!(read.names(), ["start", "a", "start", "b"], "{session}");
        let lines: Vec<(u64, EventReject)> = read.rejects().iter().map(|r| (r.0, r.2)).collect();
        let over = EventReject::OverBound;
        assert_eq!(lines, [(5, over), (6, over), (7, over)], "{session}");
        assert_eq!(read.log.figures.records, 7);
        assert!(read.log.parts[1].superseded);
    }
}

#[test]
fn rows_held_back_for_a_start_over_the_bound_are_rejected_with_it() {
    let limits = Limits {
        sessions: 1,
        ..Limits::default()
    };
    let p = words("lookback_ms = 2000");
    let read = read_with(
        &p,
        "1 start\n2 a\n8 near\n9 start\n10 b\n",
        &context(),
        &limits,
    )
    .unwrap();
    assert_eq!(read.names(), ["start", "a"]);
    let mut lines: Vec<u64> = read.rejects().iter().map(|r| r.0).collect();
    lines.sort_unstable();
    assert_eq!(lines, [3, 4, 5]);
    assert_eq!(read.log.figures.records, 5);
    assert_eq!(read.log.parts[0].events, 2);
}

#[test]
fn a_log_holds_ten_thousand_sessions() {
    let log = "start\na\n".repeat(10_003);
    let read = read(&ended(), log);
    assert_eq!(read.log.parts.len(), 10_000);
    assert_eq!(
        read.log.figures.rejects_by_reason[&EventReject::OverBound],
        6
    );
    assert_eq!(read.log.figures.records, 20_006);
    let log: String = (0..10_002)
        .map(|n| format!("{{\"name\":\"x\",\"session\":{n}}}\n"))
        .collect();
    let read = self::read(default_profile(), log);
    assert_eq!(read.log.parts.len(), 10_000);
    assert_eq!(read.log.figures.rejects_total, 2);
}

#[test]
fn times_are_ordered_by_sequence_and_backward_steps_are_counted() {
    let read = read(&words(""), "5 start\n9 a\n7 b\n8 c\nuntimed\n2 d\n");
    let part = &read.log.parts[0];
    assert_eq!(part.backward_steps, 2);
    assert_eq!(read.log.figures.backward_steps, 2);
    assert_eq!(part.started_at.unwrap().at, Timestamp(5_000_000));
    assert_eq!(part.last_activity_at.unwrap().at, Timestamp(2_000_000));
}

#[test]
fn a_metadata_line_may_start_a_session_and_is_no_event() {
    let p = profile(
        r#"
profile = "p"
family = "ndjson"
[name]
field = "n"
[session]
start = { field = "begin", exists = true }
[[metadata]]
field = "begin"
exists = true
[[metadata]]
field = "app"
exists = true
[[ignore]]
field = "n"
equals = "noise"
[facts]
version = "begin"
os = "app"
"#,
    );
    let log = "{\"app\":\"linux\"}\n{\"begin\":\"1\"}\n{\"n\":\"a\"}\n{\"n\":\"noise\"}\n{\"begin\":\"2\"}\n{\"n\":\"b\"}\n";
    let read = read(&p, log);
    assert_eq!(ordinals(&read), [("a", 0), ("b", 1)]);
    assert_eq!(read.log.figures.records, 2);
    let facts = read
        .log
        .parts
        .iter()
        .map(|p| (p.facts.version.as_deref(), p.facts.os.as_deref()));
    assert_eq!(
        facts.collect::<Vec<_>>(),
        [(Some("1"), Some("linux")), (Some("2"), Some("linux"))]
    );
}
