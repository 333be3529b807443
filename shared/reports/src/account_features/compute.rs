//! A day of `account_features` from its features.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::day_features::FeatureGroup;
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "account_features",
    columns: "product, day, environment, account, feature, sessions, users, persons",
};

struct Row<'a> {
    place: Place<'a>,
    account: &'a str,
    feature: &'a str,
    sessions: u64,
    persons: Persons,
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &[FeatureGroup<'_>],
) -> Result<()> {
    let mut found: BTreeMap<(Environment, &str, &str), (u64, Persons)> = BTreeMap::new();
    for group in features {
        for &at in &group.figures.sessions {
            let session = &of_day.sessions[at as usize];
            let Some(account) = session.account.as_deref() else {
                continue;
            };
            let key = (group.environment, account, group.feature.as_str());
            let (sessions, persons) = found.entry(key).or_default();
            *sessions += 1;
            session.person.into_iter().for_each(|p| persons.add(p));
        }
    }
    let found = found.into_iter();
    let rows = found.map(
        |((environment, account, feature), (sessions, persons))| Row {
            place: Place {
                product,
                day,
                environment,
            },
            account,
            feature,
            sessions,
            persons,
        },
    );
    let rows: Vec<Row<'_>> = rows.collect();
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut persons = row.persons.clone();
    row.place
        .bind(query)
        .bind(row.account)
        .bind(row.feature)
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()))
        .bind(persons.bytes())
}
