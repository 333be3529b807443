//! Newline-delimited JSON: one object a line, or whole documents one after the other.

mod documents;

use std::io::Read;

use logbook_model::EventReject;

use super::json::Plan;
use crate::interpret::{Interpreter, Position};
use crate::lines::Lines;
use crate::log::{ParsedLog, ReadError};
use crate::profile::NdjsonRule;
use crate::value::Slots;

pub(super) fn read(
    source: impl Read,
    rule: &NdjsonRule,
    interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let fields = &interpreter.profile().fields;
    let paths = fields.names().iter().map(|name| &**name).enumerate();
    let objects = Objects {
        plan: Plan::new(paths),
        slots: fields.len(),
        empty: Slots::default(),
        interpreter,
    };
    if rule.documents {
        documents::read(source, rule, objects)
    } else {
        lines(source, rule, objects)
    }
}

/// Takes the texts of objects.
struct Objects<'p, 'o> {
    plan: Plan,
    slots: usize,
    empty: Slots<'static>,
    interpreter: Interpreter<'p, 'o>,
}

impl Objects<'_, '_> {
    fn object(&mut self, at: Position, text: &str) {
        let depth = self.interpreter.limits().depth;
        let mut slots = std::mem::take(&mut self.empty).reuse(self.slots);
        match self.plan.fill(text, depth, &mut slots) {
            Ok(()) => self.interpreter.record(at, &slots),
            Err((reason, detail)) => self.interpreter.reject(at, reason, detail),
        }
        self.empty = slots.retire();
    }
}

fn lines(
    source: impl Read,
    rule: &NdjsonRule,
    mut objects: Objects<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let max_bytes = objects.interpreter.limits().record_bytes;
    let mut lines = Lines::new(source, max_bytes);
    lines.each(|line| {
        if line.repaired {
            objects.interpreter.repaired();
        }
        let at = line.at();
        if rule.is_comment(&line.text) || line.text.trim_ascii_start().is_empty() {
            return;
        }
        if line.too_long {
            let detail = format!("longer than {max_bytes} bytes");
            objects.interpreter.reject(at, EventReject::TooLong, detail);
        } else {
            objects.object(at, &line.text);
        }
    })?;
    let bytes = lines.offset();
    objects.interpreter.finish(bytes)
}
