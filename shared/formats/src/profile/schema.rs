//! The TOML form of a profile, as it is written. Compiled by [`super::compile`].

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

/// A whole profile file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileFile {
    pub(super) profile: String,
    #[serde(default = "one")]
    pub(super) version: u32,
    pub(super) family: FamilyName,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) detect: Many<Detect>,
    pub(super) ndjson: Option<Ndjson>,
    pub(super) csv: Option<Csv>,
    pub(super) text: Option<Text>,
    pub(super) time: Option<Time>,
    #[serde(default)]
    pub(super) name: Name,
    #[serde(default)]
    pub(super) level: Level,
    pub(super) count: Option<Field>,
    pub(super) duration: Option<Duration>,
    #[serde(default)]
    pub(super) session: Session,
    #[serde(default)]
    pub(super) error: Many<Rule>,
    #[serde(default)]
    pub(super) unhandled: Many<Rule>,
    #[serde(default)]
    pub(super) crash: Many<Rule>,
    #[serde(default)]
    pub(super) ignore: Many<Rule>,
    #[serde(default)]
    pub(super) metadata: Many<Rule>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, Many<Source>>,
    #[serde(default)]
    pub(super) attributes: Attributes,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FamilyName {
    Ndjson,
    Csv,
    Text,
    Otlp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detect {
    pub(crate) pattern: String,
    #[serde(default)]
    pub(crate) priority: i32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ndjson {
    #[serde(default)]
    pub(super) documents: bool,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Csv {
    pub(super) comment: Option<String>,
    pub(super) delimiter: Option<char>,
    pub(super) columns: Option<Vec<String>>,
    #[serde(default)]
    pub(super) required: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    #[serde(default)]
    pub(super) record: Many<String>,
    pub(super) continuation: Option<bool>,
    #[serde(default)]
    pub(super) before_first: BeforeFirst,
    #[serde(default)]
    pub(super) blank_lines: BlankLines,
    #[serde(default)]
    pub(super) strip_ansi: bool,
    #[serde(default)]
    pub(super) json: Many<String>,
    #[serde(default)]
    pub(super) logfmt: Many<String>,
    #[serde(default)]
    pub(super) layout: Vec<Layout>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) when: String,
    pub(super) record: Many<String>,
    pub(super) continuation: Option<bool>,
    #[serde(default)]
    pub(super) before_first: BeforeFirst,
    #[serde(default)]
    pub(super) blank_lines: BlankLines,
}

/// What lines before the first record are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BeforeFirst {
    /// The lines of a record that began in an earlier log: not a record.
    Ignore,
    /// A record of their own, all together.
    Record,
    /// Rejected, each.
    #[default]
    Reject,
}

/// What blank lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlankLines {
    /// Nothing.
    #[default]
    Skip,
    /// Lines like any other.
    Record,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Time {
    pub(super) field: Many<String>,
    pub(super) format: Many<String>,
    pub(super) zone: Option<String>,
    pub(super) nanos: Option<String>,
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) date_from: Many<DateFrom>,
    #[serde(default)]
    pub(super) required: bool,
}

/// Where a time without a date may take it from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DateFrom {
    /// `YYYY-MM-DD`, `YYYY_MM_DD` or `YYYYMMDD` in the file's name.
    FileName,
    /// When the file was last modified, as the uploader says.
    Modified,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    #[serde(default)]
    pub(super) field: Many<String>,
    #[serde(default)]
    pub(super) template: Many<String>,
    pub(super) default: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    #[serde(default)]
    pub(super) field: Many<String>,
    #[serde(default)]
    pub(super) map: BTreeMap<String, String>,
    pub(super) scale: Option<Scale>,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) when: Vec<LevelRule>,
}

