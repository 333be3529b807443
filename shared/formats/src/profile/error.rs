//! What is wrong with a profile, and where.

use std::fmt;

/// A fault in a profile, with its place in the TOML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key at fault, dotted; empty where the text is no TOML at all.
    pub key: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProfileError {}

/// A fault whose place is not looked up yet: a path of keys and a message.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: Vec<String>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(path: &[&str], message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|&key| key.to_owned()).collect(),
            message: message.into(),
        }
    }

    /// Puts the keys of an enclosing table before the path.
    pub(super) fn within(mut self, outer: &[&str]) -> Self {
        self.path
            .splice(0..0, outer.iter().map(|&key| key.to_owned()));
        self
    }

    /// Finds the fault's place in the text: the deepest key of its path that is there.
    pub(super) fn locate(self, text: &str) -> ProfileError {
        let place = toml::de::DeTable::parse(text)
            .ok()
            .and_then(|table| find(table.get_ref(), &self.path))
            .unwrap_or(0);
        let (line, column) = position(text, place);
        ProfileError {
            line,
            column,
            key: self.path.join("."),
            message: self.message,
        }
    }
}

fn find(table: &toml::de::DeTable<'_>, path: &[String]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    let here = key.span().start;
    Some(find_value(value, rest).unwrap_or(here))
}

fn find_value(value: &toml::Spanned<toml::de::DeValue<'_>>, path: &[String]) -> Option<usize> {
    match value.get_ref() {
        toml::de::DeValue::Table(table) if !path.is_empty() => {
            // The only item of a list may be written without the list, and without its index.
            let (first, rest) = path.split_first()?;
            let indexed = first.parse::<usize>().is_ok() && !table.contains_key(first.as_str());
            find(table, if indexed { rest } else { path })
        }
        toml::de::DeValue::Array(items) => {
            // A list of one may be written without its list; indices are optional in paths.
            let index = path.first().and_then(|key| key.parse::<usize>().ok());
            let rest = if index.is_some() { &path[1..] } else { path };
            let item = items.get(index.unwrap_or(0))?;
            Some(find_value(item, rest).unwrap_or(item.span().start))
        }
        _ => match path.split_first() {
            // The place of the only item of a list that was written without it.
            Some((key, rest)) if key.parse::<usize>().is_ok() => find_value(value, rest),
            _ => Some(value.span().start),
        },
    }
}

/// Line and column, from 1, of a byte of a text.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
