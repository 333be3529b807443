//! Values and attributes: `{"key": …, "value": {"stringValue": …}}`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::scalar::{Double, Int, TextSeed, broken};
use crate::family::otlp::plan::Keys;
use crate::family::otlp::scalar::{base64_of_text, int};
use crate::value::{Slots, Value};

/// Something that takes the members of an object as they come.
pub(super) trait Member<'de> {
    /// Takes one member; the value must be read from `map`.
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;

    /// The object ends.
    fn end<E: Error>(&mut self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads an object, or `null`.
pub(super) struct Members<'m, M>(pub(super) &'m mut M);

impl<'de, M: Member<'de>> DeserializeSeed<'de> for Members<'_, M> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Member<'de>> Visitor<'de> for Members<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.end()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(TextSeed)? {
            self.0.member(&key.unwrap_or_default(), &mut map)?;
        }
        self.0.end()
    }
}

/// Reads a list of objects, each by the same, or `null`.
pub(super) struct Items<'m, M>(pub(super) &'m mut M);

impl<'de, M: Member<'de>> DeserializeSeed<'de> for Items<'_, M> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Member<'de>> Visitor<'de> for Items<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Members(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// Keys and values, of which those that a profile reads go to their slots.
pub(super) struct Attributes<'s, 'a> {
    keys: &'s Keys,
    /// Path of the list; empty at the top.
    path: &'s str,
    slots: &'s mut Slots<'a>,
    key: Option<Cow<'a, str>>,
    /// A value that came before its key.
    early: Option<&'a RawValue>,
}

impl<'s, 'a> Attributes<'s, 'a> {
    pub(super) const fn new(keys: &'s Keys, path: &'s str, slots: &'s mut Slots<'a>) -> Self {
        Self {
            keys,
            path,
            slots,
            key: None,
            early: None,
        }
    }

    /// Reads the value of a key, if a profile reads anything of it.
    fn value<E>(
        &mut self,
        key: &str,
        read: impl FnOnce(Option<&mut AnyValue<'_, 'a>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = join(self.path, key);
        let slot = self.keys.slot(&path);
        if slot.is_none() && !self.keys.leads_on(&path) {
            return read(None);
        }
        let mut value = AnyValue::new(self.keys, &path, self.slots);
        read(Some(&mut value))?;
        let value = value.value;
        if let Some(slot) = slot {
            self.slots.set(slot, value);
        }
        Ok(())
    }
}

fn join<'k>(path: &str, key: &'k str) -> Cow<'k, str> {
    if path.is_empty() {
        return Cow::Borrowed(key);
    }
    Cow::Owned(format!("{path}.{key}"))
}

impl<'de> Member<'de> for Attributes<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match (name, self.key.take()) {
            ("key", _) => self.key = map.next_value_seed(TextSeed)?,
            ("value", Some(key)) => {
                self.value(&key, |value| match value {
                    Some(value) => map.next_value_seed(Members(value)),
                    None => map.next_value::<IgnoredAny>().map(|_| ()),
                })?;
                self.key = Some(key);
            }
            ("value", None) => self.early = Some(map.next_value()?),
            (_, key) => {
                self.key = key;
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn end<E: Error>(&mut self) -> Result<(), E> {
        let (key, early) = (self.key.take(), self.early.take());
        let (Some(key), Some(raw)) = (key, early) else {
            return Ok(());
        };
        self.value(&key, |value| match value {
            Some(value) => {
                let mut json = serde_json::Deserializer::from_str(raw.get());
                Members(value).deserialize(&mut json).map_err(E::custom)
            }
            None => Ok(()),
        })
    }
}

/// One value.
pub(super) struct AnyValue<'s, 'a> {
    keys: &'s Keys,
    path: &'s str,
    slots: &'s mut Slots<'a>,
    pub(super) value: Value<'a>,
}

impl<'s, 'a> AnyValue<'s, 'a> {
    pub(super) const fn new(keys: &'s Keys, path: &'s str, slots: &'s mut Slots<'a>) -> Self {
        Self {
            keys,
            path,
            slots,
            value: Value::Null,
        }
    }
}

impl<'de> Member<'de> for AnyValue<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, kind: &str, map: &mut A) -> Result<(), A::Error> {
        self.value = match kind {
            "stringValue" | "string_value" => {
                let text = map.next_value_seed(TextSeed)?;
                text.map_or(Value::Null, Value::Text)
            }
            "boolValue" | "bool_value" => map
                .next_value::<Option<bool>>()?
                .map_or(Value::Null, Value::Bool),
            "intValue" | "int_value" => int(map.next_value_seed(Int::<i64>::new())?),
            "doubleValue" | "double_value" => Value::Float(map.next_value_seed(Double)?),
            "bytesValue" | "bytes_value" => match map.next_value_seed(TextSeed)? {
                Some(text) => match base64_of_text(&text) {
                    Some(kept) => Value::Text(kept.into()),
                    None => return Err(broken("its bytesValue is not base64")),
                },
                None => Value::Null,
            },
            "kvlistValue" | "kvlist_value" if self.keys.leads_on(self.path) => {
                let mut list = KeyValueList(Attributes::new(self.keys, self.path, self.slots));
                map.next_value_seed(Members(&mut list))?;
                Value::Nested
            }
            "arrayValue" | "array_value" | "kvlistValue" | "kvlist_value" => {
                map.next_value::<IgnoredAny>()?;
                Value::Nested
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Ok(());
            }
        };
        Ok(())
    }
}

struct KeyValueList<'s, 'a>(Attributes<'s, 'a>);

impl<'de> Member<'de> for KeyValueList<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == "values" {
            return map.next_value_seed(Items(&mut self.0));
        }
        map.next_value::<IgnoredAny>().map(|_| ())
    }
}
