//! Fields within the text of a group: JSON or logfmt that stands in a line of text.

use std::borrow::Cow;

use logbook_model::EventReject;

use super::json::Plan;
use super::logfmt;
use crate::profile::{Inner, Profile};
use crate::value::{Slots, Value};

/// What is read within the text of a group.
pub(super) struct InnerPlan<'p> {
    slot: usize,
    fields: InnerFields<'p>,
}

enum InnerFields<'p> {
    Json(Plan),
    Logfmt(Vec<(&'p str, usize)>),
}

impl<'p> InnerPlan<'p> {
    pub(super) fn new(slot: usize, inner: Inner, profile: &'p Profile) -> Self {
        let names = profile.fields.names();
        let prefix = format!("{}.", names[slot]);
        let within = names
            .iter()
            .enumerate()
            .filter_map(|(slot, name)| Some((slot, name.strip_prefix(&prefix)?)));
        let fields = match inner {
            Inner::Json => InnerFields::Json(Plan::new(within)),
            Inner::Logfmt => InnerFields::Logfmt(within.map(|(slot, key)| (key, slot)).collect()),
        };
        Self { slot, fields }
    }

    /// Fills the fields within the group, where the record has it.
    pub(super) fn fill(
        &mut self,
        slots: &mut Slots<'_>,
        depth: usize,
    ) -> Result<(), (EventReject, String)> {
        let Value::Text(Cow::Borrowed(text)) = *slots.get(self.slot) else {
            return Ok(());
        };
        match &mut self.fields {
            InnerFields::Json(plan) => plan.fill(text, depth, slots)?,
            InnerFields::Logfmt(keys) => {
                for (key, value) in logfmt::pairs(text) {
                    for (_, slot) in keys.iter().filter(|(wanted, _)| *wanted == key) {
                        slots.set(*slot, Value::Text(value.clone()));
                    }
                }
            }
        }
        Ok(())
    }
}
