//! A log record, a resource or a scope, read from its slice.

use std::borrow::Cow;

use logbook_model::EventReject;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::scalar::{Int, Severity, TextSeed, broken};
use super::value::{AnyValue, Attributes, Items, Member, Members};
use crate::family::otlp::plan::Plan;
use crate::family::otlp::records::Owner;
use crate::family::otlp::scalar::{Refused, id_of_text, identity};
use crate::value::{Slots, Value};

/// Reads a log record into its slots.
pub(crate) fn read_record<'a>(
    plan: &Plan,
    text: &'a str,
    slots: &mut Slots<'a>,
) -> Result<(), Refused> {
    let mut record = Record {
        plan,
        slots,
        time: 0,
        observed: 0,
    };
    read(text, &mut record)?;
    let time = match record.time {
        0 => record.observed,
        time => time,
    };
    if let (Some(slot), 1..) = (plan.time, time) {
        slots.set(slot, Value::Uint(time));
    }
    Ok(())
}

/// Reads a resource, or a scope, into its slots.
pub(crate) fn read_owner<'a>(
    plan: &Plan,
    owner: Owner,
    text: &'a str,
    slots: &mut Slots<'a>,
) -> Result<(), Refused> {
    match owner {
        Owner::Resource => {
            let mut resource = Resource {
                plan,
                slots,
                attributes: Vec::new(),
            };
            read(text, &mut resource)?;
            let attributes = resource.attributes;
            if let Some(slot) = plan.resource_identity {
                slots.set(slot, Value::Text(identity(attributes).into()));
            }
            Ok(())
        }
        Owner::Scope => read(text, &mut Scope { plan, slots }),
    }
}

fn read<'a>(text: &'a str, object: &mut impl Member<'a>) -> Result<(), Refused> {
    if !text.starts_with('{') {
        return Err((EventReject::Broken, "not a JSON object".into()));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Members(object).deserialize(&mut json);
    read.and_then(|()| json.end())
        .map_err(|error| refused(&error))
}

fn refused(error: &serde_json::Error) -> Refused {
    let text = error.to_string();
    let own = |prefix: &str| {
        let rest = text.strip_prefix(prefix)?;
        let end = rest.find(" at line ").unwrap_or(rest.len());
        Some(Cow::Owned(rest[..end].to_owned()))
    };
    if let Some(detail) = own("out of range: ") {
        return (EventReject::OutOfRange, detail);
    }
    if let Some(detail) = own("broken: ") {
        return (EventReject::Broken, detail);
    }
    if text.starts_with("number out of range") {
        return (EventReject::OutOfRange, "a number out of range".into());
    }
    if text.starts_with("recursion limit") {
        return (
            EventReject::TooDeep,
            "nested deeper than can be read".into(),
        );
    }
    let detail = if error.is_data() {
        "a value of the wrong type"
    } else {
        "broken JSON"
    };
    (EventReject::Broken, detail.into())
}

/// A JSON text without the blanks between its tokens.
fn compact(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|b| b.is_ascii_whitespace()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let (mut in_text, mut escaped) = (false, false);
    let kept = text.bytes().filter(|byte| {
        let within = in_text;
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else {
            in_text = *byte == b'"';
        }
        within || !byte.is_ascii_whitespace()
    });
    Cow::Owned(kept.collect())
}

struct Record<'s, 'a> {
    plan: &'s Plan,
    slots: &'s mut Slots<'a>,
    time: u64,
    observed: u64,
}

impl<'de> Record<'_, 'de> {
    fn text<A: MapAccess<'de>>(
        &mut self,
        slot: Option<usize>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if let Some(text) = map.next_value_seed(TextSeed)?
            && let Some(slot) = slot
            && !text.is_empty()
        {
            self.slots.set(slot, Value::Text(text));
        }
        Ok(())
    }

    fn id<A: MapAccess<'de>>(
        &mut self,
        slot: Option<usize>,
        bytes: usize,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let Some(text) = map
            .next_value_seed(TextSeed)?
            .filter(|text| !text.is_empty())
        else {
            return Ok(());
        };
        let Some(id) = id_of_text(text, bytes) else {
            return Err(broken(if bytes == 16 {
                "its traceId is not 16 bytes of hex or base64"
            } else {
                "its spanId is not 8 bytes of hex or base64"
            }));
        };
        if let Some(slot) = slot {
            self.slots.set(slot, Value::Text(id));
        }
        Ok(())
    }
}

impl<'de> Member<'de> for Record<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let plan = self.plan;
        match key {
            "timeUnixNano" | "time_unix_nano" => {
                self.time = map.next_value_seed(Int::<u64>::new())?;
            }
            "observedTimeUnixNano" | "observed_time_unix_nano" => {
                self.observed = map.next_value_seed(Int::<u64>::new())?;
            }
            "severityNumber" | "severity_number" => {
                let number = map.next_value_seed(Severity)?;
                if let (Some(slot), 1..) = (plan.severity_number, number) {
                    self.slots.set(slot, Value::Uint(number));
                }
            }
            "severityText" | "severity_text" => self.text(plan.severity_text, map)?,
            "eventName" | "event_name" => self.text(plan.event_name, map)?,
            "traceId" | "trace_id" => self.id(plan.trace_id, 16, map)?,
            "spanId" | "span_id" => self.id(plan.span_id, 8, map)?,
            "attributes" => map.next_value_seed(Items(&mut Attributes::new(
                &plan.attributes,
                "",
                self.slots,
            )))?,
            "body" if plan.reads_body() => {
                let mut body = AnyValue::new(&plan.in_body, "", self.slots);
                map.next_value_seed(Members(&mut body))?;
                let value = body.value;
                if let Some(slot) = plan.body {
                    self.slots.set(slot, value);
                }
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Resource<'s, 'a> {
    plan: &'s Plan,
    slots: &'s mut Slots<'a>,
    attributes: Vec<Cow<'a, [u8]>>,
}

impl<'de> Member<'de> for Resource<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if key != "attributes" {
            map.next_value::<IgnoredAny>()?;
            return Ok(());
        }
        let Some(raw) = map.next_value::<Option<Vec<&'de RawValue>>>()? else {
            return Ok(());
        };
        for attribute in raw {
            let mut one = Attributes::new(&self.plan.resource, "", self.slots);
            let mut json = serde_json::Deserializer::from_str(attribute.get());
            Members(&mut one)
                .deserialize(&mut json)
                .map_err(A::Error::custom)?;
            self.attributes.push(compact(attribute.get()));
        }
        Ok(())
    }
}

struct Scope<'s, 'a> {
    plan: &'s Plan,
    slots: &'s mut Slots<'a>,
}

impl<'de> Member<'de> for Scope<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = match key {
            "name" => self.plan.scope_name,
            "version" => self.plan.scope_version,
            "attributes" => {
                let keys = &self.plan.scope_attributes;
                let mut attributes = Attributes::new(keys, "", self.slots);
                return map.next_value_seed(Items(&mut attributes));
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Ok(());
            }
        };
        if let Some(text) = map.next_value_seed(TextSeed)?
            && let Some(slot) = slot
            && !text.is_empty()
        {
            self.slots.set(slot, Value::Text(text));
        }
        Ok(())
    }
}
