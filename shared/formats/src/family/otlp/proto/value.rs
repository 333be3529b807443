//! `AnyValue`, `KeyValue` and lists of them.

use std::borrow::Cow;

use logbook_model::EventReject;

use super::wire::{Field, Fields, broken};
use crate::family::otlp::plan::Keys;
use crate::family::otlp::scalar::{Refused, base64_of, int};
use crate::value::{Slots, Value};

/// Where values of keys go, and what is noted on the way.
pub(super) struct Reading<'s, 'a> {
    pub(super) slots: &'s mut Slots<'a>,
    pub(super) max_depth: usize,
    pub(super) repaired: &'s mut bool,
}

impl<'a> Reading<'_, 'a> {
    /// A `KeyValue`, in the list at `path`; at the top the path is empty.
    pub(super) fn key_value(
        &mut self,
        keys: &Keys,
        path: &str,
        message: &'a [u8],
        depth: usize,
    ) -> Result<(), Refused> {
        let (mut key, mut value) = (Cow::Borrowed(""), None);
        let mut fields = Fields::new(message);
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => key = field.text(self.repaired)?,
                2 => value = Some(field.bytes()?),
                _ => {}
            }
        }
        let Some(value) = value else {
            return Ok(());
        };
        let path = if path.is_empty() {
            key
        } else {
            Cow::Owned(format!("{path}.{key}"))
        };
        let slot = keys.slot(&path);
        if slot.is_none() && !keys.leads_on(&path) {
            return Ok(());
        }
        let value = self.any_value(keys, &path, value, depth)?;
        if let Some(slot) = slot {
            self.slots.set(slot, value);
        }
        Ok(())
    }

    /// An `AnyValue`, itself at `path`.
    pub(super) fn any_value(
        &mut self,
        keys: &Keys,
        path: &str,
        message: &'a [u8],
        depth: usize,
    ) -> Result<Value<'a>, Refused> {
        if depth > self.max_depth {
            let detail = format!("nested deeper than {}", self.max_depth);
            return Err((EventReject::TooDeep, detail.into()));
        }
        let mut value = Value::Null;
        let mut fields = Fields::new(message);
        while let Some((number, field)) = fields.next()? {
            value = match number {
                1 => Value::Text(field.text(self.repaired)?),
                2 => Value::Bool(field.varint()? != 0),
                3 => int(field.varint()? as i64),
                4 => Value::Float(f64::from_bits(field.fixed64()?)),
                5 => {
                    field.bytes()?;
                    Value::Nested
                }
                6 => {
                    self.list(keys, path, field, depth)?;
                    Value::Nested
                }
                7 => Value::Text(base64_of(field.bytes()?).into()),
                _ => continue,
            };
        }
        Ok(value)
    }

    /// A `KeyValueList`, if anything is read of it.
    fn list(
        &mut self,
        keys: &Keys,
        path: &str,
        field: Field<'a>,
        depth: usize,
    ) -> Result<(), Refused> {
        let mut fields = Fields::new(field.bytes()?);
        if !keys.leads_on(path) {
            return Ok(());
        }
        while let Some((number, field)) = fields.next()? {
            if number == 1 {
                self.key_value(keys, path, field.bytes()?, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// Checks how deep the values of a message nest, without reading them: field `list` holds
/// `KeyValue`s whose values are looked into.
pub(super) fn check_depth(value: &[u8], depth: usize, max: usize) -> Result<(), Refused> {
    if depth > max {
        let detail = format!("nested deeper than {max}");
        return Err((EventReject::TooDeep, detail.into()));
    }
    let mut fields = Fields::new(value);
    while let Some((number, field)) = fields.next()? {
        let (5 | 6, Field::Bytes(list)) = (number, field) else {
            continue;
        };
        let mut items = Fields::new(list);
        while let Some((1, item)) = items.next()? {
            let item = item.bytes()?;
            if number == 5 {
                check_depth(item, depth + 1, max)?;
            } else {
                check_key_value(item, depth + 1, max)?;
            }
        }
    }
    Ok(())
}

/// The same of a `KeyValue`'s value.
pub(super) fn check_key_value(message: &[u8], depth: usize, max: usize) -> Result<(), Refused> {
    let mut fields = Fields::new(message);
    while let Some((number, field)) = fields.next()? {
        if number == 2 {
            check_depth(field.bytes()?, depth, max)?;
        }
    }
    Ok(())
}

/// An id of so many bytes, or none.
pub(super) fn id(field: Field<'_>, bytes: usize) -> Result<Option<&[u8]>, Refused> {
    match field.bytes()? {
        [] => Ok(None),
        id if id.len() == bytes => Ok(Some(id)),
        _ if bytes == 16 => Err(broken("its traceId is not 16 bytes")),
        _ => Err(broken("its spanId is not 8 bytes")),
    }
}
