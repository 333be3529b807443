//! Values of a record's fields, borrowed from the record.

use std::borrow::Cow;
use std::fmt::Write;

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value<'a> {
    /// The record has no such field.
    #[default]
    Absent,
    /// The field is there and holds nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A negative integer.
    Int(i64),
    /// A non-negative integer.
    Uint(u64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// An object or an array.
    Nested,
}

impl<'a> Value<'a> {
    /// Text borrowed from the record; empty text is a value too.
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Whether the field holds something: neither absent nor null.
    pub(crate) const fn is_some(&self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }

    /// Whether the field holds something that can be written as non-empty text.
    #[inline]
    pub(crate) fn has_text(&self) -> bool {
        match self {
            Self::Absent | Self::Null | Self::Nested => false,
            Self::Text(text) => !text.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Uint(_) | Self::Float(_) => true,
        }
    }

    /// The value as text; `None` where there is no such form (absent, null, nested).
    pub(crate) fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Absent | Self::Null | Self::Nested => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            other => {
                let mut out = String::new();
                other.write_to(&mut out);
                Some(Cow::Owned(out))
            }
        }
    }

    /// Appends the value as text.
    pub(crate) fn write_to(&self, out: &mut String) {
        let written = match self {
            Self::Absent | Self::Null | Self::Nested => Ok(()),
            Self::Bool(b) => write!(out, "{b}"),
            Self::Int(n) => write!(out, "{n}"),
            Self::Uint(n) => write!(out, "{n}"),
            Self::Float(n) => write!(out, "{n}"),
            Self::Text(text) => {
                out.push_str(text);
                Ok(())
            }
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    /// The value as a number; text is read as one.
    pub(crate) fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Uint(n) => Some(*n as f64),
            Self::Float(n) => Some(*n),
            Self::Text(text) => {
                let text = text.trim();
                let number: f64 = match text.parse() {
                    Ok(number) => number,
                    Err(_) => text.replacen(',', ".", 1).parse().ok()?,
                };
                number.is_finite().then_some(number)
            }
            Self::Absent | Self::Null | Self::Nested | Self::Bool(_) => None,
        }
    }

    /// The value as a non-negative integer; text is read as one.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        match self {
            Self::Uint(n) => Some(*n),
            Self::Int(n) => u64::try_from(*n).ok(),
            Self::Float(n) if *n >= 0.0 && *n < u64::MAX as f64 && n.fract() == 0.0 => {
                Some(*n as u64)
            }
            Self::Text(text) => match text.trim().parse() {
                Ok(number) => Some(number),
                Err(_) => Self::Float(self.to_f64()?).to_u64(),
            },
            _ => None,
        }
    }
}

/// A text without blanks before and after it. Most texts have none, and begin and end in ASCII.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// A set of slots, in one word. Slots from the last bit's on share that bit: of them it tells
/// only that there may be some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SlotSet(u64);

/// The first slot whose bit is shared.
const SHARED: usize = 63;

impl SlotSet {
    /// Only this slot.
    #[inline]
    pub(crate) const fn of(slot: usize) -> Self {
        Self(1 << if slot < SHARED { slot } else { SHARED })
    }

    /// All slots.
    pub(crate) const fn all() -> Self {
        Self(u64::MAX)
    }

    /// The slots of either.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Adds a slot.
    #[inline]
    pub(crate) const fn insert(&mut self, slot: usize) {
        self.0 |= Self::of(slot).0;
    }

    /// Whether some slot may be in both.
    #[inline]
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all slots may be in the other as well.
    #[inline]
    pub(crate) const fn may_be_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// The values of one record, by slot.
///
/// The buffers are used again for every record: [`Slots::retire`] empties them, and
/// [`Slots::reuse`] makes them ready for the next.
#[derive(Debug, Default)]
pub(crate) struct Slots<'a> {
    /// What was set, as it came.
    values: Vec<Value<'a>>,
    /// The slots that were set. Records have few of the fields that a profile may read.
    filled: SlotSet,
    /// For each slot that was set, one more than its value's place. Where the slot's bit is
    /// shared, 0 says that it was not set.
    places: Vec<u32>,
    /// How often a slot was set that had been set before.
    pub duplicates: u32,
}

