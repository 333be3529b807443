//! From the TOML form to the compiled one.

use std::collections::BTreeMap;

use logbook_model::Level;
use regex::{Regex, RegexBuilder};

use super::error::{Fault, ProfileError, position};
use super::fields::FieldTable;
use super::rules::{All, Any, Condition, Test};
use super::schema::{self, FamilyName, Many, ProfileFile};
use super::template::Template;
use super::{
    CsvRule, DurationRule, FACTS, FactSource, Family, Layout, LevelRule, NameRule, Profile,
    RecordPattern, SessionRule, TextRule, TimeRule,
};
use crate::time::{DefaultZone, TimeFormat};

/// Largest profile, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Largest compiled regular expression, in bytes.
const MAX_REGEX_BYTES: usize = 4 << 20;

pub(super) fn compile(text: &str) -> Result<Profile, ProfileError> {
    if text.len() > MAX_BYTES {
        return Err(Fault::new(&[], format!("larger than {MAX_BYTES} bytes")).locate(text));
    }
    let file: ProfileFile = toml::from_str(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        ProfileError {
            line,
            column,
            key: String::new(),
            message: error.message().to_owned(),
        }
    })?;
    Compiler::default()
        .profile(file)
        .map_err(|fault| fault.locate(text))
}

#[derive(Default)]
struct Compiler {
    fields: FieldTable,
}

impl Compiler {
    fn profile(mut self, file: ProfileFile) -> Result<Profile, Fault> {
        check_id(&file.profile)?;
        if file.version == 0 {
            return Err(Fault::new(&["version"], "versions count from 1"));
        }
        let time = file.time.map(|time| self.time(time)).transpose()?;
        let name = self.name(file.name)?;
        let level = self.level(file.level)?;
        let count = match file.count {
            Some(count) => self.slots(&["count", "field"], count.field)?,
            None => Vec::new(),
        };
        let duration = match file.duration {
            Some(duration) => Some(DurationRule {
                slots: self.slots(&["duration", "field"], duration.field)?,
                unit: duration.unit,
            }),
            None => None,
        };
        let session = self.session(file.session)?;
        let error = self.any(&["error"], file.error)?;
        let unhandled = self.any(&["unhandled"], file.unhandled)?;
        let crash = self.any(&["crash"], file.crash)?;
        let ignore = self.any(&["ignore"], file.ignore)?;
        let metadata = self.any(&["metadata"], file.metadata)?;
        let facts = self.facts(file.facts)?;
        let attributes = self.attributes(file.attributes)?;
        let detect = detect(file.detect)?;
        // Last: only now is it known which fields a pattern must have.
        let family = match file.family {
            FamilyName::Ndjson => Family::Ndjson,
            FamilyName::Otlp => {
                self.check_otlp()?;
                Family::Otlp
            }
            FamilyName::Csv => Family::Csv(csv(file.csv)?),
            FamilyName::Text => Family::Text(Box::new(self.text(file.text)?)),
        };
        Ok(Profile {
            id: file.profile,
            version: file.version,
            description: file.description,
            family,
            detect,
            fields: self.fields,
            time,
            name,
            level,
            count,
            duration,
            session,
            error,
            unhandled,
            crash,
            ignore,
            metadata,
            facts,
            attributes,
        })
    }

    fn check_otlp(&self) -> Result<(), Fault> {
        let mut names = self.fields.names().iter();
        match names.find(|name| !crate::family::otlp::is_field(name)) {
            None => Ok(()),
            Some(name) => Err(Fault::new(
                &["family"],
                format!(
                    "{name:?} is no field of OTLP: they are time, eventName, severityNumber, \
                     severityText, traceId, spanId, body, body.…, attributes.…, resource.…, \
                     scope.name, scope.version, scope.attributes.…, @resource"
                ),
            )),
        }
    }

    fn slot(&mut self, path: &[&str], field: &str) -> Result<usize, Fault> {
        self.fields
            .slot(field)
            .map_err(|message| Fault::new(path, message))
    }

    fn slots(&mut self, path: &[&str], fields: Many<String>) -> Result<Vec<usize>, Fault> {
        if fields.0.is_empty() {
            return Err(Fault::new(path, "names no field"));
        }
        fields
            .0
            .iter()
            .map(|field| self.slot(path, field))
            .collect()
    }

