//! Scalars: texts, 64-bit integers, numbers, severities; each may be `null`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, Unexpected, Visitor};

use crate::family::otlp::scalar::{MAX_SEVERITY, severity_of_name};

/// A refusal whose text tells its reason.
pub(super) fn broken<E: Error>(detail: &str) -> E {
    E::custom(format_args!("broken: {detail}"))
}

fn out_of_range<E: Error>(detail: &str) -> E {
    E::custom(format_args!("out of range: {detail}"))
}

/// Reads a text, borrowed where it has no escape, or `null`.
pub(super) struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Option<Cow<'de, str>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }
}

/// Reads a 64-bit integer, written as a text or as a number; `null` is 0.
pub(super) struct Int<T>(PhantomData<T>);

impl<T> Int<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: TryFrom<i128>> DeserializeSeed<'de> for Int<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn ranged<T: TryFrom<i128>, E: Error>(number: i128) -> Result<T, E> {
    T::try_from(number).map_err(|_| out_of_range("an integer that its field cannot hold"))
}

impl<T: TryFrom<i128>> Visitor<'_> for Int<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        ranged(0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        ranged(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        ranged(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 {
            return Err(E::invalid_type(Unexpected::Float(number), &self));
        }
        // Saturates, and what saturates no field can hold.
        ranged(number as i128)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if let Ok(number) = text.parse::<i128>() {
            return ranged(number);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(out_of_range("an integer that its field cannot hold"));
        }
        Err(broken("an integer is expected"))
    }
}

/// Reads a number, or one of the texts that stand for numbers; `null` is 0.
pub(super) struct Double;

impl<'de> DeserializeSeed<'de> for Double {
    type Value = f64;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Double {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_unit<E>(self) -> Result<f64, E> {
        Ok(0.0)
    }

    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        text.parse().map_err(|_| broken("a number is expected"))
    }
}

/// Reads a severity: its number, or its name; `null` is 0.
pub(super) struct Severity;

impl<'de> DeserializeSeed<'de> for Severity {
    type Value = u64;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Severity {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a severity")
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        if number > MAX_SEVERITY {
            return Err(out_of_range("its severityNumber is not from 0 to 24"));
        }
        Ok(number)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<u64, E> {
        Err(out_of_range("its severityNumber is not from 0 to 24"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        self.visit_u64(Int::<u64>::new().visit_f64(number)?)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        match text.parse::<u64>() {
            Ok(number) => self.visit_u64(number),
            Err(_) => severity_of_name(text).ok_or_else(|| broken("its severity has no such name")),
        }
    }
}
