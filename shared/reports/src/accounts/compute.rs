//! A day of `account_days` from its sessions.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use crate::persons::Persons;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "account_days",
    columns: "product, day, environment, account, sessions, users, persons",
};

struct Row<'a> {
    place: Place<'a>,
    account: &'a str,
    sessions: u64,
    persons: Persons,
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<()> {
    let mut accounts: BTreeMap<(Environment, &str), (u64, Persons)> = BTreeMap::new();
    for session in &of_day.sessions {
        let Some(account) = session.account.as_deref() else {
            continue;
        };
        let key = (session.environment, account);
        let (sessions, persons) = accounts.entry(key).or_default();
        *sessions += 1;
        session.person.into_iter().for_each(|p| persons.add(p));
    }
    let accounts = accounts.into_iter();
    let rows = accounts.map(|((environment, account), (sessions, persons))| Row {
        place: Place {
            product,
            day,
            environment,
        },
        account,
        sessions,
        persons,
    });
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
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()))
        .bind(persons.bytes())
}
