//! A day of `feature_usage` from its features, and of what is put together of it: `feature_days`,
//! whatever the version, and `version_days`, whatever the feature.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::day_features::{FeatureFigures, FeatureGroup};
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "feature_usage",
    columns: "product, day, environment, version, feature, uses, sessions, users, errors, \
        timed_uses, p50_us, p95_us, p99_us, durations, persons",
};
const BY_FEATURE: Table = Table {
    name: "feature_days",
    columns: "product, day, environment, feature, uses, sessions, users, errors, \
        timed_uses, p50_us, p95_us, p99_us, durations, persons",
};
const BY_VERSION: Table = Table {
    name: "version_days",
    columns: "product, day, environment, version, uses, sessions, users, errors, \
        timed_uses, p50_us, p95_us, p99_us, durations, persons",
};

/// A row of one of the tables, whose key has so many names after its place.
struct Row<'a, const N: usize> {
    place: Place<'a>,
    names: [&'a str; N],
    figures: &'a FeatureFigures,
    persons: Persons,
}

/// Computes a day of features in versions anew.
pub(crate) async fn compute_day<'a>(
    connection: &mut Connection,
    product: &'a ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &'a [FeatureGroup<'a>],
) -> Result<()> {
    let of_group = |group: &'a FeatureGroup<'a>| {
        let names = [group.version, group.feature.as_str()];
        (group.environment, names, &group.figures)
    };
    let groups = features.iter().map(of_group);
    replace(connection, &TABLE, product, day, of_day, groups).await
}

/// Computes a day of features, and one of versions, anew.
pub(crate) async fn compute_sums(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &[FeatureGroup<'_>],
) -> Result<()> {
    let sums = sums(features, |group| group.feature.as_str());
    let groups = sums.iter().map(|(key, sum)| (key.0, [key.1], sum));
    replace(connection, &BY_FEATURE, product, day, of_day, groups).await?;
    let sums = self::sums(features, |group| group.version);
    let groups = sums.iter().map(|(key, sum)| (key.0, [key.1], sum));
    replace(connection, &BY_VERSION, product, day, of_day, groups).await
}

/// Groups of a name put together.
fn sums<'a>(
    features: &'a [FeatureGroup<'_>],
    name: fn(&'a FeatureGroup<'_>) -> &'a str,
) -> BTreeMap<(Environment, &'a str), FeatureFigures> {
    let mut sums: BTreeMap<_, FeatureFigures> = BTreeMap::new();
    for group in features {
        let sum = sums.entry((group.environment, name(group))).or_default();
        sum.merge(&group.figures);
    }
    sums.values_mut().for_each(FeatureFigures::settle);
    sums
}

/// Writes a day of a table anew.
async fn replace<'a, const N: usize>(
    connection: &mut Connection,
    table: &Table,
    product: &'a ProductId,
    day: Day,
    of_day: &DaySessions,
    groups: impl Iterator<Item = (Environment, [&'a str; N], &'a FeatureFigures)>,
) -> Result<()> {
    let row = |(environment, names, figures): (_, _, &'a FeatureFigures)| Row {
        place: Place {
            product,
            day,
            environment,
        },
        names,
        figures,
        persons: of_day.persons(&figures.sessions),
    };
    let rows: Vec<Row<'_, N>> = groups.map(row).collect();
    table
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q, const N: usize>(query: Query<'q>, row: &'q Row<'_, N>) -> Query<'q> {
    let figures = row.figures;
    let durations = &figures.durations;
    let quantile = |q| durations.quantile_us(q).map(bigint);
    let stored = if durations.is_empty() {
        Vec::new()
    } else {
        durations.to_bytes()
    };
    let mut persons = row.persons.clone();
    let place = row.place.bind(query);
    row.names
        .iter()
        .fold(place, |query, name| query.bind(*name))
        .bind(bigint(figures.uses))
        .bind(bigint(figures.sessions.len() as u64))
        .bind(bigint(persons.count()))
        .bind(bigint(figures.errors))
        .bind(bigint(durations.count()))
        .bind(quantile(0.50))
        .bind(quantile(0.95))
        .bind(quantile(0.99))
        .bind(stored)
        .bind(persons.bytes())
}
