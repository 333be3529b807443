//! A step of a run: days computed anew, then all that hangs on them.

use logbook_backends::sql::rows::Connection;
use logbook_model::{Day, ProductId};

use crate::day_features::read_features;
use crate::source::read_day;
use crate::{
    Result, account_features, accounts, active_users, feature_adoption, feature_paths,
    feature_usage, platforms, release_health, top_errors,
};

/// All that is computed of sessions.
pub(crate) const TABLES: [&str; 16] = [
    "feature_usage",
    "version_days",
    "feature_adoption",
    "feature_days",
    "feature_first",
    "feature_paths",
    "release_health",
    "top_errors",
    "error_seen",
    "platforms",
    "active_users",
    "retention",
    "account_days",
    "account_features",
    "person_day",
    "person_first",
];

/// What the days of a step changed, until what hangs on them is computed.
#[derive(Default)]
pub(crate) struct Step {
    persons: active_users::Changes,
    features: feature_adoption::Changes,
    errors: top_errors::Touched,
}

impl Step {
    /// Computes a day.
    pub(crate) async fn add_day(
        &mut self,
        connection: &mut Connection,
        product: &ProductId,
        day: Day,
    ) -> Result<()> {
        let of_day = &read_day(connection, product, day).await?;
        let features = read_features(connection, product, day, of_day).await?;
        let groups = &features.groups;
        let changes = &mut self.features;
        changes
            .add_day(connection, product, day, of_day, groups)
            .await?;
        feature_usage::compute_day(connection, product, day, of_day, groups).await?;
        feature_usage::compute_sums(connection, product, day, of_day, groups).await?;
        release_health::compute_day(connection, product, day, of_day).await?;
        platforms::compute_day(connection, product, day, of_day).await?;
        accounts::compute_day(connection, product, day, of_day, groups).await?;
        account_features::compute_day(connection, product, day, of_day, groups).await?;
        feature_paths::compute_day(connection, product, day, of_day, &features).await?;
        let errors = &mut self.errors;
        top_errors::compute_day(connection, product, day, of_day, groups, errors).await?;
        self.persons.add_day(connection, product, day, of_day).await
    }

    /// Computes what hangs on the days.
    pub(crate) async fn finish(
        self,
        connection: &mut Connection,
        product: &ProductId,
    ) -> Result<()> {
        self.persons.finish(connection, product).await?;
        self.features.finish(connection, product).await?;
        self.errors.finish(connection, product).await
    }
}
