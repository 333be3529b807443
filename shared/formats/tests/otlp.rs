//! OTLP/JSON: what a good log gives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of OTLP share their support"
)]

mod otlp_support;

use logbook_formats::Profile;
use logbook_model::{EndReason, Session, Status, Timestamp};
use otlp_support::{Record, context, events, otlp, read, record, resource, to_json};

/// A profile whose attributes are what a test looks at.
fn profile(attributes: &str) -> Profile {
    Profile::from_toml(&format!(
        "profile = \"test\"\nfamily = \"otlp\"\n\
         [time]\nfield = \"time\"\nformat = \"epoch_ns\"\n\
         [name]\nfield = [\"eventName\", \"attributes.event.name\"]\ndefault = \"log\"\n\
         [level]\nfield = [\"severityNumber\", \"severityText\"]\nscale = \"severity_number\"\n\
         [session]\nid = \"attributes.session.id\"\n[attributes]\n{attributes}"
    ))
    .unwrap()
}

/// A request with one record in one line, of the given members.
fn request(record: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{record}}}]}}]}}]}}"#)
}

fn one(record: &str, attributes: &str) -> String {
    let mut all = events(request(record), &profile(attributes));
    assert_eq!(all.len(), 1, "{record}");
    all.remove(0)
}

#[test]
fn requests_come_whole_laid_out_line_by_line_or_joined() {
    let one = to_json(&[resource(
        &[("service.name", "a")],
        vec![record("x", &[]), record("y", &[])],
    )]);
    let (line, laid_out) = (one.to_string(), serde_json::to_string_pretty(&one).unwrap());
    for (log, records) in [
        (line.clone(), 2),
        (laid_out.clone(), 2),
        (format!("\u{feff}{line}\r\n{line}\r\n"), 4),
        (format!("\n\n{line}\n\n{line}"), 4),
        (format!("{line}{line}{line}"), 6),
        (format!("{laid_out}\n{laid_out}{laid_out}\n"), 6),
        (format!("{line}\n{laid_out}\n{line}"), 6),
        (laid_out.replace('\n', "\r\n"), 2),
    ] {
        let got = read(&log).unwrap_or_else(|error| panic!("{error}: {log}"));
        assert_eq!(got.figures.records, records, "{log}");
        assert_eq!(got.figures.rejects_total, 0, "{log}");
        assert_eq!(got.figures.inflated_bytes, log.len() as u64);
        assert_eq!(got.parts.len(), 1);
        assert_eq!(got.parts[0].events, records);
    }
}

