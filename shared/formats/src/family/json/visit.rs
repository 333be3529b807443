//! How a JSON text is walked.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Node;
use crate::value::{Slots, Value};

/// Reads a value that must be an object: the record.
pub(super) struct Object<'n, 's, 'a> {
    pub(super) node: &'n Node,
    pub(super) slots: &'s mut Slots<'a>,
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

/// The members of one object, as they come.
pub(super) struct Members<'n> {
    node: &'n Node,
    /// One bit a child: whether its key came already.
    seen: u64,
    /// None came yet.
    pub(super) first: bool,
}

impl<'n> Members<'n> {
    pub(super) const fn new(node: &'n Node) -> Self {
        Self {
            node,
            seen: 0,
            first: true,
        }
    }

    /// The place of a key among the children.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.node.place(key)
    }

    /// The name of the next member, before its value is read.
    #[inline]
    pub(super) fn name<'a>(&mut self, key: impl FnOnce() -> Cow<'a, str>, slots: &mut Slots<'a>) {
        if std::mem::take(&mut self.first)
            && let Some(slot) = self.node.key_name
        {
            set_name(slot, key, slots);
        }
    }

    /// What is read of the next member, by the place of its key among the children.
    #[inline]
    pub(super) fn child(
        &mut self,
        place: Option<usize>,
        slots: &mut Slots<'_>,
    ) -> Option<&'n Node> {
        let Some(at) = place else {
            return self.node.any_key.as_deref();
        };
        let child = &self.node.keys[at].1;
        let bit = 1u64.checked_shl(at as u32).unwrap_or(0);
        if self.seen & bit != 0 {
            slots.duplicates += 1;
            child.clear(slots);
        }
        self.seen |= bit;
        Some(child)
    }
}

/// Few profiles ask for the name of a key.
#[cold]
fn set_name<'a>(slot: usize, key: impl FnOnce() -> Cow<'a, str>, slots: &mut Slots<'a>) {
    slots.set(slot, Value::Text(key()));
}

fn visit_object<'de, A: MapAccess<'de>>(
    node: &Node,
    slots: &mut Slots<'de>,
    mut map: A,
) -> Result<(), A::Error> {
    let mut members = Members::new(node);
    while let Some(key) = map.next_key_seed(KeySeed)? {
        let place = members.place(&key);
        members.name(|| key, slots);
        match members.child(place, slots) {
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
        self.node.set(value, self.slots);
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.node.set(Value::Nested, self.slots);
        if self.node.is_leaf() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        visit_object(self.node, self.slots, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.node.set(Value::Nested, self.slots);
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
