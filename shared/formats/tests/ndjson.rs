//! Newline-delimited JSON: paths, flattened keys, documents, comments.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_formats::{Limits, Profile};
use logbook_model::EventReject;
use support::{context, default_profile, profile, read, read_with};

fn ndjson(rest: &str) -> Profile {
    profile(&format!("profile = \"p\"\nfamily = \"ndjson\"\n{rest}"))
}

fn documents() -> Profile {
    ndjson("[ndjson]\ndocuments = true\ncomment = \"#\"\n[name]\nfield = \"n\"\n")
}

#[test]
fn the_default_profile_reads_what_the_documentation_promises() {
    let log = concat!(
        r#"{"time":"2026-02-01T10:00:00.5Z","name":"open","session":"s1","type":"session_start","version":"2.1","user":"u","os":"Linux"}"#,
        "\n",
        r#"{"ts":1769940001000,"event":"save","session_id":"s1","level":"WARNING","count":3,"duration_ms":12.5,"message":"slow"}"#,
        "\n",
        r#"{"timestamp":"2026-02-01T10:00:02+01:00","name":"print","session":"s1","error":true}"#,
        "\n",
        r#"{"@timestamp":"2026-02-01T10:00:03Z","name":"quit","session":"s1","type":"session_end"}"#,
        "\n",
    );
    let read = read(default_profile(), log);
    assert_eq!(read.names(), ["open", "save", "print", "quit"]);
    assert_eq!(
        read.times(),
        [
            "2026-02-01T10:00:00.500Z",
            "2026-02-01T10:00:01Z",
            "2026-02-01T09:00:02Z",
            "2026-02-01T10:00:03Z"
        ]
    );
    let save = &read.events[1];
    assert_eq!(
        (save.level, save.count, save.duration_us),
        ("warn", 3, Some(12_500))
    );
    assert_eq!(save.attributes, [("message".to_owned(), "slow".to_owned())]);
    let part = &read.log.parts[0];
    assert!(part.started && part.ended() && part.marks_ends);
    assert_eq!((part.events, part.occurrences, part.errors), (4, 6, 1));
    assert_eq!(part.backward_steps, 1);
    assert_eq!(part.facts.version.as_deref(), Some("2.1"));
    assert_eq!(part.facts.user.as_deref(), Some("u"));
}

#[test]
fn a_fact_is_the_first_that_any_record_says() {
    let log = concat!(
        r#"{"name":"a","session":"s","user":" "}"#,
        "\n",
        r#"{"name":"b","session":"t","user":"v","os":"Linux"}"#,
        "\n",
        r#"{"name":"c","session":"s","user":"u","version":"1"}"#,
        "\n",
        r#"{"name":"d","session":"s","user":"w","version":"2","os":"BSD"}"#,
        "\n",
    );
    let read = read(default_profile(), log);
    let facts = |at: usize| {
        let facts = &read.log.parts[at].facts;
        [&facts.user, &facts.version, &facts.os].map(|fact| fact.as_deref().unwrap_or("-"))
    };
    assert_eq!(facts(0), ["u", "1", "BSD"]);
    assert_eq!(facts(1), ["v", "-", "Linux"]);
}

#[test]
fn the_first_field_that_has_a_text_counts() {
    let p = ndjson(
        "[name]\nfield = [\"a\", \"b.c\", \"list[1].d\"]\ntemplate = \"{e}/{f}\"\ndefault = \"none\"\n",
    );
    let log = concat!(
        r#"{"a":"1","b":{"c":"2"}}"#,
        "\n",
        r#"{"a":null,"b":{"c":2.5}}"#,
        "\n",
        r#"{"a":"","b.c":true}"#,
        "\n",
        r#"{"list":[{"d":0},{"d":-4}]}"#,
        "\n",
        r#"{"e":"x","f":"y"}"#,
        "\n",
        r#"{"e":"x"}"#,
        "\n",
    );
    assert_eq!(
        read(&p, log).names(),
        ["1", "2.5", "true", "-4", "x/y", "none"]
    );
}

