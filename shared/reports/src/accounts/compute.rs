//! A day of `account_days` from its sessions and their features.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::day_features::FeatureGroup;
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Error, Result};

const TABLE: Table = Table {
    name: "account_days",
    columns: "product, day, environment, account, sessions, users, feature_names, \
        persons",
};

/// What people of an account did.
#[derive(Default)]
struct Account<'a> {
    sessions: u64,
    persons: Persons,
    features: BTreeSet<&'a str>,
}

struct Row<'a> {
    place: Place<'a>,
    account: &'a str,
    sessions: u64,
    persons: Persons,
    feature_names: String,
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &[FeatureGroup<'_>],
) -> Result<()> {
    let mut accounts: BTreeMap<(Environment, &str), Account<'_>> = BTreeMap::new();
    for session in &of_day.sessions {
        let Some(account) = session.account.as_deref() else {
            continue;
        };
        let key = (session.environment, account);
        let account = accounts.entry(key).or_default();
        account.sessions += 1;
        session
            .person
            .into_iter()
            .for_each(|p| account.persons.add(p));
    }
    for group in features {
        for &at in &group.figures.sessions {
            let session = &of_day.sessions[at as usize];
            let Some(account) = session.account.as_deref() else {
                continue;
            };
            let account = accounts.entry((group.environment, account)).or_default();
            account.features.insert(&group.feature);
        }
    }
    let row = |((environment, account), of_day): (_, Account<'_>)| {
        let names = serde_json::to_string(&of_day.features);
        Ok(Row {
            place: Place {
                product,
                day,
                environment,
            },
            account,
            sessions: of_day.sessions,
            persons: of_day.persons,
            feature_names: names.map_err(|error| Error::damaged("list of features", error))?,
        })
    };
    let rows: Vec<Row<'_>> = accounts.into_iter().map(row).collect::<Result<_>>()?;
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut persons = row.persons.clone();
    row.place
        .bind(query)
        .bind(row.account)
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()))
        .bind(row.feature_names.as_str())
        .bind(persons.bytes())
}
