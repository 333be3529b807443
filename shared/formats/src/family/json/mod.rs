//! JSON objects: read once, typed, straight into the slots of the fields that a profile names.
//! Everything else is checked and passed over. No generic JSON value is made.
//!
//! `scan` reads what is plainly good, and is fast; whatever else comes, `visit` reads or refuses
//! by way of `serde_json`, which alone decides what is JSON and where it is not.

mod ahead;
#[cfg(test)]
mod same;
mod scan;
mod visit;

use logbook_model::EventReject;
use memchr::memchr2_iter;
use serde::de::DeserializeSeed;

use crate::profile::fields::{Step, parse_path};
use crate::value::{Slots, Value};
use ahead::Ahead;
use visit::Object;

/// The fields that a profile reads, as a tree.
#[derive(Debug, Default)]
pub(super) struct Plan {
    root: Node,
    ahead: Ahead,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Its place in the plan, which tells it from all others.
    number: u32,
    /// Where the value itself goes.
    slots: Vec<usize>,
    /// Where the name of the first key goes.
    key_name: Option<usize>,
    /// Shortest first, once the plan is made.
    keys: Vec<(String, Node)>,
    /// For each length of a key, the place of the first that is longer.
    places: Vec<usize>,
    any_key: Option<Box<Node>>,
    items: Vec<(usize, Node)>,
}

impl Plan {
    /// A plan for the paths of some fields, each with its slot.
    pub(super) fn new<'n>(paths: impl IntoIterator<Item = (usize, &'n str)>) -> Self {
        let mut plan = Self::default();
        for (slot, name) in paths {
            // Paths are checked when a profile is compiled.
            let steps = parse_path(name).unwrap_or_default();
            plan.root.insert(&steps, slot);
            if steps.len() > 1 && !name.contains(['"', '[', '*']) {
                // `a.b` also means the key "a.b", as flattened logs write it.
                plan.root.insert(&[Step::Key(name.to_owned())], slot);
            }
        }
        plan.root.spread_any_key();
        plan.root.sort_keys(&mut 0);
        plan
    }

    /// Reads one JSON object into the slots.
    pub(super) fn fill<'a>(
        &mut self,
        text: &'a str,
        max_depth: usize,
        slots: &mut Slots<'a>,
    ) -> Result<(), (EventReject, String)> {
        let duplicates = slots.duplicates;
        if self.root.is_blank(slots) {
            if scan::fill(&self.root, &mut self.ahead, text, max_depth, slots).is_some() {
                return Ok(());
            }
            self.root.clear(slots);
            slots.duplicates = duplicates;
        }
        self.visit(text, max_depth, slots)
    }

    /// The same by way of `serde_json`.
    fn visit<'a>(
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
    if memchr2_iter(b'{', b'[', bytes).take(max + 1).count() <= max {
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

    /// Sorts the keys so that one is sought among those of its length only; numbers the nodes.
    fn sort_keys(&mut self, numbered: &mut u32) {
        self.number = *numbered;
        *numbered += 1;
        self.keys.sort_by_key(|(key, _)| key.len());
        let longest = self.keys.last().map_or(0, |(key, _)| key.len());
        self.places = (0..=longest)
            .map(|length| self.keys.partition_point(|(key, _)| key.len() <= length))
            .collect();
        let keys = self.keys.iter_mut().map(|(_, node)| node);
        let items = self.items.iter_mut().map(|(_, node)| node);
        for node in keys.chain(items).chain(self.any_key.as_deref_mut()) {
            node.sort_keys(numbered);
        }
    }

    /// The place of a key among the children.
    fn place(&self, key: &str) -> Option<usize> {
        let end = *self.places.get(key.len())?;
        let start = key
            .len()
            .checked_sub(1)
            .map_or(0, |shorter| self.places[shorter]);
        let first = key.as_bytes().first();
        let mut among = self.keys[start..end].iter();
        // The first byte tells most keys of one length apart, without a call.
        let at = among.position(|(held, _)| held.as_bytes().first() == first && held == key);
        at.map(|at| start + at)
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

    /// Puts a value that stands here where it belongs.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "a tenth of the time goes into calls of it"
    )]
    fn set<'a>(&self, value: Value<'a>, slots: &mut Slots<'a>) {
        match *self.slots {
            [] => {}
            [slot] => slots.set(slot, value),
            _ => self.set_all(&value, slots),
        }
    }

    #[cold]
    fn set_all<'a>(&self, value: &Value<'a>, slots: &mut Slots<'a>) {
        for &slot in &self.slots {
            slots.set(slot, value.clone());
        }
    }

    /// Whether nothing is set of what may be set here or below.
    fn is_blank(&self, slots: &Slots<'_>) -> bool {
        let mut own = self.slots.iter().chain(&self.key_name);
        slots.is_empty()
            || (!own.any(|&slot| slots.has(slot))
                && self.keys.iter().all(|(_, node)| node.is_blank(slots))
                && self.items.iter().all(|(_, node)| node.is_blank(slots))
                && self.any_key.iter().all(|node| node.is_blank(slots)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(names: &[&str], text: &str) -> Result<Vec<String>, EventReject> {
        let mut plan = Plan::new(names.iter().copied().enumerate());
        let mut slots = Slots::default().reuse(names.len());
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
