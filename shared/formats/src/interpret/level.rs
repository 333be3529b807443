//! The level of a record.

use logbook_model::Level;

use crate::profile::{LevelRule, Scale};
use crate::value::{Slots, Value, trimmed};

pub(super) fn level_of(rule: &LevelRule, slots: &Slots<'_>) -> Level {
    let known = rule.slots.iter().find_map(|&slot| {
        let value = slots.get(slot);
        if !value.has_text() {
            return None;
        }
        let level = one_level(rule, value);
        (level != Some(Level::Unspecified))
            .then_some(level)
            .flatten()
    });
    known.unwrap_or(rule.default)
}

fn one_level(rule: &LevelRule, value: &Value<'_>) -> Option<Level> {
    if let Some(scale) = rule.scale
        && let Some(number) = value.to_u64()
    {
        return by_scale(scale, number);
    }
    match value {
        Value::Text(text) => by_name(rule, text),
        other => by_name(rule, &other.to_text()?),
    }
}

fn by_name(rule: &LevelRule, text: &str) -> Option<Level> {
    let text = trimmed(text);
    if !rule.map.is_empty() {
        let mapped = match rule.map.get(text) {
            None if text.bytes().any(|b| b.is_ascii_uppercase()) => {
                rule.map.get(&text.to_ascii_lowercase())
            }
            found => found,
        };
        if let Some(&level) = mapped {
            return Some(level);
        }
    }
    Level::from_text(text)
}

fn by_scale(scale: Scale, number: u64) -> Option<Level> {
    match scale {
        Scale::SeverityNumber => Level::from_severity_number(number),
        Scale::Syslog => Some(match number {
            0..=2 => Level::Fatal,
            3 => Level::Error,
            4 => Level::Warn,
            5 | 6 => Level::Info,
            7 => Level::Debug,
            _ => return None,
        }),
        Scale::Bunyan => Some(match number {
            0 => return None,
            1..=10 => Level::Trace,
            11..=20 => Level::Debug,
            21..=30 => Level::Info,
            31..=40 => Level::Warn,
            41..=50 => Level::Error,
            _ => Level::Fatal,
        }),
        Scale::Python => Some(match number {
            0 => return None,
            1..=9 => Level::Trace,
            10..=19 => Level::Debug,
            20..=29 => Level::Info,
            30..=39 => Level::Warn,
            40..=49 => Level::Error,
            _ => Level::Fatal,
        }),
    }
}