    fn templates(
        &mut self,
        path: &[&str],
        fields: Many<String>,
        templates: Many<String>,
    ) -> Result<Vec<Template>, Fault> {
        let fault = |message: String| Fault::new(path, message);
        let mut all = Vec::new();
        for field in fields.0 {
            all.push(Template::field(&field, &mut self.fields).map_err(fault)?);
        }
        for text in templates.0 {
            all.push(Template::compile(&text, &mut self.fields).map_err(fault)?);
        }
        Ok(all)
    }

    fn time(&mut self, time: schema::Time) -> Result<TimeRule, Fault> {
        let fault = |key: &str, message: String| Fault::new(&["time", key], message);
        let slots = self.slots(&["time", "field"], time.field)?;
        if time.format.0.is_empty() {
            return Err(fault("format", "names no format".to_owned()));
        }
        let mut formats = Vec::new();
        for (at, text) in time.format.0.iter().enumerate() {
            formats.push(TimeFormat::compile(text).map_err(|error| {
                Fault::new(&["time", "format", &at.to_string()], error.to_string())
            })?);
        }
        let zone = time
            .zone
            .as_deref()
            .map_or(Ok(DefaultZone::Local), DefaultZone::compile);
        Ok(TimeRule {
            slots,
            formats,
            zone: zone.map_err(|error| fault("zone", error.to_string()))?,
            nanos: match time.nanos {
                Some(field) => Some(self.slot(&["time", "nanos"], &field)?),
                None => None,
            },
            date: match time.date {
                Some(field) => Some(self.slot(&["time", "date"], &field)?),
                None => None,
            },
            date_from: time.date_from.0,
            required: time.required,
        })
    }

    fn name(&mut self, name: schema::Name) -> Result<NameRule, Fault> {
        let templates = self.templates(&["name"], name.field, name.template)?;
        if templates.is_empty() && name.default.is_none() {
            return Err(Fault::new(
                &["name"],
                "says not what an event is called: give field, template or default",
            ));
        }
        Ok(NameRule {
            templates,
            default: name.default,
        })
    }

    fn level(&mut self, level: schema::Level) -> Result<LevelRule, Fault> {
        let mut map = BTreeMap::new();
        for (text, name) in level.map {
            let known = known_level(&name)
                .map_err(|message| Fault::new(&["level", "map", &text], message))?;
            map.insert(text.to_ascii_lowercase(), known);
        }
        let mut when = Vec::new();
        for (at, rule) in level.when.into_iter().enumerate() {
            let at = at.to_string();
            let known = known_level(&rule.level)
                .map_err(|message| Fault::new(&["level", "when", &at, "level"], message))?;
            let all = self.all(&["level", "when", &at], rule.all.0)?;
            when.push((known, all));
        }
        let default = level
            .default
            .as_deref()
            .map_or(Ok(Level::Unspecified), known_level);
        let mut slots = Vec::new();
        for field in &level.field.0 {
            slots.push(self.slot(&["level", "field"], field)?);
        }
        Ok(LevelRule {
            slots,
            map,
            scale: level.scale,
            default: default.map_err(|message| Fault::new(&["level", "default"], message))?,
            when,
        })
    }

    fn session(&mut self, session: schema::Session) -> Result<SessionRule, Fault> {
        let none = || Many(Vec::new());
        // Ids and groups are fields where they have no brace, templates where they do.
        let mut split = |key: &str, texts: Many<String>| {
            let mut all = Vec::new();
            for text in texts.0 {
                let (field, template) = if text.contains('{') {
                    (none(), Many(vec![text]))
                } else {
                    (Many(vec![text]), none())
                };
                all.extend(self.templates(&["session", key], field, template)?);
            }
            Ok::<_, Fault>(all)
        };
        Ok(SessionRule {
            id: split("id", session.id)?,
            group: split("group", session.group)?,
            start: self.any(&["session", "start"], session.start)?,
            end: self.any(&["session", "end"], session.end)?,
            end_optional: session.end_optional,
            lookback_us: i64::from(session.lookback_ms) * 1000,
        })
    }

