//! A day of `top_errors` from its features.

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use super::Touched;
use crate::Result;
use crate::day_features::FeatureGroup;
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};

const TABLE: Table = Table {
    name: "top_errors",
    columns: "product, day, environment, version, error, events, sessions, users, persons",
};

struct Row<'a> {
    place: Place<'a>,
    group: &'a FeatureGroup<'a>,
    persons: Persons,
}

/// Computes a day anew, and notes which errors it has and had.
pub(crate) async fn compute_day<'a>(
    connection: &mut Connection,
    product: &'a ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &'a [FeatureGroup<'a>],
    touched: &mut Touched,
) -> Result<()> {
    touched.add_stored(connection, product, day).await?;
    let erring = features.iter().filter(|group| group.figures.errors > 0);
    let row = |group: &'a FeatureGroup<'a>| Row {
        place: Place {
            product,
            day,
            environment: group.environment,
        },
        group,
        persons: of_day.persons(&group.figures.erring),
    };
    let rows: Vec<Row<'_>> = erring.map(row).collect();
    for row in &rows {
        touched.add(row.place.environment, &row.group.feature);
    }
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let figures = &row.group.figures;
    let mut persons = row.persons.clone();
    row.place
        .bind(query)
        .bind(row.group.version)
        .bind(row.group.feature.as_str())
        .bind(bigint(figures.errors))
        .bind(bigint(figures.erring.len() as u64))
        .bind(bigint(persons.count()))
        .bind(persons.bytes())
}
