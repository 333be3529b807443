//! Protobuf's wire format, in a slice.

use std::borrow::Cow;

use logbook_model::EventReject;

use crate::family::otlp::scalar::Refused;

/// How a field's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Fixed64,
    Bytes,
    Fixed32,
}

/// Splits a tag into field number and wire type; `None` where there is no such tag. Groups are
/// not known: no version of OTLP has them.
pub(super) const fn split_tag(tag: u64) -> Option<(u32, WireType)> {
    let kind = match tag & 7 {
        0 => WireType::Varint,
        1 => WireType::Fixed64,
        2 => WireType::Bytes,
        5 => WireType::Fixed32,
        _ => return None,
    };
    let field = tag >> 3;
    if field == 0 || field >= 1 << 29 {
        return None;
    }
    Some((field as u32, kind))
}

/// A varint at the beginning of some bytes, and its length. `Ok(None)` where the bytes end
/// before it does, `Err` where it has more than 64 bits.
pub(super) fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, ()> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        if at == 9 && *byte > 1 {
            return Err(());
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    Ok(None)
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message that is in memory as a whole.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a>(&'a [u8]);

pub(super) fn broken(detail: &'static str) -> Refused {
    (EventReject::Broken, Cow::Borrowed(detail))
}

impl<'a> Fields<'a> {
    pub(super) const fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// The next field, by its number; `None` at the message's end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, Refused> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let (number, kind) = split_tag(tag).ok_or_else(|| broken("a tag of no known kind"))?;
        let field = match kind {
            WireType::Varint => Field::Varint(self.varint()?),
            WireType::Fixed64 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            WireType::Fixed32 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            WireType::Bytes => {
                let length = self.varint()?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Field::Bytes(self.bytes(length)?)
            }
        };
        Ok(Some((number, field)))
    }

    fn varint(&mut self) -> Result<u64, Refused> {
        match varint(self.0) {
            Ok(Some((value, length))) => {
                self.0 = &self.0[length..];
                Ok(value)
            }
            Ok(None) => Err(broken("a message ends within a field")),
            Err(()) => Err(broken("a varint of more than 64 bits")),
        }
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Refused> {
        let Some((bytes, rest)) = self.0.split_at_checked(length) else {
            return Err(broken("a field is longer than its message"));
        };
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let bytes = self.bytes(N)?;
        bytes
            .try_into()
            .map_err(|_| broken("a message ends within a field"))
    }
}

impl<'a> Field<'a> {
    /// The bytes of a field that must have them.
    pub(super) fn bytes(self) -> Result<&'a [u8], Refused> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(wrong_type()),
        }
    }

    /// The integer of a field that must be a varint.
    pub(super) fn varint(self) -> Result<u64, Refused> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(wrong_type()),
        }
    }

    /// The eight bytes of a field that must have them.
    pub(super) fn fixed64(self) -> Result<u64, Refused> {
        match self {
            Self::Fixed64(number) => Ok(number),
            _ => Err(wrong_type()),
        }
    }

    /// The text of a field that must be one; whether it had to be repaired is added.
    pub(super) fn text(self, repaired: &mut bool) -> Result<Cow<'a, str>, Refused> {
        let (text, mended) = crate::lines::repair(self.bytes()?);
        *repaired |= mended;
        Ok(text)
    }
}

fn wrong_type() -> Refused {
    broken("a field of the wrong wire type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_at_most_64_bits() {
        assert_eq!(varint(&[0xac, 0x02, 9]), Ok(Some((300, 2))));
        assert_eq!(varint(&[0x80]), Ok(None));
        let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&max), Ok(Some((u64::MAX, 10))));
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(varint(&over), Err(()));
    }
}
