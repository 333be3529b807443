//! From the TOML form to the compiled one.

mod facts;
mod family;
mod rules;

use std::collections::BTreeMap;

use logbook_model::{Event, Level};
use regex::{Regex, RegexBuilder};

use super::error::{Fault, ProfileError, position};
use super::fields::FieldTable;
use super::schema::{self, FamilyName, Many, ProfileFile};
use super::template::Template;
use super::{DurationRule, LevelRule, NameRule, Profile, SessionRule, TimeRule};
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
    let fields = match file.family {
        FamilyName::Csv | FamilyName::Text => FieldTable::plain(),
        FamilyName::Ndjson | FamilyName::Otlp => FieldTable::default(),
    };
    Compiler { fields }
        .profile(file)
        .map_err(|fault| fault.locate(text))
}

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
            Some(count) => self.slots(&["count", "field"], &count.field)?,
            None => Vec::new(),
        };
        let duration = match file.duration {
            Some(duration) => Some(DurationRule {
                slots: self.slots(&["duration", "field"], &duration.field)?,
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
        check_detect(&file.detect)?;
        let family = self.family(file.family, file.ndjson, file.csv, file.text)?;
        Ok(Profile {
            id: file.profile,
            version: file.version,
            description: file.description,
            family,
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

    fn slot(&mut self, path: &[&str], field: &str) -> Result<usize, Fault> {
        self.fields
            .slot(field)
            .map_err(|message| Fault::new(path, message))
    }

    fn slots(&mut self, path: &[&str], fields: &Many<String>) -> Result<Vec<usize>, Fault> {
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
        field_path: &[&str],
        fields: Many<String>,
        template_path: &[&str],
        templates: Many<String>,
    ) -> Result<Vec<Template>, Fault> {
        let mut all = Vec::new();
        for field in fields.0 {
            let template = Template::field(&field, &mut self.fields);
            all.push(template.map_err(|message| Fault::new(field_path, message))?);
        }
        for text in templates.0 {
            let template = Template::compile(&text, &mut self.fields);
            all.push(template.map_err(|message| Fault::new(template_path, message))?);
        }
        Ok(all)
    }

    fn time(&mut self, time: schema::Time) -> Result<TimeRule, Fault> {
        let fault = |key: &str, message: String| Fault::new(&["time", key], message);
        let slots = self.slots(&["time", "field"], &time.field)?;
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
        let templates = self.templates(
            &["name", "field"],
            name.field,
            &["name", "template"],
            name.template,
        )?;
        if templates.is_empty() && name.default.is_none() {
            return Err(Fault::new(
                &["name"],
                "says not what an event is called: give field, template or default",
            ));
        }
        if let Some(default) = &name.default
            && (default.is_empty() || default.len() > Event::MAX_NAME_BYTES)
        {
            let message = format!("must have 1 to {} bytes", Event::MAX_NAME_BYTES);
            return Err(Fault::new(&["name", "default"], message));
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
            let all = self.all(rule.all.placed("all"));
            let all = all.map_err(|fault| fault.within(&["level", "when", &at]))?;
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
                let path = ["session", key];
                all.extend(self.templates(&path, field, &path, template)?);
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

    fn attributes(
        &mut self,
        attributes: schema::Attributes,
    ) -> Result<Vec<(String, usize)>, Fault> {
        let mut all = Vec::new();
        for (name, fields) in attributes {
            let path = ["attributes", &*name];
            match fields.0.as_slice() {
                fields if name == "keep" => {
                    for field in fields {
                        all.push((field.clone(), self.slot(&path, field)?));
                    }
                }
                [field] => all.push((name.clone(), self.slot(&path, field)?)),
                _ => return Err(Fault::new(&path, "names one field")),
            }
        }
        Ok(all)
    }
}

/// Profiles of others are named, not guessed; their patterns are checked all the same.
fn check_detect(detect: &Many<schema::Detect>) -> Result<(), Fault> {
    for (at, detect) in detect.0.iter().enumerate() {
        regex(&detect.pattern)
            .map_err(|message| Fault::new(&["detect", &at.to_string(), "pattern"], message))?;
    }
    Ok(())
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
