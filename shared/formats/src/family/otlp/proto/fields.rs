//! A log record, a resource or a scope, read from its message.

use std::borrow::Cow;

use logbook_model::EventReject;

use super::value::{Reading, check_key_value, id};
use super::wire::Fields;
use crate::family::otlp::plan::Plan;
use crate::family::otlp::records::Owner;
use crate::family::otlp::scalar::{MAX_SEVERITY, Refused, hex, identity};
use crate::value::{Slots, Value};

/// Reads a log record into its slots.
pub(crate) fn read_record<'a>(
    plan: &Plan,
    message: &'a [u8],
    max_depth: usize,
    slots: &mut Slots<'a>,
    repaired: &mut bool,
) -> Result<(), Refused> {
    let (mut time, mut observed) = (0, 0);
    let mut fields = Fields::new(message);
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => time = field.fixed64()?,
            11 => observed = field.fixed64()?,
            2 => {
                let severity = field.varint()?;
                if severity > MAX_SEVERITY {
                    let detail = "its severityNumber is not from 0 to 24";
                    return Err((EventReject::OutOfRange, detail.into()));
                }
                if severity > 0 {
                    set(slots, plan.severity_number, || Value::Uint(severity));
                }
            }
            3 => text(slots, plan.severity_text, field.text(repaired)?),
            12 => text(slots, plan.event_name, field.text(repaired)?),
            5 => {
                let mut reading = Reading {
                    slots,
                    max_depth,
                    repaired,
                };
                let value = field.bytes()?;
                super::value::check_depth(value, 1, max_depth)?;
                if plan.reads_body() {
                    let value = reading.any_value(&plan.in_body, "", value, 1)?;
                    set(slots, plan.body, || value);
                }
            }
            6 => {
                let attribute = field.bytes()?;
                check_key_value(attribute, 1, max_depth)?;
                let mut reading = Reading {
                    slots,
                    max_depth,
                    repaired,
                };
                reading.key_value(&plan.attributes, "", attribute, 1)?;
            }
            9 => {
                if let Some(bytes) = id(field, 16)? {
                    set(slots, plan.trace_id, || Value::Text(hex(bytes).into()));
                }
            }
            10 => {
                if let Some(bytes) = id(field, 8)? {
                    set(slots, plan.span_id, || Value::Text(hex(bytes).into()));
                }
            }
            _ => {}
        }
    }
    let time = if time == 0 { observed } else { time };
    if time > 0 {
        set(slots, plan.time, || Value::Uint(time));
    }
    Ok(())
}

/// Reads a resource, or a scope, into its slots.
pub(crate) fn read_owner<'a>(
    plan: &Plan,
    owner: Owner,
    message: &'a [u8],
    max_depth: usize,
    slots: &mut Slots<'a>,
    repaired: &mut bool,
) -> Result<(), Refused> {
    let (list, keys) = match owner {
        Owner::Resource => (1, &plan.resource),
        Owner::Scope => (3, &plan.scope_attributes),
    };
    let mut attributes = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((number, field)) = fields.next()? {
        match (owner, number) {
            (_, number) if number == list => {
                let attribute = field.bytes()?;
                check_key_value(attribute, 1, max_depth)?;
                let mut reading = Reading {
                    slots,
                    max_depth,
                    repaired,
                };
                reading.key_value(keys, "", attribute, 1)?;
                attributes.push(attribute);
            }
            (Owner::Scope, 1) => text(slots, plan.scope_name, field.text(repaired)?),
            (Owner::Scope, 2) => text(slots, plan.scope_version, field.text(repaired)?),
            _ => {}
        }
    }
    if owner == Owner::Resource {
        set(slots, plan.resource_identity, || {
            Value::Text(identity(attributes).into())
        });
    }
    Ok(())
}

fn set<'a>(slots: &mut Slots<'a>, slot: Option<usize>, value: impl FnOnce() -> Value<'a>) {
    if let Some(slot) = slot {
        slots.set(slot, value());
    }
}

fn text<'a>(slots: &mut Slots<'a>, slot: Option<usize>, text: Cow<'a, str>) {
    if !text.is_empty() {
        set(slots, slot, || Value::Text(text));
    }
}
