//! The tables that groups are put together from.

/// A table whose rows are of a product, a day and an environment each, and of what its key names
/// beside them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayTable {
    pub(crate) name: &'static str,
    /// Its primary key after product, day and environment.
    pub(crate) key: &'static [&'static str],
}

impl DayTable {
    pub(crate) const ACCOUNT_DAYS: Self = Self::new("account_days", &["account"]);
    pub(crate) const ACCOUNT_FEATURES: Self =
        Self::new("account_features", &["account", "feature"]);
    pub(crate) const FEATURE_ADOPTION: Self = Self::new("feature_adoption", &["feature"]);
    pub(crate) const FEATURE_DAYS: Self = Self::new("feature_days", &["feature"]);
    pub(crate) const FEATURE_PATHS: Self =
        Self::new("feature_paths", &["from_feature", "to_feature"]);
    pub(crate) const FEATURE_USAGE: Self = Self::new("feature_usage", &["version", "feature"]);
    pub(crate) const PLATFORMS: Self = Self::new("platforms", &["os", "os_version", "runtime"]);
    pub(crate) const RELEASE_HEALTH: Self = Self::new("release_health", &["version"]);
    pub(crate) const TOP_ERRORS: Self = Self::new("top_errors", &["version", "error"]);
    pub(crate) const VERSION_DAYS: Self = Self::new("version_days", &["version"]);

    const fn new(name: &'static str, key: &'static [&'static str]) -> Self {
        Self { name, key }
    }
}
