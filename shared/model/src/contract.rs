//! What a vendor and its customer agreed on.

use serde::{Deserialize, Serialize};

use crate::{Day, SessionFacts};

/// What a vendor knows of an account that no log says. All of it may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contract {
    /// What the vendor calls the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Persons that the licence covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// Licensed modules: each covers the features of its name, see [`Contract::covers`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Who looks after the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The day on which the licence ends unless it is renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renews_on: Option<Day>,
}

/// Why something is no contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// A text is empty, too long, or not one line.
    #[error("{field} must be one line of 1 to {max} bytes", max = SessionFacts::MAX_BYTES)]
    Text {
        /// Which.
        field: &'static str,
    },
    /// A module has a semicolon, which stands between modules in tables.
    #[error("a module has a semicolon")]
    Semicolon,
    /// More modules than are kept.
    #[error("there are more than {max} modules", max = Contract::MAX_MODULES)]
    Modules,
}

impl Contract {
    /// Modules at most.
    pub const MAX_MODULES: usize = 64;

    /// Checks the bounds; modules are put in order, each once.
    ///
    /// # Errors
    /// [`ContractError`] for the first field that is out of them.
    pub fn checked(mut self) -> Result<Self, ContractError> {
        check("name", self.name.as_deref())?;
        check("owner", self.owner.as_deref())?;
        for module in &self.modules {
            check("a module", Some(module))?;
            if module.contains(';') {
                return Err(ContractError::Semicolon);
            }
        }
        self.modules.sort_unstable();
        self.modules.dedup();
        if self.modules.len() > Self::MAX_MODULES {
            return Err(ContractError::Modules);
        }
        Ok(self)
    }

    /// Whether a module covers a feature: `export` covers `export`, and what goes on after `/`,
    /// `.` or `:`, as `export/pdf` does.
    pub fn covers(module: &str, feature: &str) -> bool {
        let rest = feature.strip_prefix(module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.', ':']))
    }
}

fn check(field: &'static str, text: Option<&str>) -> Result<(), ContractError> {
    let bad = |text: &str| {
        text.trim().is_empty()
            || text.len() > SessionFacts::MAX_BYTES
            || text.contains(char::is_control)
    };
    if text.is_some_and(bad) {
        return Err(ContractError::Text { field });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_covers_the_features_of_its_name() {
        for (feature, covered) in [
            ("export", true),
            ("export/pdf", true),
            ("export.pdf", true),
            ("export:pdf", true),
            ("exporter", false),
            ("import/export", false),
        ] {
            assert_eq!(Contract::covers("export", feature), covered, "{feature}");
        }
    }

    #[test]
    fn contracts_have_bounds() {
        let named = |name: &str| Contract {
            name: Some(name.to_owned()),
            ..Contract::default()
        };
        assert!(named("Acme, Inc.").checked().is_ok());
        for bad in ["", " ", "two\nlines", &"x".repeat(191)] {
            let field = "name";
            assert_eq!(named(bad).checked(), Err(ContractError::Text { field }));
        }
        let modules = |n: usize| Contract {
            modules: (0..n).rev().map(|n| format!("{n:02}")).collect(),
            ..Contract::default()
        };
        assert_eq!(modules(65).checked(), Err(ContractError::Modules));
        let two = Contract {
            modules: vec!["a;b".to_owned()],
            ..Contract::default()
        };
        assert_eq!(two.checked(), Err(ContractError::Semicolon));
        let twice = Contract {
            modules: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
            ..Contract::default()
        };
        assert_eq!(twice.checked().unwrap().modules, ["a", "b"]);
    }
}