#[test]
fn integers_are_texts_or_numbers_and_the_observed_time_stands_in() {
    for (record, time) in [
        (
            r#""timeUnixNano":"1544712660300000000""#,
            "2018-12-13T14:51:00.300Z",
        ),
        (
            r#""timeUnixNano":1544712660300000000"#,
            "2018-12-13T14:51:00.300Z",
        ),
        (
            r#""time_unix_nano":"1544712660300000000""#,
            "2018-12-13T14:51:00.300Z",
        ),
        (
            r#""timeUnixNano":"0","observedTimeUnixNano":"1544712660300000000""#,
            "2018-12-13T14:51:00.300Z",
        ),
        (
            r#""observedTimeUnixNano":1,"timeUnixNano":1544712660300000000"#,
            "2018-12-13T14:51:00.300Z",
        ),
        (r#""timeUnixNano":0"#, "-"),
        (r#""timeUnixNano":null,"body":null,"attributes":null"#, "-"),
        ("", "-"),
    ] {
        assert_eq!(
            one(record, ""),
            format!("log unspecified {time} #0"),
            "{record}"
        );
    }
}

#[test]
fn severities_are_numbers_names_or_texts() {
    for (record, level) in [
        (r#""severityNumber":10"#, "info"),
        (r#""severityNumber":"SEVERITY_NUMBER_INFO2""#, "info"),
        (r#""severityNumber":"SEVERITY_NUMBER_FATAL4""#, "fatal"),
        (r#""severityNumber":"17""#, "error"),
        (r#""severityNumber":0,"severityText":"Warning""#, "warn"),
        (
            r#""severityNumber":"SEVERITY_NUMBER_UNSPECIFIED","severityText":"SEVERE""#,
            "error",
        ),
        (r#""severityText":"custom""#, "unspecified"),
        (r#""severity_number":5,"severity_text":"INFO""#, "debug"),
    ] {
        assert_eq!(one(record, ""), format!("log {level} - #0"), "{record}");
    }
}

#[test]
fn bodies_are_scalars_or_lead_into_their_keys() {
    let body = "body = \"body\"\ninner = \"body.a.b\"\ndotted = \"body.x.y\"";
    for (value, got) in [
        (r#"{"stringValue":"t\"ext"}"#, " body=t\"ext"),
        (r#"{"boolValue":false}"#, " body=false"),
        (r#"{"intValue":"-5"}"#, " body=-5"),
        (r#"{"intValue":5}"#, " body=5"),
        (r#"{"doubleValue":1.5}"#, " body=1.5"),
        (r#"{"doubleValue":"NaN"}"#, " body=NaN"),
        (r#"{"bytesValue":"AQID"}"#, " body=AQID"),
        (r#"{"bytesValue":"-_8"}"#, " body=+/8="),
        (r#"{"arrayValue":{"values":[{"intValue":1}]}}"#, ""),
        ("{}", ""),
        (
            r#"{"kvlistValue":{"values":[
                {"key":"x.y","value":{"stringValue":"dotted"}},
                {"value":{"kvlistValue":{"values":[{"value":{"intValue":7},"key":"b"}]}},"key":"a"}]}}"#,
            " dotted=dotted inner=7",
        ),
    ] {
        let record = format!(r#""body":{value}"#);
        assert_eq!(
            one(&record, body),
            format!("log unspecified - #0{got}"),
            "{value}"
        );
    }
}

#[test]
fn attributes_scopes_resources_and_ids_have_names() {
    let log = r#"{"resource_logs":[{
        "resource":{"attributes":[{"key":"service.name","value":{"string_value":"s"}}]},
        "instrumentationLibraryLogs":[{
            "instrumentationLibrary":{"name":"n","version":"1","attributes":[{"key":"k","value":{"boolValue":true}}]},
            "log_records":[{"trace_id":"nXmxo38xgBzRGmcG+0DWvQ==","spanId":"EEE19B7EC3C1B174",
                "unknown":[{"a":[1,2]}],
                "attributes":[{"key":"http.code","value":{"intValue":"200"}},{"key":"other","value":{"stringValue":"x"}}]}]}],
        "schemaUrl":""}], "partial": {"a": ["]"]}}"#;
    let keep = "keep = [\"resource.service.name\", \"scope.name\", \"scope.version\", \
                \"scope.attributes.k\", \"traceId\", \"spanId\", \"attributes.http.code\"]";
    assert_eq!(
        events(log, &profile(keep)),
        [
            "log unspecified - #0 resource.service.name=s scope.name=n scope.version=1 \
          scope.attributes.k=true traceId=9d79b1a37f31801cd11a6706fb40d6bd \
          spanId=eee19b7ec3c1b174 attributes.http.code=200"
        ]
    );
}

#[test]
fn events_have_names() {
    assert_eq!(
        one(r#""eventName":"browser.page_view""#, ""),
        "browser.page_view unspecified - #0"
    );
    let attribute =
        r#""eventName":"","attributes":[{"key":"event.name","value":{"stringValue":"old"}}]"#;
    assert_eq!(one(attribute, ""), "old unspecified - #0");
}

#[test]
fn a_resource_or_scope_after_its_records_is_theirs() {
    let log = r#"{"resourceLogs":[
{"scopeLogs":[
 {"logRecords":[
  {"eventName":"a"}, {"eventName":5},
  {"eventName":"b"}], "scope":{"name":"one"}},
 {"logRecords":[{"eventName":"c"}]}], "resource":{"attributes":[{"key":"r","value":{"stringValue":"R"}}]}},
{"scopeLogs":[{"logRecords":[{"eventName":"d"}]}]}]}"#;
    let profile = profile("keep = [\"scope.name\", \"resource.r\"]");
    assert_eq!(
        events(log, &profile),
        [
            "a unspecified - #0 scope.name=one resource.r=R",
            "b unspecified - #0 scope.name=one resource.r=R",
            "c unspecified - #0 resource.r=R",
            "d unspecified - #0",
        ]
    );
    let rejects = read(log).unwrap().figures.rejects;
    assert_eq!(
        (rejects[0].line, rejects[0].offset),
        (4, log.find(r#"{"eventName":5}"#).unwrap() as u64)
    );
}

#[test]
fn resources_are_sessions_of_their_own() {
    let records = || vec![record("x", &[])];
    let log = to_json(&[
        resource(&[("service.name", "a"), ("host.name", "h")], records()),
        resource(&[("service.name", "a"), ("host.name", "i")], records()),
        resource(&[("host.name", "h"), ("service.name", "a")], records()),
        resource(
            &[
                ("service.name", "a"),
                ("service.instance.id", "1"),
                ("process.pid", "7"),
            ],
            records(),
        ),
        resource(
            &[("service.name", "a"), ("service.instance.id", "1")],
            records(),
        ),
        resource(
            &[("service.name", "a"), ("service.instance.id", "2")],
            records(),
        ),
        resource(&[], records()),
    ]);
    let got = read(log.to_string()).unwrap();
    let by_part: Vec<u64> = got.parts.iter().map(|part| part.events).collect();
    assert_eq!(by_part, [2, 1, 2, 1, 1]);
    assert!(
        got.parts
            .iter()
            .all(|part| !part.continued && !part.marks_ends)
    );
}

#[test]
fn a_session_id_is_the_records_the_scopes_or_the_resources() {
    let mut log = resource(
        &[("session.id", "of-resource")],
        vec![
            record("a", &[("session.id", "of-record")]),
            record("b", &[]),
        ],
    );
    log.scopes.push(log.scopes[0].clone());
    let id = ("session.id".to_owned(), otlp_support::text("of-scope"));
    log.scopes[0].attributes.push(id);
    let got = read(to_json(&[log]).to_string()).unwrap();
    let sessions: Vec<_> = got
        .parts
        .iter()
        .map(|part| (part.session.as_str(), part.events))
        .collect();
    assert_eq!(
        sessions,
        [("of-record", 2), ("of-scope", 1), ("of-resource", 1)]
    );
}

fn status(records: Vec<Record>) -> (Status, EndReason) {
    let got = read(to_json(&[resource(&[("service.name", "a")], records)]).to_string()).unwrap();
    let late = Timestamp(context().received_at.0 + 86_400_000_000);
    let session = Session::fold(&got.parts, 1800, Some(late)).unwrap();
    (session.status, session.end_reason)
}

#[test]
fn sessions_end_explicitly_or_by_silence_without_being_abnormal() {
    let id = [("session.id", "s")];
    let (start, end) = (
        || record("session.start", &id),
        || record("session.end", &id),
    );
    assert_eq!(
        status(vec![start(), record("x", &id), end()]),
        (Status::Exited, EndReason::Explicit)
    );
    assert_eq!(
        status(vec![start(), record("x", &id)]),
        (Status::Ok, EndReason::Timeout)
    );
    assert_eq!(
        status(vec![record("x", &[])]),
        (Status::Ok, EndReason::Timeout)
    );
    let started =
        read(to_json(&[resource(&[], vec![start(), record("x", &id)])]).to_string()).unwrap();
    assert!(started.parts[0].started);
}

#[test]
fn errors_and_crashes_are_told() {
    let severe = |severity| Record {
        severity,
        ..record("x", &[])
    };
    assert_eq!(status(vec![severe(16)]).0, Status::Ok);
    assert_eq!(status(vec![severe(17)]).0, Status::Errored);
    assert_eq!(status(vec![severe(21)]).0, Status::Errored);
    assert_eq!(status(vec![record("app.crash", &[])]).0, Status::Crashed);
    assert_eq!(
        status(vec![record("", &[("event.name", "device.crash")])]).0,
        Status::Crashed
    );
}

#[test]
fn facts_come_from_the_record_before_the_resource() {
    let log = to_json(&[resource(
        &[
            ("service.version", "2.1"),
            ("os.name", "Ubuntu"),
            ("os.version", "24.04"),
            ("process.runtime.name", "OpenJDK"),
            ("process.runtime.version", "21"),
            ("app.installation.id", "inst"),
            ("tenant.id", "acme"),
            ("deployment.environment", "ci"),
        ],
        vec![record(
            "x",
            &[("enduser.id", "u1"), ("service.version", "2.0")],
        )],
    )]);
    let facts = &read(log.to_string()).unwrap().parts[0].facts;
    assert_eq!(facts.version.as_deref(), Some("2.0"));
    assert_eq!(facts.os.as_deref(), Some("Ubuntu 24.04"));
    assert_eq!(facts.runtime.as_deref(), Some("OpenJDK 21"));
    assert_eq!(facts.user.as_deref(), Some("u1"));
    assert_eq!(facts.installation.as_deref(), Some("inst"));
    assert_eq!(facts.account.as_deref(), Some("acme"));
    assert_eq!(facts.environment.as_deref(), Some("ci"));
}

#[test]
fn events_of_the_built_in_profile_keep_body_and_ids() {
    let log =
        request(r#""body":{"stringValue":"hello"},"spanId":"7uGbfsPBsXQ=","severityNumber":9"#);
    assert_eq!(
        events(log, &otlp()),
        ["log info - #0 body=hello spanId=eee19b7ec3c1b174"]
    );
}

#[test]
fn a_profile_that_names_no_field_of_otlp_is_refused() {
    let text = "profile = \"x\"\nfamily = \"otlp\"\n[name]\nfield = \"event.name\"";
    let error = Profile::from_toml(text).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (2, "family"));
    assert!(
        error
            .message
            .starts_with("\"event.name\" is no field of OTLP"),
        "{error}"
    );
}
