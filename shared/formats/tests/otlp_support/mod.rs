//! Requests, and their two encodings; what a log gives.

pub mod protobuf;

use std::fmt::Write;

use logbook_formats::{Limits, LogContext, Observed, ParsedLog, Profile, ReadError, read_log};
use logbook_model::{Event, EventReject, LogId, LogReject, ProductId, Timestamp};
use serde_json::{Value as Json, json};

/// One value of an attribute or a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Any {
    Empty,
    Text(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    List(Vec<Any>),
    Map(Attributes),
}

pub type Attributes = Vec<(String, Any)>;

#[derive(Debug, Clone, Default)]
pub struct Record {
    pub time: u64,
    pub observed: u64,
    pub severity: u8,
    pub severity_text: String,
    pub event_name: String,
    pub body: Option<Any>,
    pub attributes: Attributes,
    pub trace: Option<[u8; 16]>,
    pub span: Option<[u8; 8]>,
}

#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub name: String,
    pub version: String,
    pub attributes: Attributes,
    pub records: Vec<Record>,
}

#[derive(Debug, Clone, Default)]
pub struct Resource {
    pub attributes: Attributes,
    pub scopes: Vec<Scope>,
}

pub fn text(value: &str) -> Any {
    Any::Text(value.to_owned())
}

/// A request as OTLP/JSON writes it.
pub fn to_json(resources: &[Resource]) -> Json {
    let resource_logs = resources.iter().map(|resource| {
        let scopes = resource.scopes.iter().map(|scope| {
            json!({
                "scope": {
                    "name": scope.name,
                    "version": scope.version,
                    "attributes": attributes_json(&scope.attributes),
                },
                "logRecords": scope.records.iter().map(record_json).collect::<Vec<_>>(),
            })
        });
        json!({
            "resource": {"attributes": attributes_json(&resource.attributes)},
            "scopeLogs": scopes.collect::<Vec<_>>(),
            "schemaUrl": "https://opentelemetry.io/schemas/1.40.0",
        })
    });
    json!({"resourceLogs": resource_logs.collect::<Vec<_>>()})
}

fn record_json(record: &Record) -> Json {
    let mut object = json!({
        "timeUnixNano": record.time.to_string(),
        "observedTimeUnixNano": record.observed,
        "severityNumber": record.severity,
        "severityText": record.severity_text,
        "eventName": record.event_name,
        "attributes": attributes_json(&record.attributes),
        "traceId": record.trace.map(|id| upper_hex(&id)),
        "spanId": record.span.map(|id| upper_hex(&id)),
        "flags": 1,
    });
    if let Some(body) = &record.body {
        object["body"] = any_json(body);
    }
    object
}

fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").unwrap();
        text
    })
}

fn attributes_json(attributes: &Attributes) -> Json {
    let all = attributes
        .iter()
        .map(|(key, value)| json!({"key": key, "value": any_json(value)}));
    all.collect()
}

fn any_json(value: &Any) -> Json {
    match value {
        Any::Empty => json!({}),
        Any::Text(text) => json!({"stringValue": text}),
        Any::Bool(b) => json!({"boolValue": b}),
        Any::Int(n) => json!({"intValue": n.to_string()}),
        Any::Double(n) => json!({"doubleValue": n}),
        Any::Bytes(bytes) => {
            use base64::Engine;
            json!({"bytesValue": base64::engine::general_purpose::STANDARD.encode(bytes)})
        }
        Any::List(items) => {
            json!({"arrayValue": {"values": items.iter().map(any_json).collect::<Vec<_>>()}})
        }
        Any::Map(items) => json!({"kvlistValue": {"values": attributes_json(items)}}),
    }
}

pub fn otlp() -> Profile {
    Profile::from_toml(include_str!("../../../../profiles/otlp.toml")).unwrap()
}

pub fn context() -> LogContext {
    let product = ProductId::new("app").unwrap();
    let received_at = Timestamp(1_790_000_000_000_000);
    LogContext::new(product, LogId::new("log-1").unwrap(), received_at)
}

pub fn read(log: impl AsRef<[u8]>) -> Result<ParsedLog, ReadError> {
    read_with(log.as_ref(), &otlp(), &Limits::default())
}

pub fn read_with(
    source: impl std::io::Read,
    profile: &Profile,
    limits: &Limits,
) -> Result<ParsedLog, ReadError> {
    read_log(source, profile, &context(), limits, None)
}

/// Each event as one line: name, level, time, the session's ordinal, attributes.
pub fn events(log: impl AsRef<[u8]>, profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    let mut observe = |seen: &Observed<'_>| {
        let Event {
            name, level, time, ..
        } = seen.event;
        let time = time.map_or("-".to_owned(), |time| time.to_string());
        let mut line = format!("{name} {} {time} #{}", level.name(), seen.ordinal);
        for (name, value) in seen.attributes {
            write!(line, " {name}={value}").unwrap();
        }
        lines.push(line);
    };
    let limits = Limits::default();
    read_log(
        log.as_ref(),
        profile,
        &context(),
        &limits,
        Some(&mut observe),
    )
    .unwrap();
    lines
}

/// The rejects: line, offset, reason.
pub fn rejects(log: &ParsedLog) -> Vec<(u64, u64, EventReject)> {
    let all = log.figures.rejects.iter();
    all.map(|reject| (reject.line, reject.offset, reject.reason))
        .collect()
}

/// Why a log as a whole is refused.
pub fn refusal(log: impl AsRef<[u8]>) -> (LogReject, String) {
    match read(log) {
        Err(ReadError::Rejected { reason, detail, .. }) => (reason, detail),
        other => panic!("not refused: {other:?}"),
    }
}

/// One resource with one scope.
pub fn resource(attributes: &[(&str, &str)], records: Vec<Record>) -> Resource {
    Resource {
        attributes: attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), text(value)))
            .collect(),
        scopes: vec![Scope {
            records,
            ..Scope::default()
        }],
    }
}

/// A record of a name, with attributes of text.
pub fn record(event_name: &str, attributes: &[(&str, &str)]) -> Record {
    Record {
        time: 1_789_000_000_000_000_000,
        event_name: event_name.to_owned(),
        attributes: attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), text(value)))
            .collect(),
        ..Record::default()
    }
}
