//! The environment of a function, read once at the start.

use std::fmt;
use std::str::FromStr;

/// A variable that is not there, or not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} {fault}")]
pub struct Missing {
    name: &'static str,
    fault: String,
}

impl Missing {
    /// A variable that must be one of the values named.
    pub(super) fn wrong(name: &'static str, values: &str) -> Self {
        Self {
            name,
            fault: format!("must be {values}"),
        }
    }
}

/// Reads variables. The functions name what they need; docs/deploy.md lists all.
#[derive(Clone, Copy)]
pub struct Environment {
    read: fn(&str) -> Option<String>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is where functions read it")]
    pub fn of_process() -> Self {
        Self {
            read: |name| std::env::var(name).ok(),
        }
    }

    /// One that is made up.
    pub fn from_fn(read: fn(&str) -> Option<String>) -> Self {
        Self { read }
    }

    /// A text that may be left out; an empty one is left out.
    pub fn text_or_none(self, name: &'static str) -> Option<String> {
        (self.read)(name).filter(|value| !value.is_empty())
    }

    /// A text that must be there.
    pub fn text(self, name: &'static str) -> Result<String, Missing> {
        self.text_or_none(name).ok_or_else(|| Missing {
            name,
            fault: "is not set".to_owned(),
        })
    }

    /// A value with a default.
    pub fn value_or<T: FromStr>(self, name: &'static str, default: T) -> Result<T, Missing>
    where
        T::Err: fmt::Display,
    {
        self.text_or_none(name)
            .map_or(Ok(default), |_| self.value(name))
    }

    /// A value that must be there.
    pub fn value<T: FromStr>(self, name: &'static str) -> Result<T, Missing>
    where
        T::Err: fmt::Display,
    {
        self.text(name)?.parse().map_err(|error| Missing {
            name,
            fault: format!("is not valid: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let environment = Environment::from_fn(|name| match name {
            "EMPTY" => Some(String::new()),
            "NUMBER" => Some("12".to_owned()),
            "WORD" => Some("twelve".to_owned()),
            _ => None,
        });
        assert_eq!(environment.text("NUMBER").unwrap(), "12");
        assert_eq!(environment.value_or("NUMBER", 7_u32), Ok(12));
        assert_eq!(environment.value_or("EMPTY", 7_u32), Ok(7));
        let missing = environment.text("EMPTY").unwrap_err().to_string();
        assert_eq!(missing, "the environment variable EMPTY is not set");
        let wrong = environment.value_or("WORD", 7_u32).unwrap_err().to_string();
        assert!(
            wrong.starts_with("the environment variable WORD is not valid"),
            "{wrong}"
        );
    }
}
