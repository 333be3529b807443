//! Newline-delimited JSON: one object a line, or whole documents one after the other.

mod documents;

use std::io::Read;

use logbook_model::EventReject;

use super::json::Plan;
use crate::interpret::{Interpreter, Position};
use crate::lines::{Line, Lines};
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
        empty: Vec::new(),
        interpreter,
    };
    if rule.documents {
        documents::read(source, rule, objects)
    } else {
        lines(source, rule, objects)
    }
}

/// How many lines are read before what they say is taken: reading, and taking, each need most
/// of what a processor keeps at hand of a program, and so go on longer with it.
const BATCH: usize = 16;

/// Takes the texts of objects.
struct Objects<'p, 'o> {
    plan: Plan,
    slots: usize,
    empty: Vec<Slots<'static>>,
    interpreter: Interpreter<'p, 'o>,
}

/// What a text gave: the object's fields, or why it is refused.
struct Fields<'a> {
    slots: Slots<'a>,
    refused: Option<(EventReject, String)>,
}

impl Objects<'_, '_> {
    fn object(&mut self, at: Position, text: &str) {
        let read = self.read(text);
        self.take(at, read);
    }

    /// Reads what stands on some lines, and then takes it in their order.
    fn lines(&mut self, lines: &[Line<'_>]) {
        let mut read = Vec::with_capacity(lines.len());
        read.extend(lines.iter().map(|line| self.read_line(line)));
        for (line, read) in lines.iter().zip(read) {
            self.take(line.at(), read);
        }
    }

    fn read_line<'a>(&mut self, line: &'a Line<'_>) -> Fields<'a> {
        if !line.too_long {
            return self.read(&line.text);
        }
        let max_bytes = self.interpreter.limits().record_bytes;
        let detail = format!("longer than {max_bytes} bytes");
        Fields {
            slots: Slots::default(),
            refused: Some((EventReject::TooLong, detail)),
        }
    }

    fn read<'a>(&mut self, text: &'a str) -> Fields<'a> {
        let depth = self.interpreter.limits().depth;
        let mut slots = self.empty.pop().unwrap_or_default().reuse(self.slots);
        let refused = self.plan.fill(text, depth, &mut slots).err();
        Fields { slots, refused }
    }

    fn take(&mut self, at: Position, read: Fields<'_>) {
        match read.refused {
            None => self.interpreter.record(at, &read.slots),
            Some((reason, detail)) => self.interpreter.reject(at, reason, detail),
        }
        self.empty.push(read.slots.retire());
    }
}

fn lines(
    source: impl Read,
    rule: &NdjsonRule,
    mut objects: Objects<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let max_bytes = objects.interpreter.limits().record_bytes;
    let mut lines = Lines::new(source, max_bytes);
    lines.each_block(|mut block| {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            batch.extend(block.by_ref().take(BATCH));
            if batch.is_empty() {
                return;
            }
            let repaired = batch.iter().filter(|line| line.repaired);
            repaired.for_each(|_| objects.interpreter.repaired());
            let blank = |text: &str| text.trim_ascii_start().is_empty();
            batch.retain(|line| !rule.is_comment(&line.text) && !blank(&line.text));
            objects.lines(&batch);
        }
    })?;
    let bytes = lines.offset();
    objects.interpreter.finish(bytes)
}
