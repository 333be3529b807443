//! A day of `feature_paths` from the order of first uses.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Connection, Query, bigint};
use logbook_model::{Day, ProductId};

use super::{END, START};
use crate::day_features::DayFeatures;
use crate::persons::Persons;
use crate::reply::share;
use crate::source::DaySessions;
use crate::tables::{Place, Table};
use crate::{Environment, Result};

const TABLE: Table = Table {
    name: "feature_paths",
    columns: "product, day, environment, from_feature, to_feature, sessions, users, share, persons",
};

struct Row<'a> {
    place: Place<'a>,
    step: [&'a str; 2],
    sessions: u64,
    /// Of the sessions with the feature before.
    share: Option<f64>,
    persons: Persons,
}

/// Computes a day anew.
pub(crate) async fn compute_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
    features: &DayFeatures<'_>,
) -> Result<()> {
    let mut steps: BTreeMap<(Environment, [&str; 2]), (u64, Persons)> = BTreeMap::new();
    for uses in features.order.chunk_by(|a, b| a.session == b.session) {
        let session = &of_day.sessions[uses[0].session as usize];
        let mut seen = BTreeSet::new();
        let new = uses.iter().filter(|first| seen.insert(first.feature));
        let names = new.map(|first| features.names[first.feature as usize].as_str());
        let path: Vec<&str> = [START].into_iter().chain(names).chain([END]).collect();
        for step in path.windows(2) {
            let key = (session.environment, [step[0], step[1]]);
            let (sessions, persons) = steps.entry(key).or_default();
            *sessions += 1;
            session.person.into_iter().for_each(|p| persons.add(p));
        }
    }
    let mut from: BTreeMap<(Environment, &str), u64> = BTreeMap::new();
    for ((environment, step), (sessions, _)) in &steps {
        *from.entry((*environment, step[0])).or_default() += sessions;
    }
    let whole = |environment, before| from.get(&(environment, before)).copied();
    let steps = steps.into_iter();
    let rows = steps.map(|((environment, step), (sessions, persons))| Row {
        place: Place {
            product,
            day,
            environment,
        },
        step,
        sessions,
        share: share(sessions, whole(environment, step[0]).unwrap_or_default()),
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
        .bind(row.step[0])
        .bind(row.step[1])
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()))
        .bind(row.share)
        .bind(persons.bytes())
}
