//! Conditions on a record.

use logbook_model::Level;

use super::pattern::Pattern;
use crate::value::{SlotSet, Slots, Value};

/// What is known of a record when a rule asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'s, 'a> {
    pub(crate) slots: &'s Slots<'a>,
    pub(crate) level: Level,
    pub(crate) line: u64,
}

/// One condition.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) slot: usize,
    pub(crate) test: Test,
}

/// What a condition asks of its field.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Equals(Box<str>),
    OneOf(Vec<Box<str>>),
    Not(Box<str>),
    Contains(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Matches(Box<Pattern>),
    Exists(bool),
    LevelAtLeast(Level),
    Line(u64),
}

/// Several conditions, all of which must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct All {
    /// Without these fields it cannot hold. Most rules ask for one that most records do not
    /// have.
    needs: SlotSet,
    conditions: Vec<Condition>,
}

/// Several rules, one of which must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Any(pub(crate) Vec<All>);

impl Any {
    #[inline]
    pub(crate) fn holds(&self, subject: Subject<'_, '_>) -> bool {
        self.0.iter().any(|all| all.holds(subject))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl All {
    pub(crate) fn new(conditions: Vec<Condition>) -> Self {
        let mut needs = SlotSet::default();
        for condition in &conditions {
            if !condition.test.may_hold_without_field() {
                needs.insert(condition.slot);
            }
        }
        Self { needs, conditions }
    }

    #[inline]
    pub(crate) fn holds(&self, subject: Subject<'_, '_>) -> bool {
        let mut conditions = self.conditions.iter();
        self.needs.may_be_within(subject.slots.filled())
            && conditions.all(|condition| condition.holds(subject))
    }
}

impl Test {
    const fn may_hold_without_field(&self) -> bool {
        matches!(
            self,
            Self::Not(_) | Self::Exists(_) | Self::LevelAtLeast(_) | Self::Line(_)
        )
    }
}

impl Condition {
    fn holds(&self, subject: Subject<'_, '_>) -> bool {
        let value = subject.slots.get(self.slot);
        match &self.test {
            Test::Equals(want) => text_is(value, |text| text == &**want),
            Test::OneOf(any) => text_is(value, |text| any.iter().any(|want| text == &**want)),
            Test::Not(want) => !text_is(value, |text| text == &**want),
            Test::Contains(part) => text_is(value, |text| text.contains(&**part)),
            Test::Prefix(part) => text_is(value, |text| text.starts_with(&**part)),
            Test::Suffix(part) => text_is(value, |text| text.ends_with(&**part)),
            Test::Matches(pattern) => text_is(value, |text| pattern.is_match(text)),
            Test::Exists(want) => value.is_some() == *want,
            Test::LevelAtLeast(level) => subject.level >= *level,
            Test::Line(line) => subject.line == *line,
        }
    }
}

#[inline]
fn text_is(value: &Value<'_>, test: impl FnOnce(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => test(text),
        Value::Absent | Value::Null | Value::Nested => false,
        other => other.to_text().is_some_and(|text| test(&text)),
    }
}
