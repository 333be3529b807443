//! Names of fields, and the slots that hold their values.

/// Longest path of a field, in bytes.
const MAX_PATH_BYTES: usize = 400;

/// The fields that a profile reads: each name has a slot, whatever the number of its uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldTable {
    names: Vec<String>,
    /// Names are what they are (of columns, of groups), and no paths.
    plain: bool,
}

impl FieldTable {
    /// A table of names that are no paths.
    pub(crate) const fn plain() -> Self {
        Self {
            names: Vec::new(),
            plain: true,
        }
    }

    /// The slot of a field, made on first use.
    pub(crate) fn slot(&mut self, name: &str) -> Result<usize, String> {
        if name.is_empty() {
            return Err("the name of a field is empty".to_owned());
        }
        if name.len() > MAX_PATH_BYTES {
            return Err(format!(
                "the name of a field is longer than {MAX_PATH_BYTES} bytes"
            ));
        }
        if let Some(slot) = self.names.iter().position(|held| held == name) {
            return Ok(slot);
        }
        if !self.plain {
            parse_path(name)?;
        }
        self.names.push(name.to_owned());
        Ok(self.names.len() - 1)
    }

    /// The names, by slot.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of slots.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// One step of a path into a nested record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(String),
    /// The value of whichever key comes (`*`).
    AnyKey,
    /// An element of a list, from 0 (`[0]`).
    Index(usize),
    /// The name of the first key (`@key`).
    KeyName,
}

/// Reads `a.b`, `a."b.c"`, `a[0].b`, `*.time`, `@key`.
pub(crate) fn parse_path(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted
                .find('"')
                .ok_or_else(|| format!("{path:?} has a quote that is not closed"))?;
            steps.push(Step::Key(quoted[..end].to_owned()));
            rest = &quoted[end + 1..];
        } else if let Some(index) = rest.strip_prefix('[') {
            let end = index
                .find(']')
                .ok_or_else(|| format!("{path:?} has a [ that is not closed"))?;
            let number = index[..end]
                .parse()
                .map_err(|_| format!("{path:?}: between [ and ] stands a number"))?;
            steps.push(Step::Index(number));
            rest = &index[end + 1..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(match &rest[..end] {
                "" => return Err(format!("{path:?} has an empty step")),
                "*" => Step::AnyKey,
                "@key" => Step::KeyName,
                key => Step::Key(key.to_owned()),
            });
            rest = &rest[end..];
        }
        if !rest.is_empty() && steps.last() == Some(&Step::KeyName) {
            return Err(format!("{path:?} goes on after @key, which is a text"));
        }
        if let Some(next) = rest.strip_prefix('.') {
            if next.is_empty() {
                return Err(format!("{path:?} ends in a dot"));
            }
            rest = next;
        } else if !rest.is_empty() && !rest.starts_with('[') {
            return Err(format!("{path:?} has text after a quote"));
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |k: &str| Step::Key(k.to_owned());
        assert_eq!(parse_path("a.b").unwrap(), [key("a"), key("b")]);
        assert_eq!(parse_path("a.\"b.c\"").unwrap(), [key("a"), key("b.c")]);
        assert_eq!(
            parse_path("a[2].b").unwrap(),
            [key("a"), Step::Index(2), key("b")]
        );
        assert_eq!(parse_path("*.time").unwrap(), [Step::AnyKey, key("time")]);
        for bad in ["a..b", "a.", "\"a", "a[x]", "a[1", "\"a\"b", "@key.a"] {
            assert!(parse_path(bad).is_err(), "{bad}");
        }
    }
}
