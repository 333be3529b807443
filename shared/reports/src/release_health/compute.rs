//! A day of `release_health` from its sessions.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Connection, Query, bigint, insert, statement};
use logbook_model::{Day, ProductId};

use super::tally::{Rates, Tally};
use crate::persons::Persons;
use crate::source::DaySessions;
use crate::{Environment, Result};

const COLUMNS: &str = "product, day, environment, version, sessions, users, \
    unidentified_sessions, ok, exited, errored, unhandled, abnormal, crashed, \
    crash_free_session_rate, error_free_session_rate, crash_free_user_rate, \
    error_free_user_rate, session_share, user_share, sessions_with_events, persons, \
    erring_persons, crashing_persons";

struct Row<'a> {
    product: &'a ProductId,
    day: Day,
    environment: Environment,
    version: &'a str,
    tally: Tally,
    rates: Rates,
}

async fn delete_day(connection: &mut Connection, product: &ProductId, day: Day) -> Result<()> {
    statement("DELETE FROM release_health WHERE product = ? AND day = ?")
        .bind(product.as_str())
        .bind(day.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes all that is kept of a product.
pub(crate) async fn delete_all(connection: &mut Connection, product: &ProductId) -> Result<()> {
    statement("DELETE FROM release_health WHERE product = ?")
        .bind(product.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<()> {
    delete_day(connection, product, day).await?;
    let mut tallies: BTreeMap<(Environment, &str), Tally> = BTreeMap::new();
    let mut totals: BTreeMap<Environment, (u64, Persons)> = BTreeMap::new();
    for session in &of_day.sessions {
        let release = (session.environment, session.version.as_str());
        tallies.entry(release).or_default().add_session(session);
        let (sessions, persons) = totals.entry(session.environment).or_default();
        *sessions += 1;
        session.person.into_iter().for_each(|p| persons.add(p));
    }
    let mut rows = Vec::with_capacity(tallies.len());
    for ((environment, version), mut tally) in tallies {
        let (sessions, persons) = totals.entry(environment).or_default();
        let rates = tally.rates(*sessions, persons.count());
        rows.push(Row {
            product,
            day,
            environment,
            version,
            tally,
            rates,
        });
    }
    insert(
        connection,
        "INSERT INTO release_health",
        COLUMNS,
        &rows,
        bind,
    )
    .await?;
    Ok(())
}

fn bind<'q>(mut query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut tally = row.tally.clone();
    query = query
        .bind(row.product.as_str())
        .bind(row.day.to_string())
        .bind(row.environment.name())
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
