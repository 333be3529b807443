//! A day of `feature_days`: how many used each feature, in whatever version.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::day_features::FeatureGroup;
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "feature_days",
    columns: "product, day, environment, feature, users",
};

struct Row<'a> {
    place: Place<'a>,
    feature: &'a str,
    users: u64,
}

/// Computes a day anew.
pub(crate) async fn compute_users(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &[FeatureGroup<'_>],
) -> Result<()> {
    let mut users: BTreeMap<(Environment, &str), Persons> = BTreeMap::new();
    for group in features {
        let persons = users
            .entry((group.environment, &group.feature))
            .or_default();
        for &at in &group.figures.sessions {
            let session = &of_day.sessions[at as usize];
            session.person.into_iter().for_each(|p| persons.add(p));
        }
    }
    let row = |((environment, feature), mut persons): (_, Persons)| Row {
        place: Place {
            product,
            day,
            environment,
        },
        feature,
        users: persons.count(),
    };
    let rows: Vec<Row<'_>> = users.into_iter().map(row).collect();
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    row.place
        .bind(query)
        .bind(row.feature)
        .bind(bigint(row.users))
}
