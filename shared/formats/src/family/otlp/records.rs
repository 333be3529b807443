//! From the bytes of a record, a resource or a scope to the interpreter.

use std::borrow::Cow;

use logbook_model::EventReject;

use super::plan::Plan;
use super::scalar::Refused;
use super::{json, proto};
use crate::interpret::{Interpreter, Position};
use crate::limits::Limits;
use crate::value::{Slots, Value};

/// Whose records come now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Resource,
    Scope,
}

/// How a slice is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Protobuf,
}

/// What a resource or a scope says: read once, lent to each of its records.
#[derive(Debug)]
struct Said {
    /// The bytes it was read from, so that the same again need not be read again.
    bytes: Vec<u8>,
    values: Result<Vec<(usize, Value<'static>)>, Refused>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            values: Ok(Vec::new()),
        }
    }
}

/// Takes the records of one log with the resource and the scope that they belong to.
pub(super) struct Records<'p, 'o> {
    plan: Plan,
    interpreter: Interpreter<'p, 'o>,
    resource: Said,
    scope: Said,
    empty: Slots<'static>,
}

impl<'p, 'o> Records<'p, 'o> {
    pub(super) fn new(interpreter: Interpreter<'p, 'o>) -> Self {
        Self {
            plan: Plan::new(&interpreter.profile().fields),
            interpreter,
            resource: Said::default(),
            scope: Said::default(),
            empty: Slots::default(),
        }
    }

    pub(super) const fn limits(&self) -> &'p Limits {
        self.interpreter.limits()
    }

    pub(super) fn into_interpreter(self) -> Interpreter<'p, 'o> {
        self.interpreter
    }

    /// A record that cannot be read at all.
    pub(super) fn reject(&mut self, at: Position, reason: EventReject, detail: &str) {
        self.interpreter.reject(at, reason, detail.to_owned());
    }

    /// The detail of [`EventReject::TooLong`].
    pub(super) fn too_long(&self) -> String {
        format!("longer than {} bytes", self.limits().record_bytes)
    }

    /// The detail of [`EventReject::TooDeep`].
    pub(super) fn too_deep(&self) -> String {
        format!("nested deeper than {}", self.limits().depth)
    }

    /// The records that come now say nothing of their resource, or scope.
    pub(super) fn forget(&mut self, owner: Owner) {
        // An owner without anything reads as the empty slice does, in both encodings.
        self.own(owner, Form::Protobuf, &[]);
    }

    /// The resource, or the scope, of the records that come now.
    pub(super) fn own(&mut self, owner: Owner, form: Form, bytes: &[u8]) {
        let held = match owner {
            Owner::Resource => &self.resource,
            Owner::Scope => &self.scope,
        };
        if held.values.is_ok() && !bytes.is_empty() && held.bytes == bytes {
            return;
        }
        let values = self.read_owner(owner, form, bytes);
        let said = Said {
            bytes: bytes.to_vec(),
            values,
        };
        *self.held_mut(owner) = said;
    }

    /// The resource, or the scope, cannot be read, and so cannot its records.
    pub(super) fn own_none(&mut self, owner: Owner, reason: EventReject, detail: String) {
        *self.held_mut(owner) = Said {
            bytes: Vec::new(),
            values: Err((reason, detail.into())),
        };
    }

    /// Whether a profile reads anything of what the resource, or the scope, says; also if it
    /// cannot be read.
    pub(super) const fn says_anything(&self, owner: Owner) -> bool {
        let said = match owner {
            Owner::Resource => &self.resource,
            Owner::Scope => &self.scope,
        };
        match &said.values {
            Ok(values) => !values.is_empty(),
            Err(_) => true,
        }
    }

    fn held_mut(&mut self, owner: Owner) -> &mut Said {
        match owner {
            Owner::Resource => &mut self.resource,
            Owner::Scope => &mut self.scope,
        }
    }

    fn read_owner(
        &mut self,
        owner: Owner,
        form: Form,
        bytes: &[u8],
    ) -> Result<Vec<(usize, Value<'static>)>, Refused> {
        let mut slots = Slots::default().reuse(self.plan.slots);
        let (plan, depth) = (&self.plan, self.interpreter.limits().depth);
        let mut repaired = false;
        let text;
        match form {
            Form::Protobuf => {
                proto::read_owner(plan, owner, bytes, depth, &mut slots, &mut repaired)
            }
            Form::Json => {
                (text, repaired) = crate::lines::repair(bytes);
                json::read_owner(plan, owner, &text, &mut slots)
            }
        }?;
        if repaired {
            self.interpreter.repaired();
        }
        let held: Vec<usize> = match owner {
            Owner::Resource => plan.of_resource().collect(),
            Owner::Scope => plan.of_scope().collect(),
        };
        let values = held.into_iter().map(|slot| (slot, owned(slots.get(slot))));
        Ok(values
            .filter(|(_, value)| *value != Value::Absent)
            .collect())
    }

    /// One log record.
    pub(super) fn record(&mut self, at: Position, form: Form, bytes: &[u8]) {
        let said = match (&self.resource.values, &self.scope.values) {
            (Ok(resource), Ok(scope)) => resource.iter().chain(scope),
            (Err((reason, detail)), _) => {
                let detail = format!("its resource is refused: {detail}");
                return self.interpreter.reject(at, *reason, detail);
            }
            (_, Err((reason, detail))) => {
                let detail = format!("its scope is refused: {detail}");
                return self.interpreter.reject(at, *reason, detail);
            }
        };
        let mut slots = std::mem::take(&mut self.empty).reuse(self.plan.slots);
        for (slot, value) in said {
            slots.set(*slot, borrowed(value));
        }
        let depth = self.interpreter.limits().depth;
        let mut repaired = false;
        let text;
        let read = match form {
            Form::Protobuf => {
                proto::read_record(&self.plan, bytes, depth, &mut slots, &mut repaired)
            }
            Form::Json => {
                (text, repaired) = crate::lines::repair(bytes);
                json::read_record(&self.plan, &text, &mut slots)
            }
        };
        if repaired {
            self.interpreter.repaired();
        }
        match read {
            Ok(()) => self.interpreter.record(at, &slots),
            Err((reason, detail)) => self.interpreter.reject(at, reason, detail.into_owned()),
        }
        self.empty = slots.retire();
    }
}

fn owned(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Absent => Value::Absent,
        Value::Null => Value::Null,
        Value::Bool(b) => Value::Bool(*b),
        Value::Int(n) => Value::Int(*n),
        Value::Uint(n) => Value::Uint(*n),
        Value::Float(n) => Value::Float(*n),
        Value::Text(text) => Value::Text(Cow::Owned(text.clone().into_owned())),
        Value::Nested => Value::Nested,
    }
}

fn borrowed<'a>(value: &'a Value<'static>) -> Value<'a> {
    match value {
        Value::Text(text) => Value::text(text),
        other => other.clone(),
    }
}
