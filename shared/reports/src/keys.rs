//! The keys of groups, in order, before their rows are read.
//!
//! Where a group is one row of a day and environment, the first rows of each day and environment are
//! listed, side by side: what is read goes with the page, not with the number of groups. Else the
//! database groups the rows.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Row, bigint, statement, union_all};
use logbook_model::Day;

use crate::condition::{Condition, Span, days};
use crate::groups::{Group, read_key};
use crate::query::Range;
use crate::request::ReportRequest;
use crate::{Environment, Result};

/// Lists of one statement at most.
const LISTS_AT_ONCE: usize = 128;
/// Rows of all lists together, unless [`LEAST_OF_A_LIST`] of each are more.
const ROWS_AT_ONCE: usize = 10_000;
/// Rows of a list at least.
const LEAST_OF_A_LIST: usize = 50;

/// A group that follows.
pub(crate) struct Upcoming {
    pub(crate) key: Vec<String>,
    /// The users of its rows, added up: its persons are no more.
    pub(crate) users: u64,
    /// How many rows it has.
    pub(crate) rows: u64,
}

/// The first groups of a span, and whether any follow.
pub(crate) struct Stretch {
    pub(crate) groups: Vec<Upcoming>,
    pub(crate) more: bool,
}

/// The first groups of a span: up to so many rows of each list, or so many groups.
pub(crate) async fn first<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
    limit: u32,
) -> Result<Stretch> {
    if is_told_apart::<G>(request) {
        let lists = lists(request, range, span);
        let each = (ROWS_AT_ONCE / lists.len().max(1)).max(LEAST_OF_A_LIST);
        return listed::<G>(analytics, request, span, &lists, each.min(limit as usize)).await;
    }
    let mut groups = grouped::<G>(analytics, request, range, span, limit + 1).await?;
    let more = groups.len() > limit as usize;
    groups.truncate(limit as usize);
    Ok(Stretch { groups, more })
}

/// Whether a group has one row of a day and environment, in the order of the table's keys.
fn is_told_apart<G: Group>(request: &ReportRequest) -> bool {
    let only = request.only();
    let is_fixed = |column: &str| {
        only.iter()
            .any(|(name, of)| *name == column && of.is_some())
    };
    let told = |columns: &[&'static str]| {
        let columns = columns.iter().copied();
        columns.filter(|one| !is_fixed(one)).collect::<Vec<_>>()
    };
    told(G::table(request).key) == told(request.grouping())
}

/// The days and environments whose rows are listed.
fn lists(request: &ReportRequest, range: &Range, span: Span<'_>) -> Vec<(Day, Environment)> {
    let (from, to) = days(request, range, span);
    let kinds = [Environment::Production, Environment::Other];
    let kinds = kinds
        .into_iter()
        .filter(|kind| request.environment.includes(*kind));
    let days = (from.0..=to.0).map(Day);
    days.flat_map(|day| kinds.clone().map(move |kind| (day, kind)))
        .collect()
}

/// The groups before the first place where a list is broken off.
async fn listed<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    span: Span<'_>,
    lists: &[(Day, Environment)],
    limit: usize,
) -> Result<Stretch> {
    let width = request.grouping().len();
    let mut groups: BTreeMap<Vec<String>, (u64, u64)> = BTreeMap::new();
    // Where lists end that go on.
    let mut ends: Vec<Vec<String>> = Vec::new();
    for lists in lists.chunks(LISTS_AT_ONCE) {
        let mut found: Vec<(usize, Vec<String>)> = vec![(0, Vec::new()); lists.len()];
        for row in &rows_of_lists::<G>(analytics, request, span, lists, limit + 1).await? {
            let mut cells = Cells::new(row);
            let list = cells.count()? as usize;
            let key = read_key(&mut cells, width)?;
            if let Some((rows, last)) = found.get_mut(list) {
                *rows += 1;
                if *last < key {
                    last.clone_from(&key);
                }
            }
            let (users, rows) = groups.entry(key).or_default();
            *users = users.saturating_add(cells.count()?);
            *rows += 1;
        }
        let found = found.into_iter().filter(|(rows, _)| *rows > limit);
        ends.extend(found.map(|(_, last)| last));
    }
    // What comes before the first of these ends is whole, and something follows.
    let end = ends.into_iter().min();
    let groups = groups
        .into_iter()
        .filter(|(key, _)| end.as_ref().is_none_or(|end| key < end))
        .map(|(key, (users, rows))| Upcoming { key, users, rows });
    Ok(Stretch {
        groups: groups.collect(),
        more: end.is_some(),
    })
}

/// The first rows of each list: its number, the key, and the row's users.
async fn rows_of_lists<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    span: Span<'_>,
    lists: &[(Day, Environment)],
    limit: usize,
) -> Result<Vec<Row>> {
    let columns = request.grouping().join(", ");
    let conditions: Vec<Condition> = lists
        .iter()
        .map(|list| of_list(request, span, *list))
        .collect();
    let queries: Vec<String> = conditions
        .iter()
        .enumerate()
        .map(|(list, condition)| {
            format!(
                "SELECT {list}, {columns}, users FROM {}{} ORDER BY {columns} LIMIT ?",
                G::table(request).name,
                condition.text(),
            )
        })
        .collect();
    let mut connection = analytics.read().await?;
    let mut query = statement(union_all(&connection, &queries));
    for condition in &conditions {
        query = condition.bind(query).bind(bigint(limit as u64));
    }
    Ok(query.fetch_all(&mut connection).await?)
}

/// The rows of a list.
fn of_list(
    request: &ReportRequest,
    span: Span<'_>,
    (day, environment): (Day, Environment),
) -> Condition {
    let request = ReportRequest {
        environment,
        ..request.clone()
    };
    let range = Range {
        from: day,
        to: day,
        judged_to: None,
    };
    Condition::new(&request, &range, span)
}

/// Groups as the database puts them together, so many at most.
pub(crate) async fn grouped<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
    limit: u32,
) -> Result<Vec<Upcoming>> {
    let columns = request.grouping().join(", ");
    let condition = Condition::new(request, range, span);
    let query = statement(format!(
        "SELECT {columns}, CAST(SUM(users) AS SIGNED), COUNT(*) FROM {}{} \
         GROUP BY {columns} ORDER BY {columns} LIMIT ?",
        G::table(request).name,
        condition.text(),
    ));
    let mut connection = analytics.read().await?;
    let rows = condition
        .bind(query)
        .bind(i64::from(limit))
        .fetch_all(&mut connection)
        .await?;
    let width = request.grouping().len();
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(Upcoming {
                key: read_key(&mut cells, width)?,
                users: cells.count()?,
                rows: cells.count()?,
            })
        })
        .collect()
}
