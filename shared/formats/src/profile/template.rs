//! Texts with fields in them: `{group.id}/{event.id}`.

use std::borrow::Cow;

use crate::value::{SlotSet, Slots, Value};

use super::fields::FieldTable;

/// A compiled template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<TemplatePart>,
    /// The first slot among them.
    first: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Slot(usize),
}

impl Template {
    /// A template that is one field.
    pub(crate) fn field(field: &str, fields: &mut FieldTable) -> Result<Self, String> {
        let first = fields.slot(field)?;
        let parts = vec![TemplatePart::Slot(first)];
        Ok(Self { parts, first })
    }

    /// Compiles a text; `{{` and `}}` stand for braces.
    pub(crate) fn compile(text: &str, fields: &mut FieldTable) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    literal.push('{');
                }
                '}' if chars.peek() == Some(&'}') => {
                    chars.next();
                    literal.push('}');
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => name.push(c),
                            None => return Err(format!("{{{name} has no closing brace")),
                        }
                    }
                    if !literal.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(TemplatePart::Slot(fields.slot(&name)?));
                }
                '}' => return Err("a closing brace without an opening one: write }}".to_owned()),
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(TemplatePart::Text(literal));
        }
        let first = parts.iter().find_map(|part| match part {
            TemplatePart::Text(_) => None,
            TemplatePart::Slot(slot) => Some(*slot),
        });
        let first = first
            .ok_or_else(|| format!("{text:?} names no field: write one in braces, as in {{id}}"))?;
        Ok(Self { parts, first })
    }

    /// Whether a record has the first of its fields at all.
    #[inline]
    pub(crate) fn may_fit(&self, slots: &Slots<'_>) -> bool {
        slots.has(self.first)
    }

    /// The first of its fields.
    pub(crate) const fn first_field(&self) -> SlotSet {
        SlotSet::of(self.first)
    }

    /// Its text for a record, where it is simply a field's that is text and not empty.
    #[inline]
    pub(crate) fn plain<'s>(&self, slots: &'s Slots<'_>) -> Option<&'s str> {
        match (self.parts.as_slice(), slots.get(self.first)) {
            ([TemplatePart::Slot(_)], Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether all of its fields have a text.
    pub(crate) fn fits(&self, slots: &Slots<'_>) -> bool {
        self.parts.iter().all(|part| match part {
            TemplatePart::Text(_) => true,
            TemplatePart::Slot(slot) => slots.get(*slot).has_text(),
        })
    }

    /// The text for a record, borrowed where it is simply a field's.
    pub(crate) fn text<'s>(&self, slots: &'s Slots<'_>) -> Option<Cow<'s, str>> {
        if let [TemplatePart::Slot(slot)] = self.parts.as_slice() {
            let value = slots.get(*slot);
            return if value.has_text() {
                value.to_text()
            } else {
                None
            };
        }
        let mut text = String::new();
        self.render(slots, &mut text)?;
        Some(Cow::Owned(text))
    }

    /// The text for a record; `None` where one of the fields has none. `scratch` is used when
    /// the text is not simply a field's.
    pub(crate) fn render<'s>(
        &self,
        slots: &'s Slots<'_>,
        scratch: &'s mut String,
    ) -> Option<Cow<'s, str>> {
        if let [TemplatePart::Slot(slot)] = self.parts.as_slice() {
            let value = slots.get(*slot);
            return if value.has_text() {
                value.to_text()
            } else {
                None
            };
        }
        scratch.clear();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => scratch.push_str(text),
                TemplatePart::Slot(slot) => {
                    let value = slots.get(*slot);
                    if !value.has_text() {
                        return None;
                    }
                    value.write_to(scratch);
                }
            }
        }
        Some(Cow::Borrowed(scratch))
    }
}
