//! The reports that there are.

use crate::description::ReportDescription;
use crate::{
    Error, Result, account_features, accounts, active_users, cost, feature_adoption, feature_paths,
    feature_usage, fresh, funnel, ledger, platforms, release_delta, release_health, retention,
    top_errors, versions,
};

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// `feature-usage`.
    FeatureUsage,
    /// `feature-adoption`.
    FeatureAdoption,
    /// `feature-paths`.
    FeaturePaths,
    /// `funnel`.
    Funnel,
    /// `release-health`.
    ReleaseHealth,
    /// `release-delta`.
    ReleaseDelta,
    /// `top-errors`.
    TopErrors,
    /// `versions`.
    Versions,
    /// `platforms`.
    Platforms,
    /// `active-users`.
    ActiveUsers,
    /// `retention`.
    Retention,
    /// `accounts`.
    Accounts,
    /// `account-features`.
    AccountFeatures,
    /// `ledger`.
    Ledger,
    /// `freshness`.
    Freshness,
    /// `cost`.
    Cost,
}

static CATALOGUE: [ReportDescription; Report::ALL.len()] = {
    let mut all = [*Report::ALL[0].description(); Report::ALL.len()];
    let mut at = 1;
    while at < all.len() {
        all[at] = *Report::ALL[at].description();
        at += 1;
    }
    all
};

/// Every report, described.
pub fn catalogue() -> &'static [ReportDescription] {
    &CATALOGUE
}

impl Report {
    /// Every report, in the order of the catalogue.
    pub const ALL: [Self; 16] = [
        Self::FeatureUsage,
        Self::FeatureAdoption,
        Self::FeaturePaths,
        Self::Funnel,
        Self::ReleaseHealth,
        Self::ReleaseDelta,
        Self::TopErrors,
        Self::Versions,
        Self::Platforms,
        Self::ActiveUsers,
        Self::Retention,
        Self::Accounts,
        Self::AccountFeatures,
        Self::Ledger,
        Self::Freshness,
        Self::Cost,
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
            Self::FeatureAdoption => &feature_adoption::DESCRIPTION,
            Self::FeaturePaths => &feature_paths::DESCRIPTION,
            Self::Funnel => &funnel::DESCRIPTION,
            Self::ReleaseHealth => &release_health::DESCRIPTION,
            Self::ReleaseDelta => &release_delta::DESCRIPTION,
            Self::TopErrors => &top_errors::DESCRIPTION,
            Self::Versions => &versions::DESCRIPTION,
            Self::Platforms => &platforms::DESCRIPTION,
            Self::ActiveUsers => &active_users::DESCRIPTION,
            Self::Retention => &retention::DESCRIPTION,
            Self::Accounts => &accounts::DESCRIPTION,
            Self::AccountFeatures => &account_features::DESCRIPTION,
            Self::Ledger => &ledger::DESCRIPTION,
            Self::Freshness => &fresh::DESCRIPTION,
            Self::Cost => &cost::DESCRIPTION,
        }
    }

    /// The ways to group its rows, the default first.
    pub(crate) const fn groupings(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::FeatureUsage => feature_usage::GROUPINGS,
            Self::FeatureAdoption => feature_adoption::GROUPINGS,
            Self::FeaturePaths => feature_paths::GROUPINGS,
            Self::Funnel => funnel::GROUPINGS,
            Self::ReleaseHealth => release_health::GROUPINGS,
            Self::ReleaseDelta => release_delta::GROUPINGS,
            Self::TopErrors => top_errors::GROUPINGS,
            Self::Versions => versions::GROUPINGS,
            Self::Platforms => platforms::GROUPINGS,
            Self::ActiveUsers => active_users::GROUPINGS,
            Self::Retention => retention::GROUPINGS,
            Self::Accounts => accounts::GROUPINGS,
            Self::AccountFeatures => account_features::GROUPINGS,
            Self::Ledger => ledger::GROUPINGS,
            Self::Freshness => fresh::GROUPINGS,
            Self::Cost => cost::GROUPINGS,
        }
    }

    /// How many days it looks at unless it is told from where.
    pub(crate) const fn default_days(self) -> i32 {
        match self {
            Self::Accounts | Self::Retention => 84,
            _ => 30,
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