/// What numbers stand for levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scale {
    /// OpenTelemetry's `SeverityNumber`, 1-24.
    SeverityNumber,
    /// Syslog, 0 (emergency) to 7 (debug): RFC 5424.
    Syslog,
    /// Bunyan and pino: 10 (trace) to 60 (fatal).
    Bunyan,
    /// Python: 10 (debug) to 50 (critical).
    Python,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelRule {
    pub(super) level: String,
    pub(super) all: Many<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub(super) field: Many<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Duration {
    pub(super) field: Many<String>,
    #[serde(default)]
    pub(super) unit: Unit,
}

/// Unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Seconds.
    S,
    /// Milliseconds.
    #[default]
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    #[serde(default)]
    pub(super) id: Many<String>,
    #[serde(default)]
    pub(super) group: Many<String>,
    #[serde(default)]
    pub(super) start: Many<Rule>,
    #[serde(default)]
    pub(super) end: Many<Rule>,
    #[serde(default)]
    pub(super) end_optional: bool,
    #[serde(default)]
    pub(super) lookback_ms: u32,
}

/// One condition, or several that must all hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) all: Many<Condition>,
    pub(super) field: Option<String>,
    pub(super) equals: Option<Scalar>,
    pub(super) one_of: Option<Vec<Scalar>>,
    pub(super) not: Option<Scalar>,
    pub(super) contains: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) matches: Option<String>,
    pub(super) exists: Option<bool>,
    pub(super) level_at_least: Option<String>,
    pub(super) line: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) field: Option<String>,
    pub(super) equals: Option<Scalar>,
    pub(super) one_of: Option<Vec<Scalar>>,
    pub(super) not: Option<Scalar>,
    pub(super) contains: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) matches: Option<String>,
    pub(super) exists: Option<bool>,
    pub(super) level_at_least: Option<String>,
    pub(super) line: Option<u64>,
}

impl Rule {
    /// The conditions, all of which must hold, each with its place in the rule.
    pub(super) fn into_conditions(self) -> Vec<(Vec<String>, Condition)> {
        let own = Condition {
            field: self.field,
            equals: self.equals,
            one_of: self.one_of,
            not: self.not,
            contains: self.contains,
            prefix: self.prefix,
            suffix: self.suffix,
            matches: self.matches,
            exists: self.exists,
            level_at_least: self.level_at_least,
            line: self.line,
        };
        let own = own.says_anything().then(|| (Vec::new(), own));
        own.into_iter().chain(self.all.placed("all")).collect()
    }
}

impl Many<Condition> {
    /// The conditions of a list, each with its place under a key.
    pub(super) fn placed(self, key: &str) -> Vec<(Vec<String>, Condition)> {
        let all = self.0.into_iter().enumerate();
        all.map(|(at, condition)| (vec![key.to_owned(), at.to_string()], condition))
            .collect()
    }
}

impl Condition {
    const fn says_anything(&self) -> bool {
        self.field.is_some()
            || self.equals.is_some()
            || self.one_of.is_some()
            || self.not.is_some()
            || self.contains.is_some()
            || self.prefix.is_some()
            || self.suffix.is_some()
            || self.matches.is_some()
            || self.exists.is_some()
            || self.level_at_least.is_some()
            || self.line.is_some()
    }
}

/// Where a fact about a session comes from: a field's name, or a table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    pub(super) field: Option<String>,
    pub(super) template: Option<String>,
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) when: Many<Condition>,
}

#[derive(Debug)]
pub(super) struct Source(pub(super) SourceTable);

/// Fields by the name under which they are kept; `keep` has those that keep their own.
pub(super) type Attributes = BTreeMap<String, Many<String>>;

/// A text, a truth value or a number, taken as text.
#[derive(Debug, Clone)]
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl Visitor<'_> for ScalarVisitor {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }
            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar(v.to_owned()))
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceVisitor;
        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name, or a table with field or template")
            }
            fn visit_str<E>(self, v: &str) -> Result<Source, E> {
                Ok(Source(SourceTable {
                    field: Some(v.to_owned()),
                    ..SourceTable::default()
                }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                SourceTable::deserialize(MapAccessDeserializer::new(map)).map(Source)
            }
        }
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// One value, or a list of them.
#[derive(Debug)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ManyVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
            type Value = Many<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a table, or a list of such")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Many<T>, E> {
                T::deserialize(de::value::StrDeserializer::new(v)).map(|one| Many(vec![one]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Many(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Many(all))
            }
        }
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}
