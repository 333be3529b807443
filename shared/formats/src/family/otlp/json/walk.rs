//! The walk over one request.

use std::io::Read;

use logbook_model::EventReject;

use super::read::{Broken, Extent, Reader};
use crate::family::otlp::early::Early;
use crate::family::otlp::records::{Form, Owner, Records};

/// The keys that lead to log records, in both of the spellings that protobuf's JSON mapping
/// accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    ResourceLogs,
    Resource,
    ScopeLogs,
    Scope,
    LogRecords,
    Other,
}

impl Key {
    /// From a key as it is written, without its quotes.
    pub(super) fn new(text: &[u8]) -> Self {
        match text {
            b"resourceLogs" | b"resource_logs" => Self::ResourceLogs,
            b"resource" => Self::Resource,
            b"scopeLogs"
            | b"scope_logs"
            | b"instrumentationLibraryLogs"
            | b"instrumentation_library_logs" => Self::ScopeLogs,
            b"scope" | b"instrumentationLibrary" | b"instrumentation_library" => Self::Scope,
            b"logRecords" | b"log_records" => Self::LogRecords,
            _ => Self::Other,
        }
    }
}

/// A request; whether it has resource logs at all.
pub(super) fn request<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
) -> Result<bool, Broken> {
    let mut found = false;
    reader.members(|reader, key| match key {
        Key::ResourceLogs => {
            found = true;
            reader.items(|reader| resource_logs(reader, records))
        }
        _ => reader.skip(),
    })?;
    Ok(found)
}

fn resource_logs<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
) -> Result<(), Broken> {
    owned(reader, records, Owner::Resource)
}

fn scope_logs<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
) -> Result<(), Broken> {
    owned(reader, records, Owner::Scope)
}

/// An object that has an owner and what belongs to it: a resource and its scopes' logs, or a
/// scope and its log records.
fn owned<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
    owner: Owner,
) -> Result<(), Broken> {
    let mut early = Early::default();
    reader.members(|reader, key| match (owner, key) {
        (Owner::Resource, Key::Resource) | (Owner::Scope, Key::Scope) => {
            let late = early.owner();
            take_owner(reader, records, owner)?;
            if late && records.says_anything(owner) {
                return Err(Broken::Order(owner));
            }
            replay(reader, records, owner, &mut early)
        }
        (Owner::Resource, Key::ScopeLogs) | (Owner::Scope, Key::LogRecords) => {
            if keep(reader, records, &mut early)? {
                return Ok(());
            }
            if early.reads() {
                records.forget(owner);
            }
            replay(reader, records, owner, &mut early)?;
            children(reader, records, owner)
        }
        _ => reader.skip(),
    })?;
    if early.waits() {
        records.forget(owner);
        replay(reader, records, owner, &mut early)?;
    }
    Ok(())
}

fn take_owner<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
    owner: Owner,
) -> Result<(), Broken> {
    let limits = records.limits();
    match reader.measure(limits.record_bytes)? {
        Extent::Fits { bytes, depth } => {
            if depth > limits.depth {
                records.own_none(owner, EventReject::TooDeep, records.too_deep());
            } else {
                records.own(owner, Form::Json, reader.slice(bytes));
            }
            reader.take(bytes);
            Ok(())
        }
        Extent::TooLong => {
            records.own_none(owner, EventReject::TooLong, records.too_long());
            reader.skip()
        }
    }
}

/// Keeps records until their owner comes, if they fit.
fn keep<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &Records<'_, '_>,
    early: &mut Early,
) -> Result<bool, Broken> {
    let room = early.room(records.limits());
    if room == 0 {
        return Ok(false);
    }
    let Extent::Fits { bytes, .. } = reader.measure(room)? else {
        return Ok(false);
    };
    early.keep(reader.position(), reader.slice(bytes));
    reader.take(bytes);
    Ok(true)
}

/// Reads the records that were kept.
fn replay<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
    owner: Owner,
    early: &mut Early,
) -> Result<(), Broken> {
    for (at, bytes) in early.take() {
        reader.nested(&bytes, at, |reader| kept(reader, records, owner))?;
    }
    Ok(())
}

/// The children again, from a slice. Apart from [`children`], so that the types of readers stay
/// two: those of the log and those of a slice.
fn kept(
    reader: &mut Reader<'_, &[u8]>,
    records: &mut Records<'_, '_>,
    owner: Owner,
) -> Result<(), Broken> {
    children(reader, records, owner)
}

fn children<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
    owner: Owner,
) -> Result<(), Broken> {
    match owner {
        Owner::Resource => reader.items(|reader| scope_logs(reader, records)),
        Owner::Scope => reader.items(|reader| log_record(reader, records)),
    }
}

fn log_record<R: Read>(
    reader: &mut Reader<'_, R>,
    records: &mut Records<'_, '_>,
) -> Result<(), Broken> {
    let limits = records.limits();
    let at = reader.position();
    match reader.measure(limits.record_bytes)? {
        Extent::Fits { bytes, depth } => {
            if depth > limits.depth {
                let detail = records.too_deep();
                records.reject(at, EventReject::TooDeep, &detail);
            } else {
                records.record(at, Form::Json, reader.slice(bytes));
            }
            reader.take(bytes);
            Ok(())
        }
        Extent::TooLong => {
            let detail = records.too_long();
            records.reject(at, EventReject::TooLong, &detail);
            reader.skip()
        }
    }
}
