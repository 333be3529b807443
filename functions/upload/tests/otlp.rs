//! What `POST /v1/otlp/v1/logs` promises: any OpenTelemetry exporter may send here.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;
#[path = "../../../tests/lambda/told.rs"]
mod told;

use axum::http::header;
use support::{Answer, Door, gzip};
use told::{Told, value, watched};

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// An export of one record, whose resource has an attribute.
fn export(attribute: &str) -> String {
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attribute}]}},"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1793620800000000000","eventName":"save"}}]}}]}}]}}"#
    )
}

fn consent(value: &str) -> String {
    format!(r#"{{"key":"logbook.consent","value":{{"stringValue":"{value}"}}}}"#)
}

/// A length-delimited protobuf field.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend_from_slice(content);
    bytes
}

/// The same export as protobuf.
fn export_protobuf(key: &str, value: &str) -> Vec<u8> {
    let value = field(2, &field(1, value.as_bytes()));
    let attribute = field(1, &[field(1, key.as_bytes()), value].concat());
    // LogRecord: event_name (field 12).
    let record = field(2, &field(12, b"save"));
    let resource_logs = [field(1, &attribute), field(2, &record)].concat();
    field(1, &resource_logs)
}

async fn send(door: &Door, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    door.post("/v1/otlp/v1/logs", headers, body.into()).await
}

/// A refusal's status, and the message of the `google.rpc.Status` that OTLP/HTTP asks for.
fn refused(answer: &Answer) -> (u16, String) {
    let message = if answer.headers[header::CONTENT_TYPE] == "application/json" {
        answer.json()["message"].as_str().unwrap().to_owned()
    } else {
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/x-protobuf"
        );
        // Field 2, length-delimited, of less than 128 bytes.
        assert_eq!(answer.body[..2], [0x12, (answer.body.len() - 2) as u8]);
        String::from_utf8(answer.body[2..].to_vec()).unwrap()
    };
    (answer.status.as_u16(), message)
}

