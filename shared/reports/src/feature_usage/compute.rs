//! A day of `feature_usage` from its sessions.

use std::collections::{BTreeMap, HashMap};

use logbook_backends::sql::rows::{Cells, Connection, Query, bigint, insert, statement};
use logbook_model::{Day, ProductId, Sketch};

use crate::persons::Persons;
use crate::source::DaySessions;
use crate::{Environment, Error, Result};

const COLUMNS: &str = "product, day, environment, version, feature, uses, sessions, users, \
    errors, timed_uses, p50_us, p95_us, p99_us, durations, persons";

/// One group while it is gathered.
#[derive(Default)]
struct Gathered {
    uses: u64,
    errors: u64,
    durations: Sketch,
    // Positions of sessions, one for each part: more than once if a session came in more parts.
    sessions: Vec<u32>,
}

struct Row<'a> {
    product: &'a ProductId,
    day: Day,
    environment: Environment,
    version: &'a str,
    feature: &'a str,
    uses: u64,
    errors: u64,
    durations: Sketch,
    sessions: u64,
    persons: Persons,
}

async fn delete_day(connection: &mut Connection, product: &ProductId, day: Day) -> Result<()> {
    statement("DELETE FROM feature_usage WHERE product = ? AND day = ?")
        .bind(product.as_str())
        .bind(day.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes all that is kept of a product.
pub(crate) async fn delete_all(connection: &mut Connection, product: &ProductId) -> Result<()> {
    statement("DELETE FROM feature_usage WHERE product = ?")
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
    let (names, groups) = gather(connection, product, day, of_day).await?;
    let mut rows: BTreeMap<_, Row<'_>> = BTreeMap::new();
    for ((session, feature), mut group) in groups {
        let session = &of_day.sessions[session as usize];
        group.sessions.sort_unstable();
        group.sessions.dedup();
        let feature = names[feature as usize].as_str();
        let of = group.sessions.iter();
        let persons = of.filter_map(|&at| of_day.sessions[at as usize].person);
        let row = Row {
            product,
            day,
            environment: session.environment,
            version: &session.version,
            feature,
            uses: group.uses,
            errors: group.errors,
            durations: group.durations,
            sessions: group.sessions.len() as u64,
            persons: persons.collect(),
        };
        rows.insert((row.environment, row.version, feature), row);
    }
    let rows: Vec<Row<'_>> = rows.into_values().collect();
    insert(
        connection,
        "INSERT INTO feature_usage",
        COLUMNS,
        &rows,
        bind,
    )
    .await?;
    Ok(())
}

pub(crate) const FEATURES: &str = "SELECT f.session_id, f.name, f.uses, f.errors, f.durations \
    FROM sessions.session AS s CROSS JOIN sessions.part_feature AS f \
    WHERE s.product = ? AND s.start_day = ? \
    AND f.product = s.product AND f.session_id = s.session_id";

/// The names of features, and groups by the first session seen of a (environment, version) and
/// by position of the feature's name.
type Groups = (Vec<String>, HashMap<(u32, u32), Gathered>);

async fn gather(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<Groups> {
    let releases = first_of_release(of_day);
    let mut names: Vec<String> = Vec::new();
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut groups: HashMap<(u32, u32), Gathered> = HashMap::new();
    let mut rows = statement(FEATURES)
        .bind(product.as_str())
        .bind(day.0)
        .fetch(connection)?;
    while let Some(row) = rows.next().await? {
        let mut cells = Cells::new(&row);
        let (id, name) = (cells.str()?, cells.str()?);
        let (uses, errors) = (cells.count()?, cells.count()?);
        let durations = cells.bytes()?;
        let session = *of_day
            .by_id
            .get(id)
            .ok_or_else(|| Error::damaged("row", "a feature of no session"))?;
        let feature = known.get(name).copied().unwrap_or_else(|| {
            names.push(name.to_owned());
            known.insert(name.to_owned(), names.len() as u32 - 1);
            names.len() as u32 - 1
        });
        let group = groups
            .entry((releases[session as usize], feature))
            .or_default();
        group.uses = group.uses.saturating_add(uses);
        group.errors = group.errors.saturating_add(errors);
        group.sessions.push(session);
        if !durations.is_empty() {
            let durations =
                Sketch::from_bytes(durations).map_err(|error| Error::damaged("sketch", error))?;
            group.durations.merge(&durations);
        }
    }
    Ok((names, groups))
}

/// For each session, the first that has its environment and version.
fn first_of_release(of_day: &DaySessions) -> Vec<u32> {
    let mut first = HashMap::new();
    let sessions = of_day.sessions.iter().zip(0u32..);
    sessions
        .map(|(session, at)| {
            let release = (session.environment, session.version.as_str());
            *first.entry(release).or_insert(at)
        })
        .collect()
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let durations = &row.durations;
    let quantile = |q| durations.quantile_us(q).map(bigint);
    let stored = if durations.is_empty() {
        Vec::new()
    } else {
        durations.to_bytes()
    };
    let mut persons = row.persons.clone();
    query
        .bind(row.product.as_str())
        .bind(row.day.to_string())
        .bind(row.environment.name())
        .bind(row.version)
        .bind(row.feature)
        .bind(bigint(row.uses))
        .bind(bigint(row.sessions))
        .bind(bigint(persons.count()))
        .bind(bigint(row.errors))
        .bind(bigint(durations.count()))
        .bind(quantile(0.50))
        .bind(quantile(0.95))
        .bind(quantile(0.99))
        .bind(stored)
        .bind(persons.bytes())
}
