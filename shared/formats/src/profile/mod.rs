//! Profiles: how a product's own log format maps onto the model.

mod compile;
mod error;
pub(crate) mod fields;
pub(crate) mod pattern;
pub(crate) mod rules;
mod schema;
mod strict;
pub(crate) mod template;

use std::collections::BTreeMap;

use logbook_model::Level;
use regex::Regex;

pub use error::ProfileError;
pub(crate) use schema::Detect;
pub(crate) use schema::{DateFrom, Scale, Unit};

use crate::time::{DefaultZone, TimeFormat};
use fields::FieldTable;
use pattern::{Pattern, RecordPattern};
use rules::{All, Any};
pub(crate) use schema::{BeforeFirst, BlankLines};
use template::Template;

/// A compiled profile.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) description: String,
    pub(crate) family: Family,
    pub(crate) fields: FieldTable,
    pub(crate) time: Option<TimeRule>,
    pub(crate) name: NameRule,
    pub(crate) level: LevelRule,
    pub(crate) count: Vec<usize>,
    pub(crate) duration: Option<DurationRule>,
    pub(crate) session: SessionRule,
    pub(crate) error: Any,
    pub(crate) unhandled: Any,
    pub(crate) crash: Any,
    pub(crate) ignore: Any,
    pub(crate) metadata: Any,
    pub(crate) facts: Vec<FactSource>,
    pub(crate) attributes: Vec<(String, usize)>,
}

/// The family of formats that a profile belongs to, with what is particular to it.
#[derive(Debug, Clone)]
pub(crate) enum Family {
    Ndjson(NdjsonRule),
    Csv(CsvRule),
    Text(Box<TextRule>),
    Otlp,
}

#[derive(Debug, Clone)]
pub(crate) struct NdjsonRule {
    /// Objects may run over lines, stand in a list, follow each other.
    pub(crate) documents: bool,
    pub(crate) comment: Option<String>,
}

impl NdjsonRule {
    pub(crate) fn is_comment(&self, line: &str) -> bool {
        starts_with(line, self.comment.as_ref())
    }
}

impl CsvRule {
    pub(crate) fn is_comment(&self, line: &str) -> bool {
        starts_with(line, self.comment.as_ref())
    }
}

fn starts_with(line: &str, mark: Option<&String>) -> bool {
    mark.is_some_and(|mark| line.starts_with(mark.as_str()))
}

#[derive(Debug, Clone)]
pub(crate) struct CsvRule {
    pub(crate) comment: Option<String>,
    pub(crate) delimiter: u8,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) required: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct TextRule {
    pub(crate) strip_ansi: bool,
    /// Tried in order; the last one has no condition.
    pub(crate) layouts: Vec<Layout>,
    /// Slot of `@text`, the whole record.
    pub(crate) whole: Option<usize>,
    /// Slot of `@rest`, the record after its first line.
    pub(crate) rest: Option<usize>,
    /// Slots of groups whose text has fields of its own.
    pub(crate) inner: Vec<(usize, Inner)>,
}

/// How the text of a group is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    Json,
    Logfmt,
}

#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) when: Option<Regex>,
    pub(crate) records: Vec<RecordPattern>,
    pub(crate) continuation: bool,
    pub(crate) before_first: BeforeFirst,
    pub(crate) blank_lines: BlankLines,
}

#[derive(Debug, Clone)]
pub(crate) struct TimeRule {
    pub(crate) slots: Vec<usize>,
    pub(crate) formats: Vec<TimeFormat>,
    pub(crate) zone: DefaultZone,
    pub(crate) nanos: Option<usize>,
    /// Slot of a date `YYYY-MM-DD` for times that have none.
    pub(crate) date: Option<usize>,
    pub(crate) date_from: Vec<DateFrom>,
    pub(crate) required: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct NameRule {
    pub(crate) templates: Vec<Template>,
    pub(crate) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct LevelRule {
    pub(crate) slots: Vec<usize>,
    pub(crate) map: BTreeMap<String, Level>,
    pub(crate) scale: Option<Scale>,
    pub(crate) default: Level,
    pub(crate) when: Vec<(Level, All)>,
}

#[derive(Debug, Clone)]
pub(crate) struct DurationRule {
    pub(crate) slots: Vec<usize>,
    pub(crate) unit: Unit,
}

#[derive(Debug, Clone)]
pub(crate) struct SessionRule {
    pub(crate) id: Vec<Template>,
    pub(crate) group: Vec<Template>,
    pub(crate) start: Any,
    pub(crate) end: Any,
    /// A session may also end without the end being marked: silence then means nothing.
    pub(crate) end_optional: bool,
    pub(crate) lookback_us: i64,
}

/// What a fact says, by position in [`FACTS`].
#[derive(Debug, Clone)]
pub(crate) struct FactSource {
    pub(crate) fact: usize,
    pub(crate) value: Template,
    /// Takes its group `value` out of the text.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) when: All,
}

/// The facts about a session, in the order of the fields of `SessionFacts`.
pub(crate) const FACTS: [&str; 7] = [
    "version",
    "os",
    "runtime",
    "user",
    "installation",
    "account",
    "environment",
];

impl Profile {
    /// Reads and compiles a profile.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        compile::compile(text)
    }

    /// The profile's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The profile's version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The name and version under which parts remember the profile: `name@version`.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// One line for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The name of the format's family: `ndjson`, `csv`, `text` or `otlp`.
    pub const fn family(&self) -> &'static str {
        match self.family {
            Family::Ndjson(_) => "ndjson",
            Family::Csv(_) => "csv",
            Family::Text(_) => "text",
            Family::Otlp => "otlp",
        }
    }
}