/// The consent under which the only log of a door lies.
fn kept_consent(door: &Door) -> String {
    let files = door.files();
    let archived: Vec<_> = files
        .iter()
        .filter(|(name, _)| name.contains("/archive/archive/"))
        .collect();
    assert_eq!(archived.len(), 1);
    let text = String::from_utf8_lossy(archived[0].1).into_owned();
    assert!(text.contains("\"logbook-via\":\"otlp\""));
    assert!(text.contains("\"logbook-profile\":\"otlp\""));
    let (_, rest) = text.split_once("\"logbook-consent\":\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn json_and_protobuf_are_taken_plain_or_packed() {
    let json = export(&consent("usage")).into_bytes();
    let protobuf = export_protobuf("service.name", "editor");
    for (media, body, answered) in [
        (JSON, json.clone(), "application/json"),
        (JSON, gzip(&json), "application/json"),
        (PROTOBUF, protobuf.clone(), "application/x-protobuf"),
        (PROTOBUF, gzip(&protobuf), "application/x-protobuf"),
        (
            ("content-type", "Application/JSON; charset=utf-8"),
            json.clone(),
            "application/json",
        ),
    ] {
        let door = Door::new().await;
        let answer = send(&door, &[media], body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers[header::CONTENT_TYPE], answered);
        let empty = if answered == "application/json" {
            "{}"
        } else {
            ""
        };
        assert_eq!(answer.body, empty.as_bytes());
        assert_eq!(kept_consent(&door), "usage");
    }
}

#[tokio::test]
async fn a_refusal_is_a_status_in_the_encoding_of_the_request() {
    let door = Door::new().await;
    for media in [JSON, PROTOBUF] {
        let answer = door.post_bare("/v1/otlp/v1/logs", &[media], "").await;
        let (status, message) = refused(&answer);
        assert_eq!(status, 401);
        assert!(message.starts_with("unauthorized: "), "{message}");
    }
    // What cannot be stored for now is to be sent again, as exporters do at 503; and is an alarm.
    let told = Told::listen();
    std::fs::remove_dir_all(door.directory.path().join("archive")).unwrap();
    std::fs::write(door.directory.path().join("archive"), "in the way").unwrap();
    let answer = send(&door, &[JSON], export(&consent("usage"))).await;
    let (status, message) = refused(&answer);
    assert_eq!(status, 503, "{message}");
    assert_eq!(answer.headers[header::RETRY_AFTER], "5");
    assert!(message.starts_with("unavailable: "), "{message}");
    assert_eq!(
        watched("upload").into_iter().collect::<Vec<_>>(),
        ["RequestsFailed"]
    );
    assert_eq!(value(&told.metrics(), "RequestsFailed"), Some(1.0));
}

#[tokio::test]
async fn what_cannot_be_read_at_all_is_refused_and_nothing_of_it_is_kept() {
    let door = Door::new().await;
    let before = door.files();
    let whole = export(r#"{"key":"a","value":{}}"#);
    let protobuf = export_protobuf("service.name", "editor");
    for (media, body, why) in [
        (JSON, b"marked text".to_vec(), "wrong_format"),
        (JSON, b"{\"marked".to_vec(), "truncated"),
        (
            JSON,
            whole.as_bytes()[..whole.len() / 2].to_vec(),
            "truncated",
        ),
        (JSON, gzip(&whole)[..40].to_vec(), "truncated"),
        (
            PROTOBUF,
            protobuf[..protobuf.len() - 3].to_vec(),
            "truncated",
        ),
        (PROTOBUF, b"\x0b\x01\x02".to_vec(), "wrong_format"),
    ] {
        let answer = send(&door, &[media], body).await;
        let (status, message) = refused(&answer);
        assert_eq!(status, 400, "{message}");
        assert!(
            message.starts_with(&format!("bad-request: {why}: ")),
            "{message}"
        );
        assert!(!message.contains("marked"), "{message}");
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn an_export_without_records_is_good() {
    for body in ["", "{}", r#"{"resourceLogs":[]}"#] {
        let door = Door::new().await;
        let answer = send(&door, &[JSON], body).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"{}"[..]));
    }
}

#[tokio::test]
async fn records_that_are_refused_are_counted_in_a_partial_success() {
    let door = Door::new().await;
    let bad = r#"{"eventName":"marked","severityNumber":99},{"timeUnixNano":"marked"},"#;
    let body =
        export(&consent("usage")).replace("[{\"timeUnixNano", &format!("[{bad}{{\"timeUnixNano"));
    let answer = send(&door, &[JSON], body).await;
    assert_eq!(answer.status, 200);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedLogRecords"], "2", "{partial}");
    let message = partial["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("out_of_range") && !message.contains("marked"),
        "{message}"
    );
    assert_eq!(kept_consent(&door), "usage");

    let door = Door::new().await;
    // LogRecord: severity_number (field 2) of 99.
    let bad = field(2, &[2 << 3, 99]);
    let good = field(2, &field(12, b"save"));
    let body = field(1, &field(2, &[bad, good].concat()));
    let answer = send(&door, &[PROTOBUF], body).await;
    assert_eq!(answer.status, 200);
    // partial_success (field 1) with rejected_log_records (field 1) and error_message (field 2).
    let length = answer.body.len();
    assert_eq!(
        answer.body[..5],
        [1 << 3 | 2, (length - 2) as u8, 1 << 3, 1, 2 << 3 | 2]
    );
    assert_eq!(usize::from(answer.body[5]), length - 6);
    let message = String::from_utf8_lossy(&answer.body[6..]);
    assert!(
        message.starts_with("refused records: 1; the first at line 1: "),
        "{message}"
    );
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let door = Door::new().await;
    for headers in [&[][..], &[("content-type", "text/plain")]] {
        let answer = send(&door, headers, "{}").await;
        assert_eq!(answer.problem(), (415, "unsupported-media".to_owned()));
        assert!(answer.detail().contains("application/x-protobuf"));
    }
}

#[tokio::test]
async fn the_strictest_consent_that_is_stated_holds() {
    for (header, body, kept) in [
        (None, consent("error"), "error"),
        (Some("crash"), consent("error"), "crash"),
        (Some("usage"), consent("error"), "error"),
        (
            Some("error"),
            r#"{"key":"a","value":{}}"#.to_owned(),
            "error",
        ),
        (
            None,
            format!("{},{}", consent("usage"), consent("crash")),
            "crash",
        ),
    ] {
        let door = Door::new().await;
        let mut headers = vec![JSON];
        headers.extend(header.map(|consent| ("x-logbook-consent", consent)));
        assert_eq!(send(&door, &headers, export(&body)).await.status, 200);
        assert_eq!(kept_consent(&door), kept);
    }
}

#[tokio::test]
async fn a_consent_of_off_in_the_body_leaves_no_trace() {
    let door = Door::new().await;
    let before = door.files();
    let json = export(&consent("off"));
    let protobuf = export_protobuf("logbook.consent", "off");
    for (media, body) in [
        (JSON, json.clone().into_bytes()),
        (JSON, gzip(&json)),
        (PROTOBUF, protobuf.clone()),
        (PROTOBUF, gzip(&protobuf)),
    ] {
        let answer = send(&door, &[media], body).await;
        let (status, message) = refused(&answer);
        assert_eq!(status, 403);
        assert!(message.starts_with("consent-off: "), "{message}");
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn consent_off_is_read_in_whatever_form_json_allows() {
    let door = Door::new().await;
    let before = door.files();
    for attribute in [
        r#"{"value":{"stringValue":"off"},"key":"logbook.consent"}"#,
        r#"{"key":"logbook\u002econsent","value":{"stringValue":"OFF"}}"#,
    ] {
        let answer = send(&door, &[JSON], export(attribute)).await;
        let (status, message) = refused(&answer);
        assert_eq!(status, 403, "{attribute}");
        assert!(message.starts_with("consent-off: "), "{message}");
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn a_consent_that_cannot_be_read_is_not_taken_for_one() {
    let door = Door::new().await;
    let before = door.files();
    for attribute in [
        consent("sometimes"),
        consent(""),
        r#"{"key":"logbook.consent","value":{"intValue":"1"}}"#.to_owned(),
        format!(
            r#"{},{{"key":"logbook.consent","value":{{"boolValue":false}}}}"#,
            consent("usage")
        ),
    ] {
        let answer = send(&door, &[JSON], export(&attribute)).await;
        let (status, message) = refused(&answer);
        assert_eq!(status, 400, "{attribute}");
        assert!(message.starts_with("bad-request: "), "{message}");
        assert!(message.contains("logbook.consent"), "{message}");
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn a_body_too_large_to_be_searched_for_consent_is_refused() {
    let door = Door::new().await;
    let before = door.files();
    let mut body = vec![b' '; 257 << 20];
    body.extend(export(&consent("off")).bytes());
    let answer = send(&door, &[JSON], gzip(body)).await;
    let (status, message) = refused(&answer);
    assert_eq!(status, 413);
    assert!(message.starts_with("too-large: "), "{message}");
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn off_is_off_whatever_else_a_log_says_and_by_whatever_door_it_comes() {
    let door = Door::new().await;
    let before = door.files();
    let mixed = export(&format!("{},{}", consent("off"), consent("perhaps")));
    let mut long = export(&consent("off")).into_bytes();
    long.resize(65 << 20, b' ');
    for path in ["/v1/otlp/v1/logs", "/v1/logs"] {
        for body in [mixed.clone().into_bytes(), gzip(&long)] {
            let answer = door.post(path, &[JSON], body).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(String::from_utf8_lossy(&answer.body).contains("consent-off"));
        }
    }
    assert_eq!(door.files(), before);
}

#[tokio::test]
async fn a_message_that_speaks_of_the_attribute_is_no_statement() {
    let door = Door::new().await;
    let body = export(&consent("error")).replace("save", "\\\"logbook.consent\\\" was set");
    assert_eq!(send(&door, &[JSON], body).await.status, 200);
    assert_eq!(kept_consent(&door), "error");
}
