//! A day of `platforms` from its sessions.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use super::name::{UNKNOWN, split};
use crate::persons::Persons;
use crate::reply::share;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "platforms",
    columns: "product, day, environment, os, os_version, runtime, sessions, users, \
        session_share, user_share, persons",
};

struct Row<'a> {
    place: Place<'a>,
    platform: [&'a str; 3],
    sessions: u64,
    persons: Persons,
    /// Of sessions and of users.
    shares: [Option<f64>; 2],
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<()> {
    let mut crowds: BTreeMap<(Environment, [&str; 3]), (u64, Persons)> = BTreeMap::new();
    for session in &of_day.sessions {
        let (os, version) = split(session.os.as_deref());
        let runtime = session.runtime.as_deref().unwrap_or(UNKNOWN);
        let key = (session.environment, [os, version, runtime]);
        let (sessions, persons) = crowds.entry(key).or_default();
        *sessions += 1;
        session.person.into_iter().for_each(|p| persons.add(p));
    }
    let mut totals = of_day.totals();
    let row = |((environment, platform), (sessions, mut persons)): (_, (u64, Persons))| {
        let (all_sessions, all_persons) = totals.entry(environment).or_default();
        Row {
            place: Place {
                product,
                day,
                environment,
            },
            platform,
            sessions,
            shares: [
                share(sessions, *all_sessions),
                share(persons.count(), all_persons.count()),
            ],
            persons,
        }
    };
    let rows: Vec<Row<'_>> = crowds.into_iter().map(row).collect();
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut persons = row.persons.clone();
    let mut query = row.place.bind(query);
    for text in row.platform {
        query = query.bind(text);
    }
    query = query
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()));
    for share in row.shares {
        query = query.bind(share);
    }
    query.bind(persons.bytes())
}