impl<'a> Slots<'a> {
    /// Empty slots, reusing the memory of `self`.
    #[must_use]
    #[inline]
    pub(crate) fn reuse(mut self, slots: usize) -> Self {
        self.values.clear();
        self.filled = SlotSet::default();
        self.places.resize(slots, 0);
        if slots > SHARED {
            self.places[SHARED..].fill(0);
        }
        self.duplicates = 0;
        self
    }

    /// Gives back the memory, which borrows from no record any more.
    #[inline]
    pub(crate) fn retire(mut self) -> Slots<'static> {
        self.values.clear();
        Slots {
            // Maps no element: the allocation is taken over as it is.
            values: self.values.into_iter().map(|_| Value::Absent).collect(),
            places: self.places,
            filled: SlotSet::default(),
            duplicates: 0,
        }
    }

    /// The value in a slot.
    #[inline]
    pub(crate) fn get(&self, slot: usize) -> &Value<'a> {
        static ABSENT: Value<'static> = Value::Absent;
        if self.has(slot) {
            &self.values[self.places[slot] as usize - 1]
        } else {
            &ABSENT
        }
    }

    /// Whether nothing was set.
    pub(crate) const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The slots that were set, and maybe some that were unset again.
    #[inline]
    pub(crate) const fn filled(&self) -> SlotSet {
        self.filled
    }

    /// Whether a slot was set.
    #[inline]
    pub(crate) fn has(&self, slot: usize) -> bool {
        if slot < SHARED {
            self.filled.0 >> slot & 1 == 1
        } else {
            self.has_of_shared(slot)
        }
    }

    #[cold]
    fn has_of_shared(&self, slot: usize) -> bool {
        self.places.get(slot).is_some_and(|&place| place > 0)
    }

    /// The first of several slots that holds a text or a number.
    #[inline]
    pub(crate) fn first_with_text(&self, slots: &[usize]) -> Option<&Value<'a>> {
        slots
            .iter()
            .map(|&slot| self.get(slot))
            .find(|value| value.has_text())
    }

    /// Sets a slot; the last value wins, and the earlier one is counted.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "a tenth of the time goes into calls of it"
    )]
    pub(crate) fn set(&mut self, slot: usize, value: Value<'a>) {
        if self.has(slot) {
            self.set_again(slot, value);
        } else if let Some(place) = self.places.get_mut(slot) {
            self.values.push(value);
            *place = self.values.len() as u32;
            self.filled.insert(slot);
        }
    }

    #[cold]
    fn set_again(&mut self, slot: usize, value: Value<'a>) {
        self.duplicates += 1;
        self.values[self.places[slot] as usize - 1] = value;
    }

    /// Forgets what a slot holds.
    pub(crate) fn unset(&mut self, slot: usize) {
        if slot < SHARED {
            self.filled.0 &= !SlotSet::of(slot).0;
        } else if let Some(place) = self.places.get_mut(slot) {
            *place = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_holds_what_was_last_set_however_many_there_are() {
        let mut slots = Slots::default().reuse(80);
        for slot in [0, 62, 63, 64, 79] {
            assert_eq!(slots.get(slot), &Value::Absent);
            slots.set(slot, Value::Uint(1));
            slots.set(slot, Value::Uint(slot as u64));
        }
        for slot in [0, 62, 63, 64, 79] {
            assert_eq!(slots.get(slot), &Value::Uint(slot as u64));
            assert!(SlotSet::of(slot).may_be_within(slots.filled()));
        }
        assert!(!slots.has(1) && !slots.has(65) && !slots.has(80) && !slots.has(usize::MAX));
        assert!(!SlotSet::of(1).meets(slots.filled()));
        assert_eq!(slots.duplicates, 5);
        slots.unset(62);
        slots.unset(64);
        assert!(!slots.has(62) && slots.has(63) && !slots.has(64) && slots.has(79));
        let again = slots.retire().reuse(80);
        assert!((0..81).all(|slot| !again.has(slot)) && again.is_empty());
    }
}