    fn facts(
        &mut self,
        facts: BTreeMap<String, Many<schema::Source>>,
    ) -> Result<Vec<FactSource>, Fault> {
        let mut sources = Vec::new();
        for (fact, list) in facts {
            let position = FACTS
                .iter()
                .position(|&known| known == fact)
                .ok_or_else(|| {
                    let known = FACTS.join(", ");
                    Fault::new(&["facts", &fact], format!("is no fact; facts are {known}"))
                })?;
            for (at, source) in list.0.into_iter().enumerate() {
                let at = at.to_string();
                let source = self
                    .source(position, source.0)
                    .map_err(|fault| fault.within(&["facts", &fact, &at]))?;
                sources.push(source);
            }
        }
        Ok(sources)
    }

    fn source(&mut self, fact: usize, source: schema::SourceTable) -> Result<FactSource, Fault> {
        let fields = Many(source.field.into_iter().collect());
        let templates = Many(source.template.into_iter().collect());
        let mut values = self.templates(&[], fields, templates)?;
        let (Some(value), true) = (values.pop(), values.is_empty()) else {
            return Err(Fault::new(&[], "give either field or template"));
        };
        let pattern = source.pattern.as_deref().map(regex).transpose();
        let pattern = pattern.map_err(|message| Fault::new(&["pattern"], message))?;
        if let Some(pattern) = &pattern
            && !pattern
                .capture_names()
                .flatten()
                .any(|name| name == "value")
        {
            return Err(Fault::new(&["pattern"], "has no group (?<value>…)"));
        }
        Ok(FactSource {
            fact,
            value,
            pattern,
            when: self.all(&["when"], source.when.0)?,
        })
    }

    fn attributes(
        &mut self,
        attributes: schema::Attributes,
    ) -> Result<Vec<(String, usize)>, Fault> {
        let mut all = Vec::new();
        for field in attributes.keep {
            let slot = self.slot(&["attributes", "keep"], &field)?;
            all.push((field, slot));
        }
        for (name, field) in attributes.named {
            let slot = self.slot(&["attributes", &name], &field)?;
            all.push((name, slot));
        }
        Ok(all)
    }

    fn any(&mut self, path: &[&str], rules: Many<schema::Rule>) -> Result<Any, Fault> {
        let mut any = Vec::new();
        for (at, rule) in rules.0.into_iter().enumerate() {
            let at = at.to_string();
            let conditions = rule.into_conditions();
            if conditions.is_empty() {
                return Err(Fault::new(&[&at], "has no condition").within(path));
            }
            any.push(
                self.all(&[&at], conditions)
                    .map_err(|fault| fault.within(path))?,
            );
        }
        Ok(Any(any))
    }

    fn all(&mut self, path: &[&str], conditions: Vec<schema::Condition>) -> Result<All, Fault> {
        let compiled: Result<_, Fault> = conditions
            .into_iter()
            .map(|condition| self.condition(condition))
            .collect();
        compiled.map(All).map_err(|fault| fault.within(path))
    }

    fn condition(&mut self, condition: schema::Condition) -> Result<Condition, Fault> {
        let boxed = |scalar: schema::Scalar| scalar.0.into_boxed_str();
        let level = |name: String| known_level(&name).map(Test::LevelAtLeast);
        let level = condition.level_at_least.map(level).transpose();
        let level = level.map_err(|message| Fault::new(&["level_at_least"], message))?;
        let matches = condition.matches.as_deref().map(regex).transpose();
        let matches = matches.map_err(|message| Fault::new(&["matches"], message))?;
        let of_record = [level, condition.line.map(Test::Line)];
        let of_field = [
            condition.equals.map(|s| Test::Equals(boxed(s))),
            condition
                .one_of
                .map(|all| Test::OneOf(all.into_iter().map(boxed).collect())),
            condition.not.map(|s| Test::Not(boxed(s))),
            condition
                .contains
                .map(|s| Test::Contains(s.into_boxed_str())),
            condition.prefix.map(|s| Test::Prefix(s.into_boxed_str())),
            condition.suffix.map(|s| Test::Suffix(s.into_boxed_str())),
            matches.map(|pattern| Test::Matches(Box::new(pattern))),
            condition.exists.map(Test::Exists),
        ];
        let needs_field = of_field.iter().any(Option::is_some);
        let mut tests: Vec<Test> = of_record.into_iter().chain(of_field).flatten().collect();
        let (Some(test), true) = (tests.pop(), tests.is_empty()) else {
            return Err(Fault::new(
                &[],
                "needs exactly one of equals, one_of, not, contains, prefix, suffix, matches, \
                 exists, level_at_least, line",
            ));
        };
        let slot = match condition.field {
            Some(field) => self.slot(&["field"], &field)?,
            None if needs_field => return Err(Fault::new(&[], "names no field to test")),
            None => usize::MAX,
        };
        Ok(Condition { slot, test })
    }