#[test]
fn a_star_means_any_key_and_at_key_the_name_of_the_first() {
    let p = ndjson("[name]\ntemplate = \"{@key}/{*.type}\"\n");
    let log = "{\"span\":{\"type\":\"db\"}}\n{\"error\":{\"type\":\"http\"},\"z\":1}\n";
    assert_eq!(read(&p, log).names(), ["span/db", "error/http"]);
}

#[test]
fn quoted_steps_keep_their_dots() {
    let p = ndjson("[name]\nfield = 'a.\"b.c\"'\n");
    assert_eq!(read(&p, "{\"a\":{\"b.c\":\"x\"}}").names(), ["x"]);
}

#[test]
fn escapes_in_keys_and_texts_are_undone() {
    let p = ndjson("[name]\nfield = \"naïve\"\n");
    let log = r#"{"na\u00efve":"a\t\"b\" \ud83d\ude00"}"#;
    assert_eq!(read(&p, log).names(), ["a \"b\" \u{1f600}"]);
}

#[test]
fn comments_are_passed_over_where_the_profile_names_their_mark() {
    let p = ndjson("[ndjson]\ncomment = \"#\"\n[name]\nfield = \"n\"\n");
    let read = read(&p, "# head\n{\"n\":1}\n#\n{\"n\":2}\n");
    assert_eq!(read.names(), ["1", "2"]);
    assert_eq!(read.log.figures.records, 2);
}

#[test]
fn documents_run_over_lines_stand_in_lists_and_follow_each_other() {
    let log = "# exported\n[\n  {\n    \"n\": \"a\",\n    \"x\": {\"y\": [1, \"}\\\"{\"]}\n  },\n  {\"n\": \"b\"}, {\"n\": \"c\"}\n]\n{\"n\":\"d\"}{\"n\":\"e\"}";
    let read = read(&documents(), log);
    assert_eq!(read.names(), ["a", "b", "c", "d", "e"]);
    assert_eq!(read.log.figures.rejects_total, 0);
    for event in &read.events {
        let at = event.offset as usize;
        assert!(log[at..].starts_with('{'), "{}", &log[at..]);
        assert_eq!(log[..at].matches('\n').count() as u64 + 1, event.line);
    }
}

#[test]
fn a_document_that_never_closes_costs_its_own_line_only() {
    let log = "{\"n\": \"a\"}\n{\"n\": \"lost\",\n{\"n\": \"b\"}\n{\n\"n\": \"c\"\n}\n";
    let read = read(&documents(), log);
    assert_eq!(read.names(), ["a", "b", "c"]);
    assert_eq!(read.rejects(), [(2, 11, EventReject::Broken)]);
}

#[test]
fn text_between_documents_costs_itself_only() {
    let read = read(&documents(), "{\"n\":1} tail\n}\n{\"n\":2\n}\n");
    assert_eq!(read.names(), ["1", "2"]);
    assert_eq!(
        read.rejects(),
        [(1, 8, EventReject::Broken), (2, 13, EventReject::Broken)]
    );
}

#[test]
fn documents_keep_the_bounds_on_length_depth_and_texts() {
    let limits = Limits {
        record_bytes: 100,
        depth: 3,
        ..Limits::default()
    };
    let long = format!("{{\n{}\"n\":1}}\n", "\"x\":0,\n".repeat(30));
    let log = format!("{long}{{\"n\":2}}\n{{\n\"n\":[[[\n3]]]}}\n{{\"n\":\"\nx\"}}\n{{\"n\":4}}\n");
    let read = read_with(&documents(), log, &context(), &limits).unwrap();
    assert_eq!(read.names(), ["2", "4"]);
    let reasons = &read.log.figures.rejects_by_reason;
    assert_eq!(reasons[&EventReject::TooLong], 1);
    assert_eq!(reasons[&EventReject::TooDeep], 1);
    assert!(reasons[&EventReject::Broken] >= 1);
}

#[test]
fn many_objects_that_never_close_are_read_in_time_that_grows_with_their_bytes() {
    let log = format!("{}{{\"n\":1}}\n", "{\n".repeat(200_000));
    let read = read(&documents(), log);
    assert_eq!(read.names(), ["1"]);
    assert_eq!(read.log.figures.rejects_total, 200_000);
}
