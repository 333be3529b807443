//! Newline-delimited JSON: one object a line.
//!
//! A line is read once, typed, straight into the slots of the fields that the profile names;
//! everything else is checked and passed over. No generic JSON value is made.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use logbook_model::EventReject;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::interpret::{Interpreter, Position};
use crate::lines::Lines;
use crate::log::{ParsedLog, ReadError};
use crate::profile::fields::{FieldTable, Step, parse_path};
use crate::value::{Slots, Value};

pub(super) fn read(
    source: impl Read,
    mut interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let limits = interpreter.limits();
    let plan = Plan::new(&interpreter.profile().fields);
    let mut lines = Lines::new(source, limits.record_bytes);
    let mut empty = Slots::default();
    while let Some(line) = lines.next_line()? {
        if line.repaired {
            interpreter.repaired();
        }
        let at = Position {
            line: line.number,
            offset: line.offset,
        };
        if line.too_long {
            let detail = format!("longer than {} bytes", limits.record_bytes);
            interpreter.reject(at, EventReject::TooLong, detail);
            continue;
        }
        if line.text.trim_ascii().is_empty() {
            continue;
        }
        let mut slots = empty.reuse(plan.slots);
        match plan.fill(&line.text, limits.depth, &mut slots) {
            Ok(()) => interpreter.record(at, &slots),
            Err((reason, detail)) => interpreter.reject(at, reason, detail),
        }
        empty = slots.reuse(0);
    }
    let bytes = lines.offset();
    interpreter.finish(bytes)
}

/// The fields that a profile reads, as a tree.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    root: Node,
    slots: usize,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Where the value itself goes.
    slots: Vec<usize>,
    /// Where the name of the first key goes.
    key_name: Option<usize>,
    keys: Vec<(String, Node)>,
    any_key: Option<Box<Node>>,
    items: Vec<(usize, Node)>,
}

impl Plan {
    pub(crate) fn new(fields: &FieldTable) -> Self {
        let mut plan = Self {
            root: Node::default(),
            slots: fields.len(),
        };
        for (slot, name) in fields.names().iter().enumerate() {
            // Paths were checked when their slot was made.
            let steps = parse_path(name).unwrap_or_default();
            plan.root.insert(&steps, slot);
            if steps.len() > 1 && !name.contains(['"', '[', '*']) {
                // `a.b` also means the key "a.b", as flattened logs write it.
                plan.root.insert(&[Step::Key(name.clone())], slot);
            }
        }
        plan.root.spread_any_key();
        plan
    }

    /// Reads one JSON object into the slots.
    pub(crate) fn fill<'a>(
        &self,
        text: &'a str,
        max_depth: usize,
        slots: &mut Slots<'a>,
    ) -> Result<(), (EventReject, String)> {
        if depth_exceeds(text.as_bytes(), max_depth) {
            let detail = format!("nested deeper than {max_depth}");
            return Err((EventReject::TooDeep, detail));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = Object {
            node: &self.root,
            slots,
        };
        let filled = seed.deserialize(&mut json).and_then(|()| json.end());
        filled.map_err(|error| refused(&error))
    }
}

fn refused(error: &serde_json::Error) -> (EventReject, String) {
    let text = error.to_string();
    if text.starts_with("number out of range") {
        return (
            EventReject::OutOfRange,
            format!("number out of range at byte {}", error.column()),
        );
    }
    let what = if error.is_eof() {
        "JSON ends too early"
    } else if error.is_data() {
        "not a JSON object"
    } else {
        "broken JSON"
    };
    (
        EventReject::Broken,
        format!("{what} at byte {}", error.column()),
    )
}

