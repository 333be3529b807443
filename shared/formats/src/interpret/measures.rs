//! The name, the count and the duration of a record, and what is kept of it as it is.

use std::borrow::Cow;

use logbook_model::{Event, EventReject};

use super::{Refusal, refuse};
use crate::profile::template::Template;
use crate::profile::{DurationRule, Profile, Unit};
use crate::value::{Slots, Value, trimmed};

/// Longest duration believed, in microseconds: ten years.
const MAX_DURATION_US: u64 = 10 * 366 * 86_400_000_000;
/// Most occurrences one row may stand for.
const MAX_COUNT: u64 = 1_000_000_000_000;

pub(super) fn name_of<'s>(
    profile: &'s Profile,
    slots: &'s Slots<'_>,
    scratch: &'s mut String,
) -> Result<Cow<'s, str>, Refusal> {
    let templates = &profile.name.templates;
    // What most profiles say, and most records have.
    if let Some(plain) = templates.first().and_then(|first| first.plain(slots)) {
        let name = Event::bounded_name(trimmed(plain));
        if !name.is_empty() {
            return Ok(name);
        }
    }
    let fits = templates.iter().find(|template| template.fits(slots));
    let name = match fits.and_then(|template| template.render(slots, scratch)) {
        Some(Cow::Borrowed(name)) => Event::bounded_name(trimmed(name)),
        Some(Cow::Owned(name)) => Cow::Owned(Event::bounded_name(trimmed(&name)).into_owned()),
        None => Cow::Borrowed(""),
    };
    if !name.is_empty() {
        return Ok(name);
    }
    match &profile.name.default {
        Some(default) => Ok(Cow::Borrowed(default)),
        None => refuse(
            EventReject::NoName,
            "none of the fields that name an event is there",
        ),
    }
}

pub(super) fn count_of(slots_of: &[usize], slots: &Slots<'_>) -> Result<u64, Refusal> {
    match slots.first_with_text(slots_of).map(Value::to_u64) {
        None => Ok(1),
        Some(Some(count)) if count <= MAX_COUNT => Ok(count),
        Some(_) => refuse(
            EventReject::OutOfRange,
            format!("its count is no whole number from 0 to {MAX_COUNT}"),
        ),
    }
}

pub(super) fn duration_of(
    rule: Option<&DurationRule>,
    slots: &Slots<'_>,
) -> Result<Option<u64>, Refusal> {
    let Some(rule) = rule else { return Ok(None) };
    let Some(value) = slots.first_with_text(&rule.slots) else {
        return Ok(None);
    };
    let us = match (value, rule.unit) {
        (Value::Uint(number), Unit::S) => number.checked_mul(1_000_000),
        (Value::Uint(number), Unit::Ms) => number.checked_mul(1_000),
        (Value::Uint(number), Unit::Us) => Some(*number),
        (_, unit) => value.to_f64().and_then(|number| rounded_us(number, unit)),
    };
    match us {
        Some(us) if us <= MAX_DURATION_US => Ok(Some(us)),
        _ => refuse(
            EventReject::OutOfRange,
            "its duration is no number from 0 to ten years",
        ),
    }
}

fn rounded_us(number: f64, unit: Unit) -> Option<u64> {
    let factor = match unit {
        Unit::S => 1e6,
        Unit::Ms => 1e3,
        Unit::Us => 1.0,
        Unit::Ns => 1e-3,
    };
    let us = number * factor;
    let believed = (0.0..=MAX_DURATION_US as f64).contains(&us);
    believed.then(|| us.round() as u64)
}

#[inline]
pub(super) fn first_text<'s>(templates: &[Template], slots: &'s Slots<'_>) -> Option<Cow<'s, str>> {
    if let Some(plain) = templates.first()?.plain(slots) {
        return Some(Cow::Borrowed(plain));
    }
    templates.iter().find_map(|template| template.text(slots))
}

pub(super) fn attributes_of(profile: &Profile, slots: &Slots<'_>) -> Vec<(String, String)> {
    let kept = profile.attributes.iter();
    kept.filter_map(|(name, slot)| {
        let text = slots.get(*slot).to_text()?;
        Some((name.clone(), text.into_owned()))
    })
    .collect()
}
