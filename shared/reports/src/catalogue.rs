//! The reports that there are.

use crate::description::ReportDescription;
use crate::{Error, Result, active_users, feature_usage, ledger, release_health};

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// `feature-usage`.
    FeatureUsage,
    /// `release-health`.
    ReleaseHealth,
    /// `active-users`.
    ActiveUsers,
    /// `ledger`.
    Ledger,
}

static CATALOGUE: [ReportDescription; 4] = [
    feature_usage::DESCRIPTION,
    release_health::DESCRIPTION,
    active_users::DESCRIPTION,
    ledger::DESCRIPTION,
];

/// Every report, described.
pub fn catalogue() -> &'static [ReportDescription] {
    &CATALOGUE
}

impl Report {
    /// Every report, in the order of the catalogue.
    pub const ALL: [Self; 4] = [
        Self::FeatureUsage,
        Self::ReleaseHealth,
        Self::ActiveUsers,
        Self::Ledger,
    ];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        self.description().name
    }

    /// The report of a name, or an error that lists the names.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|report| report.name() == name);
        found.ok_or_else(|| Error::UnknownReport {
            name: name.to_owned(),
            allowed: Self::ALL.map(Self::name).to_vec(),
        })
    }

    /// What it says of itself.
    pub const fn description(self) -> &'static ReportDescription {
        match self {
            Self::FeatureUsage => &feature_usage::DESCRIPTION,
            Self::ReleaseHealth => &release_health::DESCRIPTION,
            Self::ActiveUsers => &active_users::DESCRIPTION,
            Self::Ledger => &ledger::DESCRIPTION,
        }
    }

    /// The ways to group its rows, the default first.
    pub(crate) const fn groupings(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::FeatureUsage => feature_usage::GROUPINGS,
            Self::ReleaseHealth => release_health::GROUPINGS,
            Self::ActiveUsers => active_users::GROUPINGS,
            Self::Ledger => ledger::GROUPINGS,
        }
    }

    pub(crate) fn bad_value(self, parameter: &'static str, value: &str) -> Error {
        let mut known = self.description().parameters.iter();
        let found = known.find(|known| known.name == parameter);
        Error::BadValue {
            parameter,
            value: value.chars().take(100).collect(),
            allowed: found.map_or("nothing", |known| known.allowed).to_owned(),
        }
    }
}