/// Whether a JSON text nests deeper than `max`. Brackets in strings do not count.
fn depth_exceeds(bytes: &[u8], max: usize) -> bool {
    let opening = bytes.iter().filter(|&&b| b == b'{' || b == b'[').count();
    if opening <= max {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for &byte in bytes {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

impl Node {
    fn insert(&mut self, steps: &[Step], slot: usize) {
        let Some((first, rest)) = steps.split_first() else {
            self.slots.push(slot);
            return;
        };
        match first {
            Step::KeyName => self.key_name = Some(slot),
            Step::AnyKey => self.any_key.get_or_insert_default().insert(rest, slot),
            Step::Key(key) => child(&mut self.keys, key.clone()).insert(rest, slot),
            Step::Index(index) => child(&mut self.items, *index).insert(rest, slot),
        }
    }

    /// What is wanted of any key is wanted of the named ones too.
    fn spread_any_key(&mut self) {
        if let Some(any) = &self.any_key {
            for (_, node) in &mut self.keys {
                node.overlay(any);
            }
        }
        let keys = self.keys.iter_mut().map(|(_, node)| node);
        let items = self.items.iter_mut().map(|(_, node)| node);
        for node in keys.chain(items).chain(self.any_key.as_deref_mut()) {
            node.spread_any_key();
        }
    }

    fn overlay(&mut self, other: &Self) {
        self.slots.extend(&other.slots);
        self.key_name = self.key_name.or(other.key_name);
        for (key, node) in &other.keys {
            child(&mut self.keys, key.clone()).overlay(node);
        }
        for (index, node) in &other.items {
            child(&mut self.items, *index).overlay(node);
        }
        if let Some(any) = &other.any_key {
            self.any_key.get_or_insert_default().overlay(any);
        }
    }

    const fn is_leaf(&self) -> bool {
        self.keys.is_empty()
            && self.any_key.is_none()
            && self.items.is_empty()
            && self.key_name.is_none()
    }

    /// Forgets all that an earlier value of the same key had set.
    fn clear(&self, slots: &mut Slots<'_>) {
        for &slot in self.slots.iter().chain(&self.key_name) {
            slots.unset(slot);
        }
        let children = self.keys.iter().map(|(_, node)| node);
        let items = self.items.iter().map(|(_, node)| node);
        for node in children.chain(items).chain(self.any_key.as_deref()) {
            node.clear(slots);
        }
    }
}

fn child<K: PartialEq>(children: &mut Vec<(K, Node)>, key: K) -> &mut Node {
    let at = children
        .iter()
        .position(|(held, _)| *held == key)
        .unwrap_or_else(|| {
            children.push((key, Node::default()));
            children.len() - 1
        });
    &mut children[at].1
}

/// Reads a value that must be an object: the record.
struct Object<'n, 's, 'a> {
    node: &'n Node,
    slots: &'s mut Slots<'a>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        visit_object(self.node, self.slots, map)
    }
}

fn visit_object<'de, A: MapAccess<'de>>(
    node: &Node,
    slots: &mut Slots<'de>,
    mut map: A,
) -> Result<(), A::Error> {
    // One bit a child: whether its key came already.
    let mut seen = 0u64;
    let mut first = true;
    while let Some(key) = map.next_key_seed(KeySeed)? {
        if first {
            first = false;
            if let Some(slot) = node.key_name {
                slots.set(slot, Value::Text(key.clone()));
            }
        }
        let found = node.keys.iter().position(|(held, _)| *held == *key);
        let child = match found {
            Some(at) => {
                let bit = 1u64.checked_shl(at as u32).unwrap_or(0);
                if seen & bit != 0 {
                    slots.duplicates += 1;
                    node.keys[at].1.clear(slots);
                }
                seen |= bit;
                Some(&node.keys[at].1)
            }
            None => node.any_key.as_deref(),
        };
        match child {
            Some(child) => map.next_value_seed(Field {
                node: child,
                slots: &mut *slots,
            })?,
            None => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    Ok(())
}

/// Reads whatever stands at a field that the profile names.
struct Field<'n, 's, 'a> {
    node: &'n Node,
    slots: &'s mut Slots<'a>,
}

impl<'a> Field<'_, '_, 'a> {
    fn set(self, value: Value<'a>) {
        if let Some((&last, others)) = self.node.slots.split_last() {
            for &slot in others {
                self.slots.set(slot, value.clone());
            }
            self.slots.set(last, value);
        }
    }

    fn set_nested(&mut self) {
        for &slot in &self.node.slots {
            self.slots.set(slot, Value::Nested);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(Value::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.set(Value::Int(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.set(Value::Uint(value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.set(Value::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.set(Value::text(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.set(Value::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.set_nested();
        if self.node.is_leaf() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        visit_object(self.node, self.slots, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.set_nested();
        for index in 0.. {
            let wanted = self.node.items.iter().find(|(held, _)| *held == index);
            let more = match wanted {
                Some((_, node)) => seq
                    .next_element_seed(Field {
                        node,
                        slots: &mut *self.slots,
                    })?
                    .is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escape.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(names: &[&str], text: &str) -> Result<Vec<String>, EventReject> {
        let mut fields = FieldTable::default();
        for name in names {
            fields.slot(name).unwrap();
        }
        let plan = Plan::new(&fields);
        let mut slots = Slots::default().reuse(fields.len());
        plan.fill(text, 8, &mut slots)
            .map_err(|(reason, _)| reason)?;
        Ok((0..names.len())
            .map(|slot| format!("{:?}", slots.get(slot)))
            .collect())
    }

    #[test]
    fn fields_are_found_by_path_key_name_and_index() {
        let text = r#"{"metric":{"time":12,"list":[1,{"b":"x"}],"a.b":true}}"#;
        let got = fill(
            &["@key", "*.time", "metric.list[1].b", "metric.\"a.b\"", "no"],
            text,
        );
        assert_eq!(
            got.unwrap(),
            [
                "Text(\"metric\")",
                "Uint(12)",
                "Text(\"x\")",
                "Bool(true)",
                "Absent"
            ]
        );
    }

    #[test]
    fn flattened_keys_mean_the_same_as_nested_ones() {
        assert_eq!(
            fill(&["log.level"], r#"{"log.level":"warn"}"#).unwrap(),
            ["Text(\"warn\")"]
        );
        assert_eq!(
            fill(&["log.level"], r#"{"log":{"level":"warn"}}"#).unwrap(),
            ["Text(\"warn\")"]
        );
    }

    #[test]
    fn the_last_of_two_equal_keys_wins_whole() {
        let text = r#"{"a":{"x":1,"y":2},"a":{"x":3}}"#;
        assert_eq!(fill(&["a.x", "a.y"], text).unwrap(), ["Uint(3)", "Absent"]);
    }

    #[test]
    fn bad_lines_say_why() {
        assert_eq!(fill(&["a"], r#"{"a":1"#), Err(EventReject::Broken));
        assert_eq!(fill(&["a"], r#"{"a":1} x"#), Err(EventReject::Broken));
        assert_eq!(fill(&["a"], "[1]"), Err(EventReject::Broken));
        assert_eq!(fill(&["a"], r#"{"a":1e999}"#), Err(EventReject::OutOfRange));
        let deep = format!("{{\"b\":{}{}}}", "[".repeat(9), "]".repeat(9));
        assert_eq!(fill(&["a"], &deep), Err(EventReject::TooDeep));
        let text = format!("{{\"a\":\"{}\"}}", "[".repeat(90));
        assert!(fill(&["a"], &text).is_ok());
    }
}
