//! A day of `feature_usage` from its features.

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::Result;
use crate::day_features::FeatureGroup;
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};

const TABLE: Table = Table {
    name: "feature_usage",
    columns: "product, day, environment, version, feature, uses, sessions, users, errors, \
        timed_uses, p50_us, p95_us, p99_us, durations, persons",
};

struct Row<'a> {
    place: Place<'a>,
    group: &'a FeatureGroup<'a>,
    persons: Persons,
}

/// Computes a day anew.
pub(crate) async fn compute_day<'a>(
    connection: &mut Connection,
    product: &'a ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &'a [FeatureGroup<'a>],
) -> Result<()> {
    let row = |group: &'a FeatureGroup<'a>| Row {
        place: Place {
            product,
            day,
            environment: group.environment,
        },
        group,
        persons: of_day.persons(&group.figures.sessions),
    };
    let rows: Vec<Row<'_>> = features.iter().map(row).collect();
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let figures = &row.group.figures;
    let durations = &figures.durations;
    let quantile = |q| durations.quantile_us(q).map(bigint);
    let stored = if durations.is_empty() {
        Vec::new()
    } else {
        durations.to_bytes()
    };
    let mut persons = row.persons.clone();
    row.place
        .bind(query)
        .bind(row.group.version)
        .bind(row.group.feature.as_str())
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
