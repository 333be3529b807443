//! A day of `release_health` from its sessions.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use super::tally::{Rates, Tally};
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "release_health",
    columns: "product, day, environment, version, sessions, users, unidentified_sessions, ok, \
        exited, errored, unhandled, abnormal, crashed, crash_free_session_rate, \
        error_free_session_rate, crash_free_user_rate, error_free_user_rate, session_share, \
        user_share, sessions_with_events, persons, erring_persons, crashing_persons",
};

struct Row<'a> {
    place: Place<'a>,
    version: &'a str,
    tally: Tally,
    rates: Rates,
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<()> {
    let mut tallies: BTreeMap<(Environment, &str), Tally> = BTreeMap::new();
    for session in &of_day.sessions {
        let release = (session.environment, session.version.as_str());
        tallies.entry(release).or_default().add_session(session);
    }
    let mut totals = of_day.totals();
    let mut rows = Vec::with_capacity(tallies.len());
    for ((environment, version), mut tally) in tallies {
        let (sessions, persons) = totals.entry(environment).or_default();
        let rates = tally.rates(*sessions, persons.count());
        rows.push(Row {
            place: Place {
                product,
                day,
                environment,
            },
            version,
            tally,
            rates,
        });
    }
    TABLE
        .replace_day(connection, product, day, &rows, bind)
        .await
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut tally = row.tally.clone();
    let mut query = row
        .place
        .bind(query)
        .bind(row.version)
        .bind(bigint(tally.sessions()))
        .bind(bigint(tally.persons.count()))
        .bind(bigint(tally.unidentified));
    for sessions in tally.by_status {
        query = query.bind(bigint(sessions));
    }
    for rate in row.rates.of_group.iter().chain(&row.rates.shares) {
        query = query.bind(*rate);
    }
    query
        .bind(bigint(tally.with_events))
        .bind(tally.persons.bytes())
        .bind(tally.erring.bytes())
        .bind(tally.crashing.bytes())
}