    fn text(&mut self, text: schema::Text) -> Result<TextRule, Fault> {
        let mut layouts = Vec::new();
        for (at, layout) in text.layout.into_iter().enumerate() {
            let at = at.to_string();
            let when = regex(&layout.when)
                .map_err(|message| Fault::new(&["text", "layout", &at, "when"], message))?;
            layouts.push(Layout {
                when: Some(when),
                records: self.records(&["text", "layout", &at, "record"], layout.record)?,
                continuation: layout.continuation.unwrap_or(true),
                before_first: layout.before_first,
                blank_lines: layout.blank_lines,
            });
        }
        if text.record.0.is_empty() {
            return Err(Fault::new(
                &["text", "record"],
                "needs at least one pattern",
            ));
        }
        layouts.push(Layout {
            when: None,
            records: self.records(&["text", "record"], text.record)?,
            continuation: text.continuation.unwrap_or(true),
            before_first: text.before_first,
            blank_lines: text.blank_lines,
        });
        self.check_groups(&layouts)?;
        let special = |name: &str| self.fields.names().iter().position(|held| held == name);
        Ok(TextRule {
            strip_ansi: text.strip_ansi,
            whole: special("@text"),
            rest: special("@rest"),
            layouts,
        })
    }

    fn records(&self, path: &[&str], patterns: Many<String>) -> Result<Vec<RecordPattern>, Fault> {
        let mut records = Vec::new();
        for (at, text) in patterns.0.iter().enumerate() {
            let pattern = regex(text)
                .map_err(|message| Fault::new(&[&at.to_string()], message).within(path))?;
            let groups = pattern
                .capture_names()
                .enumerate()
                .filter_map(|(group, name)| {
                    let slot = self
                        .fields
                        .names()
                        .iter()
                        .position(|field| Some(&**field) == name)?;
                    Some((group, slot))
                });
            let groups = groups.collect();
            records.push(RecordPattern { pattern, groups });
        }
        Ok(records)
    }

    /// Every field must be a group of some pattern.
    fn check_groups(&self, layouts: &[Layout]) -> Result<(), Fault> {
        let has = |field: &str| {
            field == "@text"
                || field == "@rest"
                || layouts
                    .iter()
                    .flat_map(|layout| &layout.records)
                    .any(|record| record.pattern.capture_names().flatten().any(|g| g == field))
        };
        match self.fields.names().iter().find(|field| !has(field)) {
            Some(field) => Err(Fault::new(
                &["text", "record"],
                format!("no pattern has a group (?<{field}>…), which the profile reads"),
            )),
            None => Ok(()),
        }
    }
}

fn csv(csv: schema::Csv) -> Result<CsvRule, Fault> {
    let delimiter = csv.delimiter.unwrap_or(',');
    if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r') {
        return Err(Fault::new(
            &["csv", "delimiter"],
            "must be one ASCII character, no quote",
        ));
    }
    Ok(CsvRule {
        delimiter: delimiter as u8,
        columns: csv.columns,
        required: csv.required,
    })
}

fn detect(detect: Many<schema::Detect>) -> Result<Vec<(i32, Regex)>, Fault> {
    let mut all = Vec::new();
    for (at, detect) in detect.0.iter().enumerate() {
        let pattern = regex(&detect.pattern)
            .map_err(|message| Fault::new(&["detect", &at.to_string(), "pattern"], message))?;
        all.push((detect.priority, pattern));
    }
    Ok(all)
}

fn check_id(id: &str) -> Result<(), Fault> {
    let good = !id.is_empty()
        && id.len() <= 63
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good {
        Ok(())
    } else {
        Err(Fault::new(
            &["profile"],
            "a profile's name has a-z, 0-9 and -, at most 63",
        ))
    }
}

fn known_level(name: &str) -> Result<Level, String> {
    Level::ALL
        .into_iter()
        .find(|level| level.name() == name)
        .ok_or_else(|| {
            let known: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
            format!("{name:?} is no level; levels are {}", known.join(", "))
        })
}

fn regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the expression is too large".to_owned(),
            other => other.to_string(),
        })
}
