//! Whose sessions count: production traffic apart from everything else.

/// Which sessions a figure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Environment {
    /// Sessions that name no environment, or `production` or `prod` in any case.
    #[default]
    Production,
    /// Sessions that name any other environment: test, CI, staging, …
    Other,
    /// Both.
    All,
}

impl Environment {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Production, Self::Other, Self::All];

    /// Its name in the API and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Other => "other",
            Self::All => "all",
        }
    }

    /// The inverse of [`Environment::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.name() == name)
    }

    /// Where a session belongs by the environment that it names: production or other.
    pub fn of_session(named: Option<&str>) -> Self {
        let production = named.is_none_or(|name| {
            ["production", "prod"]
                .iter()
                .any(|known| name.trim().eq_ignore_ascii_case(known))
        });
        if production {
            Self::Production
        } else {
            Self::Other
        }
    }

    /// Which of the two kinds of sessions count in it.
    pub(crate) const fn includes(self, of_session: Self) -> bool {
        matches!(
            (self, of_session),
            (Self::All, _) | (Self::Production, Self::Production) | (Self::Other, Self::Other)
        )
    }
}
