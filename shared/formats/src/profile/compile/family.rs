//! What is particular to a family.

use super::{Compiler, regex};
use crate::profile::error::Fault;
use crate::profile::fields::parse_path;
use crate::profile::pattern::RecordPattern;
use crate::profile::schema::{self, FamilyName, Many};
use crate::profile::{CsvRule, Family, Inner, Layout, NdjsonRule, TextRule};

impl Compiler {
    /// Comes last: only now is it known which fields a pattern or a column must have.
    pub(super) fn family(
        &mut self,
        family: FamilyName,
        ndjson: Option<schema::Ndjson>,
        csv: Option<schema::Csv>,
        text: Option<schema::Text>,
    ) -> Result<Family, Fault> {
        let given = [
            ("ndjson", ndjson.is_some(), FamilyName::Ndjson),
            ("csv", csv.is_some(), FamilyName::Csv),
            ("text", text.is_some(), FamilyName::Text),
        ];
        for (table, given, of) in given {
            if given && family != of {
                let message =
                    format!("belongs to the family {table:?}, which this profile is not of");
                return Err(Fault::new(&[table], message));
            }
        }
        Ok(match family {
            FamilyName::Ndjson => Family::Ndjson(ndjson_rule(ndjson.unwrap_or_default())?),
            FamilyName::Otlp => {
                self.check_otlp()?;
                Family::Otlp
            }
            FamilyName::Csv => Family::Csv(self.csv(csv.unwrap_or_default())?),
            FamilyName::Text => Family::Text(Box::new(self.text(text.unwrap_or_default())?)),
        })
    }

    fn csv(&self, csv: schema::Csv) -> Result<CsvRule, Fault> {
        let delimiter = csv.delimiter.unwrap_or(',');
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r') {
            return Err(Fault::new(
                &["csv", "delimiter"],
                "must be one ASCII character, no quote",
            ));
        }
        if let Some(columns) = &csv.columns {
            let wanted = self.fields.names().iter().chain(&csv.required);
            if let Some(missing) = wanted.into_iter().find(|name| !columns.contains(name)) {
                let message = format!("has no {missing:?}, which the profile reads");
                return Err(Fault::new(&["csv", "columns"], message));
            }
        }
        Ok(CsvRule {
            comment: comment("csv", csv.comment)?,
            delimiter: delimiter as u8,
            columns: csv.columns,
            required: csv.required,
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

    fn text(&mut self, text: schema::Text) -> Result<TextRule, Fault> {
        let inner = self.inner(&text)?;
        let mut layouts = Vec::new();
        for (at, layout) in text.layout.into_iter().enumerate() {
            let at = at.to_string();
            let when = regex(&layout.when)
                .map_err(|message| Fault::new(&["text", "layout", &at, "when"], message))?;
            layouts.push(Layout {
                when: Some(when),
                records: self.records(&["text", "layout", &at, "record"], &layout.record)?,
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
            records: self.records(&["text", "record"], &text.record)?,
            continuation: text.continuation.unwrap_or(true),
            before_first: text.before_first,
            blank_lines: text.blank_lines,
        });
        self.check_groups(&layouts, &inner)?;
        let special = |name: &str| self.fields.names().iter().position(|held| held == name);
        Ok(TextRule {
            strip_ansi: text.strip_ansi,
            whole: special("@text"),
            rest: special("@rest"),
            layouts,
            inner,
        })
    }

    fn records(&self, path: &[&str], patterns: &Many<String>) -> Result<Vec<RecordPattern>, Fault> {
        let mut records = Vec::new();
        for (at, text) in patterns.0.iter().enumerate() {
            let regex = regex(text)
                .map_err(|message| Fault::new(&[&at.to_string()], message).within(path))?;
            let groups = regex
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
            records.push(RecordPattern::new(regex, groups));
        }
        Ok(records)
    }

    /// The groups whose text has fields of its own.
    fn inner(&mut self, text: &schema::Text) -> Result<Vec<(usize, Inner)>, Fault> {
        let mut all = Vec::new();
        for (key, groups, inner) in [
            ("json", &text.json, Inner::Json),
            ("logfmt", &text.logfmt, Inner::Logfmt),
        ] {
            for group in &groups.0 {
                let slot = self.slot(&["text", key], group)?;
                let prefix = format!("{group}.");
                let mut within = self
                    .fields
                    .names()
                    .iter()
                    .filter_map(|name| name.strip_prefix(&prefix));
                if inner == Inner::Json {
                    within
                        .try_for_each(|path| parse_path(path).map(|_| ()))
                        .map_err(|message| Fault::new(&["text", key], message))?;
                }
                all.push((slot, inner));
            }
        }
        Ok(all)
    }

    /// Every field must be a group of some pattern, or lie within one.
    fn check_groups(&self, layouts: &[Layout], inner: &[(usize, Inner)]) -> Result<(), Fault> {
        let names = self.fields.names();
        let within = |field: &str| {
            inner.iter().any(|(slot, _)| {
                let rest = field.strip_prefix(&names[*slot]);
                rest.is_some_and(|rest| rest.starts_with('.'))
            })
        };
        let has = |field: &str| {
            matches!(field, "@text" | "@rest")
                || within(field)
                || layouts
                    .iter()
                    .flat_map(|layout| &layout.records)
                    .any(|record| record.group_names().any(|group| group == field))
        };
        match names.iter().find(|field| !has(field)) {
            Some(field) => Err(Fault::new(
                &["text", "record"],
                format!("no pattern has a group (?<{field}>…), which the profile reads"),
            )),
            None => Ok(()),
        }
    }
}

fn ndjson_rule(ndjson: schema::Ndjson) -> Result<NdjsonRule, Fault> {
    Ok(NdjsonRule {
        documents: ndjson.documents,
        comment: comment("ndjson", ndjson.comment)?,
    })
}

fn comment(table: &str, mark: Option<String>) -> Result<Option<String>, Fault> {
    match mark {
        Some(mark) if mark.is_empty() => Err(Fault::new(
            &[table, "comment"],
            "every line begins with nothing",
        )),
        mark => Ok(mark),
    }
}
