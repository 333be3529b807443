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

#[cfg(test)]
mod tests {
    use logbook_backends::sql::rows::{Cells, statement};
    use logbook_backends::{Database, Durability};

    use super::*;

    #[tokio::test]
    async fn keys_are_those_of_the_schema() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("analytics.db");
        let database = Database::open_file(&file, Durability::Process).await;
        let database = database.expect("a database");
        crate::migrate(&database).await.expect("a schema");
        for table in [
            DayTable::ACCOUNT_DAYS,
            DayTable::ACCOUNT_FEATURES,
            DayTable::FEATURE_ADOPTION,
            DayTable::FEATURE_DAYS,
            DayTable::FEATURE_PATHS,
            DayTable::FEATURE_USAGE,
            DayTable::PLATFORMS,
            DayTable::RELEASE_HEALTH,
            DayTable::TOP_ERRORS,
            DayTable::VERSION_DAYS,
        ] {
            let mut connection = database.read().await.expect("a connection");
            let query = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
            let query = statement(query).bind(table.name);
            let rows = query.fetch_all(&mut connection).await.expect("rows");
            let key = rows
                .iter()
                .map(|row| Cells::new(row).text().expect("a name"));
            let key: Vec<String> = key.collect();
            let expected = [&["product", "day", "environment"], table.key].concat();
            assert_eq!(key, expected, "{}", table.name);
        }
    }
}
