//! Which of OTLP's fields a profile reads, and where their values go.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::profile::fields::FieldTable;

/// The slots of the fields that a profile names.
///
/// The names are `time` (`timeUnixNano`, else `observedTimeUnixNano`; in nanoseconds),
/// `eventName`, `severityNumber`, `severityText`, `traceId`, `spanId`, `body`, `body.<key>`,
/// `attributes.<key>`, `resource.<key>`, `scope.name`, `scope.version` and
/// `scope.attributes.<key>`, and `@resource`: what tells a resource from all others, made of all
/// its attributes. A key may have dots; after a key that holds a list of keys and values, a dot
/// and one of these keys lead into it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) slots: usize,
    pub(super) time: Option<usize>,
    pub(super) event_name: Option<usize>,
    pub(super) severity_number: Option<usize>,
    pub(super) severity_text: Option<usize>,
    pub(super) trace_id: Option<usize>,
    pub(super) span_id: Option<usize>,
    pub(super) body: Option<usize>,
    pub(super) in_body: Keys,
    pub(super) attributes: Keys,
    pub(super) resource_identity: Option<usize>,
    pub(super) resource: Keys,
    pub(super) scope_name: Option<usize>,
    pub(super) scope_version: Option<usize>,
    pub(super) scope_attributes: Keys,
}

impl Plan {
    /// The plan of a profile's fields, whose names were checked by [`is_field`].
    pub(super) fn new(fields: &FieldTable) -> Self {
        let mut plan = Self {
            slots: fields.len(),
            ..Self::default()
        };
        for (slot, name) in fields.names().iter().enumerate() {
            plan.insert(name, slot);
        }
        plan
    }

    /// Takes a field's name; whether there is such a field.
    fn insert(&mut self, name: &str, slot: usize) -> bool {
        let single = match name {
            "time" => &mut self.time,
            "eventName" => &mut self.event_name,
            "severityNumber" => &mut self.severity_number,
            "severityText" => &mut self.severity_text,
            "traceId" => &mut self.trace_id,
            "spanId" => &mut self.span_id,
            "body" => &mut self.body,
            "@resource" => &mut self.resource_identity,
            "scope.name" => &mut self.scope_name,
            "scope.version" => &mut self.scope_version,
            _ => return self.insert_key(name, slot),
        };
        *single = Some(slot);
        true
    }

    fn insert_key(&mut self, name: &str, slot: usize) -> bool {
        let groups = [
            ("attributes.", &mut self.attributes),
            ("resource.", &mut self.resource),
            ("body.", &mut self.in_body),
            ("scope.attributes.", &mut self.scope_attributes),
        ];
        for (prefix, keys) in groups {
            if let Some(key) = name.strip_prefix(prefix) {
                keys.insert(key, slot);
                return true;
            }
        }
        false
    }

    /// Whether anything is read of the body.
    pub(super) fn reads_body(&self) -> bool {
        self.body.is_some() || !self.in_body.slots.is_empty()
    }

    /// Slots of what a resource says.
    pub(super) fn of_resource(&self) -> impl Iterator<Item = usize> {
        let keys = self.resource.slots.values().copied();
        keys.chain(self.resource_identity)
    }

    /// Slots of what a scope says.
    pub(super) fn of_scope(&self) -> impl Iterator<Item = usize> {
        let keys = self.scope_attributes.slots.values().copied();
        keys.chain(self.scope_name).chain(self.scope_version)
    }
}

/// Whether a name is one of OTLP's fields.
pub(crate) fn is_field(name: &str) -> bool {
    Plan::default().insert(name, 0)
}

/// The keys that are read of one list of keys and values.
#[derive(Debug, Default)]
pub(super) struct Keys {
    slots: HashMap<Box<str>, usize, FixedState>,
    /// What stands before a dot of a key.
    leading: HashSet<Box<str>, FixedState>,
}

impl Keys {
    /// The slot of the value at a path.
    pub(super) fn slot(&self, path: &str) -> Option<usize> {
        self.slots.get(path).copied()
    }

    /// Whether a path leads on to a value that is read. The empty path leads to all.
    pub(super) fn leads_on(&self, path: &str) -> bool {
        self.leading.contains(path)
    }

    fn insert(&mut self, key: &str, slot: usize) {
        self.leading.insert("".into());
        for (dot, _) in key.match_indices('.') {
            self.leading.insert(key[..dot].into());
        }
        self.slots.insert(key.into(), slot);
    }
}
