//! Protobuf, written by hand from `logs.proto`, `common.proto` and `resource.proto`.

use super::{Any, Attributes, Record, Resource, Scope};

pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn message(field: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn fixed64(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3 | 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(value, out);
}

/// A request as protobuf writes it.
pub fn to_protobuf(resources: &[Resource]) -> Vec<u8> {
    let mut out = Vec::new();
    for resource in resources {
        message(1, &resource_logs(resource, true), &mut out);
    }
    out
}

/// `ResourceLogs`, the resource first or last.
pub fn resource_logs(resource: &Resource, resource_first: bool) -> Vec<u8> {
    let mut own = Vec::new();
    attributes(1, &resource.attributes, &mut own);
    let mut out = Vec::new();
    if resource_first {
        message(1, &own, &mut out);
    }
    for scope in &resource.scopes {
        message(2, &scope_logs(scope, resource_first), &mut out);
    }
    if !resource_first {
        message(1, &own, &mut out);
    }
    message(3, b"https://opentelemetry.io/schemas/1.40.0", &mut out);
    out
}

fn scope_logs(scope: &Scope, scope_first: bool) -> Vec<u8> {
    let mut own = Vec::new();
    message(1, scope.name.as_bytes(), &mut own);
    message(2, scope.version.as_bytes(), &mut own);
    attributes(3, &scope.attributes, &mut own);
    let mut out = Vec::new();
    if scope_first {
        message(1, &own, &mut out);
    }
    for record in &scope.records {
        message(2, &log_record(record), &mut out);
    }
    if !scope_first {
        message(1, &own, &mut out);
    }
    out
}

pub fn log_record(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    fixed64(1, record.time, &mut out);
    number(2, record.severity.into(), &mut out);
    message(3, record.severity_text.as_bytes(), &mut out);
    if let Some(body) = &record.body {
        message(5, &any(body), &mut out);
    }
    attributes(6, &record.attributes, &mut out);
    varint(8 << 3 | 5, &mut out);
    out.extend_from_slice(&1u32.to_le_bytes());
    if let Some(id) = &record.trace {
        message(9, id, &mut out);
    }
    if let Some(id) = &record.span {
        message(10, id, &mut out);
    }
    fixed64(11, record.observed, &mut out);
    message(12, record.event_name.as_bytes(), &mut out);
    out
}

fn attributes(field: u64, list: &Attributes, out: &mut Vec<u8>) {
    for (key, value) in list {
        let mut pair = Vec::new();
        message(1, key.as_bytes(), &mut pair);
        message(2, &any(value), &mut pair);
        message(field, &pair, out);
    }
}

pub fn any(value: &Any) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Any::Empty => {}
        Any::Text(text) => message(1, text.as_bytes(), &mut out),
        Any::Bool(b) => number(2, u64::from(*b), &mut out),
        Any::Int(n) => number(3, *n as u64, &mut out),
        Any::Double(n) => fixed64(4, n.to_bits(), &mut out),
        Any::Bytes(bytes) => message(7, bytes, &mut out),
        Any::List(items) => {
            let mut list = Vec::new();
            for item in items {
                message(1, &any(item), &mut list);
            }
            message(5, &list, &mut out);
        }
        Any::Map(items) => {
            let mut list = Vec::new();
            attributes(1, items, &mut list);
            message(6, &list, &mut out);
        }
    }
    out
}
