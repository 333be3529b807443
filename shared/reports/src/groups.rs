//! Rows of a report table put together into groups, a page at a time.
//!
//! First the keys of the next groups are read, with how many users their rows have; then the rows
//! of as many groups at once as memory allows, which bear the sets of persons. So the sets are
//! never sorted or looked at in vain.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Query, Row, statement};
use logbook_model::Day;

use crate::blocks::Blocks;
use crate::description::is_date;
use crate::query::Range;
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Environment, Result};

/// Groups whose rows are read at once.
const CHUNK: usize = 2000;
/// Users of these groups' rows at most, unless one group alone has more: 8 bytes each are held.
const CHUNK_USERS: u64 = 2_000_000;

/// A group that takes up rows of a table and becomes a row of a report.
pub(crate) trait Group: Default {
    /// The columns that [`Group::add`] reads.
    const COLUMNS: &'static str;
    /// The table. Where its groups may be withheld, its column `users` says how many persons each
    /// row rests on.
    const TABLE: &'static str;

    /// The table that a request needs: one where what it does not tell apart is together already.
    fn table(_: &ReportRequest) -> &'static str {
        Self::TABLE
    }

    /// Takes up a row.
    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()>;
    /// Is told of a day of which rows were taken up, where some are left out.
    fn count_day(&mut self, _: Day) {}
    /// How many distinct persons it rests on.
    fn persons(&mut self) -> u64;
}

/// Groups, by their keys.
pub(crate) type Found<G> = Vec<(Vec<String>, G)>;

/// A page of groups that may be shown.
pub(crate) struct Page<G> {
    pub(crate) groups: Found<G>,
    pub(crate) withheld: u64,
    pub(crate) next: Option<Vec<String>>,
}

impl<G> Page<G> {
    /// The same page, with something else of each group.
    pub(crate) fn map<H>(self, mut of: impl FnMut(G) -> H) -> Page<H> {
        let groups = self.groups.into_iter();
        Page {
            groups: groups.map(|(key, group)| (key, of(group))).collect(),
            withheld: self.withheld,
            next: self.next,
        }
    }
}

impl<G: Group> Page<G> {
    /// Reads groups that follow each other and takes those that rest on enough persons; groups
    /// between them whose users add up to fewer than `least` are not looked at.
    async fn take(
        &mut self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
        likely: &[(Vec<String>, u64)],
        least: u32,
    ) -> Result<()> {
        let (Some((first, _)), Some((last, _))) = (likely.first(), likely.last()) else {
            return Ok(());
        };
        let days = days(request, range, Some(first), Some(last));
        let ends = Some((&**first, &**last));
        let blocks = Blocks::of(request, range);
        let mut groups = select::<G>(analytics, request, &days, ends, (least, blocks)).await?;
        for (key, _) in likely {
            // An analysis may have taken its rows away since.
            let Some((key, mut group)) = groups.remove_entry(key) else {
                continue;
            };
            if group.persons() < u64::from(request.min_users) {
                self.withheld += 1;
            } else {
                self.groups.push((key, group));
            }
        }
        Ok(())
    }
}

/// The groups that follow the request's `after`, as many as it asks for.
///
/// The users of a group's rows add up to no fewer than its persons: where the sum is too small,
/// the group is withheld without a look at who they are.
pub(crate) async fn page<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Page<G>> {
    let mut page = Page {
        groups: Vec::new(),
        withheld: 0,
        next: None,
    };
    let least = request.min_users;
    let mut after = request.after.as_ref().map(|after| after.0.clone());
    // Most groups are too small: they are counted where they are, not read.
    let mut sparse = false;
    loop {
        let wanted = request.limit - page.groups.len() as u32;
        let mut span = Span {
            after: after.as_deref(),
            last: None,
        };
        let at_least = if sparse { least } else { 0 };
        // One more, to know whether any follows.
        let bounds = (at_least, wanted + 1);
        let mut found = keys::<G>(analytics, request, range, span, bounds).await?;
        let more = found.len() > wanted as usize;
        found.truncate(wanted as usize);
        let last = found.last().map(|(key, _)| key.clone());
        if sparse {
            span.last = last.as_deref().filter(|_| more);
            page.withheld += few::<G>(analytics, request, range, span).await?;
        }
        let read = found.len();
        found.retain(|(_, users)| *users >= u64::from(least));
        let small = read - found.len();
        page.withheld += small as u64;
        sparse |= small > 4 * found.len();
        let at_least = if sparse { least } else { 0 };
        for chunk in chunks(&found) {
            page.take(analytics, request, range, chunk, at_least)
                .await?;
        }
        if !more {
            return Ok(page);
        }
        after = last;
        if page.groups.len() >= request.limit as usize {
            page.next = after;
            return Ok(page);
        }
    }
}

/// Groups that follow each other, cut where their users become too many to be held.
fn chunks(groups: &[(Vec<String>, u64)]) -> impl Iterator<Item = &[(Vec<String>, u64)]> {
    let mut left = groups;
    std::iter::from_fn(move || {
        let mut held = 0;
        let fit = left.iter().take(CHUNK).take_while(|(_, users)| {
            held += users;
            held <= CHUNK_USERS
        });
        let fit = fit.count().max(1).min(left.len());
        let (chunk, rest) = left.split_at(fit);
        left = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Keys after one, up to another.
#[derive(Clone, Copy)]
pub(crate) struct Span<'k> {
    pub(crate) after: Option<&'k [String]>,
    pub(crate) last: Option<&'k [String]>,
}

impl<'k> Span<'k> {
    /// What it asks of a row.
    pub(crate) fn clauses(self, request: &ReportRequest) -> String {
        let after = self.after.map(|_| beyond(request, ">"));
        let last = self.last.map(|_| beyond(request, "<="));
        after.unwrap_or_default() + &last.unwrap_or_default()
    }

    /// The values for it.
    pub(crate) fn cells(self) -> impl Iterator<Item = &'k String> {
        self.after.into_iter().chain(self.last).flat_map(bounds)
    }
}

/// The clauses that a request puts on every row.
pub(crate) fn filter(request: &ReportRequest) -> String {
    let mut clauses = String::from(" WHERE product = ? AND day >= ? AND day <= ?");
    if request.environment != Environment::All {
        clauses.push_str(" AND environment = ?");
    }
    if request.version.is_some() {
        clauses.push_str(" AND version = ?");
    }
    if request.feature.is_some() {
        clauses.push_str(" AND feature = ?");
    }
    if request.error.is_some() {
        clauses.push_str(" AND error = ?");
    }
    if request.account.is_some() {
        clauses.push_str(" AND account = ?");
    }
    clauses
}

/// Binds what [`filter`] asks for. The days are as narrow as the keys allow.
pub(crate) fn bind<'q>(
    mut query: Query<'q>,
    request: &'q ReportRequest,
    from: &'q str,
    to: &'q str,
) -> Query<'q> {
    query = query.bind(request.product.as_str()).bind(from).bind(to);
    if request.environment != Environment::All {
        query = query.bind(request.environment.name());
    }
    if let Some(version) = &request.version {
        query = query.bind(version.as_str());
    }
    if let Some(feature) = &request.feature {
        query = query.bind(feature.as_str());
    }
    if let Some(error) = &request.error {
        query = query.bind(error.as_str());
    }
    if let Some(account) = &request.account {
        query = query.bind(account.as_str());
    }
    query
}

/// The range of days, narrowed to what lies between two keys where they begin with a day.
pub(crate) fn days(
    request: &ReportRequest,
    range: &Range,
    first: Option<&[String]>,
    last: Option<&[String]>,
) -> (String, String) {
    let (mut from, mut to) = (range.from.to_string(), range.to.to_string());
    if request.grouping().first() == Some(&"day") {
        if let Some(day) = first.and_then(<[String]>::first) {
            from = from.max(day.clone());
        }
        if let Some(day) = last.and_then(<[String]>::first) {
            to = to.min(day.clone());
        }
    }
    (from, to)
}

/// What asks of a row that its key compares so with another; [`bounds`] are the values for it.
///
/// Databases find a range of an index by a bound on its first column, and none by one on a tuple.
fn beyond(request: &ReportRequest, comparison: &str) -> String {
    let grouping = request.grouping();
    let first = grouping.first().copied().unwrap_or_default();
    if grouping.len() == 1 {
        return format!(" AND {first} {comparison} ?");
    }
    let (side, columns) = (&comparison[..1], grouping.join(", "));
    let holes = vec!["?"; grouping.len()].join(", ");
    format!(" AND {first} {side}= ? AND ({columns}) {comparison} ({holes})")
}

/// The values for [`beyond`].
fn bounds(key: &[String]) -> impl Iterator<Item = &String> {
    let first = key.first().filter(|_| key.len() > 1);
    first.into_iter().chain(key)
}

/// The first keys of a span, in order, each with its rows' users added up; without those where
/// these are fewer than `least`.
pub(crate) async fn keys<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
    (least, limit): (u32, u32),
) -> Result<Vec<(Vec<String>, u64)>> {
    let columns = request.grouping().join(", ");
    let mut query = statement(format!(
        "SELECT {columns}, CAST(SUM(users) AS SIGNED) FROM {}{}{} GROUP BY {columns}{} ORDER BY {columns} LIMIT ?",
        G::table(request),
        filter(request),
        span.clauses(request),
        if least > 0 { HAVING } else { "" },
    ));
    let (from, to) = days(request, range, span.after, span.last);
    query = bind(query, request, &from, &to);
    for cell in span.cells() {
        query = query.bind(cell.as_str());
    }
    if least > 0 {
        query = query.bind(i64::from(least));
    }
    let mut connection = analytics.read().await?;
    let rows = query
        .bind(i64::from(limit))
        .fetch_all(&mut connection)
        .await?;
    let width = request.grouping().len();
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((read_key(&mut cells, width)?, cells.count()?))
        })
        .collect()
}

/// Groups that may be large enough to be shown.
const HAVING: &str = " HAVING SUM(users) >= ?";

/// How many groups of a span are too small for certain.
async fn few<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
) -> Result<u64> {
    if request.min_users == 0 {
        return Ok(0);
    }
    let mut query = statement(format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {}{}{} GROUP BY {} HAVING SUM(users) < ?) \
         AS few",
        G::table(request),
        filter(request),
        span.clauses(request),
        request.grouping().join(", "),
    ));
    let (from, to) = days(request, range, span.after, span.last);
    query = bind(query, request, &from, &to);
    for cell in span.cells() {
        query = query.bind(cell.as_str());
    }
    let mut connection = analytics.read().await?;
    let row = query
        .bind(i64::from(request.min_users))
        .fetch_one(&mut connection)
        .await?;
    Ok(Cells::new(&row).count()?)
}

pub(crate) fn read_key(cells: &mut Cells<'_>, width: usize) -> Result<Vec<String>> {
    (0..width).map(|_| Ok(cells.text()?)).collect()
}

/// The groups from one key to another, both included.
pub(crate) async fn between<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    first: &[String],
    last: &[String],
) -> Result<BTreeMap<Vec<String>, G>> {
    let days = days(request, range, Some(first), Some(last));
    select(analytics, request, &days, Some((first, last)), (0, None)).await
}

/// A column that adds up, summed over the rows of each group from one key to another, both included.
pub(crate) async fn sums(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    (table, column): (&str, &str),
    (first, last): (&[String], &[String]),
) -> Result<BTreeMap<Vec<String>, u64>> {
    let columns = request.grouping().join(", ");
    let mut query = statement(format!(
        "SELECT {columns}, CAST(SUM({column}) AS SIGNED) FROM {table}{}{}{} GROUP BY {columns}",
        filter(request),
        beyond(request, ">="),
        beyond(request, "<="),
    ));
    let (from, to) = days(request, range, Some(first), Some(last));
    query = bind(query, request, &from, &to);
    for key in bounds(first).chain(bounds(last)) {
        query = query.bind(key.as_str());
    }
    let mut connection = analytics.read().await?;
    let rows = query.fetch_all(&mut connection).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let key = read_key(&mut cells, request.grouping().len())?;
            Ok((key, cells.count()?))
        })
        .collect()
}

/// All groups, for reports that put several together.
pub(crate) async fn all<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<BTreeMap<Vec<String>, G>> {
    let days = days(request, range, None, None);
    select(analytics, request, &days, None, (0, None)).await
}

/// Groups of days, between two keys where they are given, and only those whose users add up to
/// no fewer than `least`; of these the blocks that count, or all that there is.
async fn select<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    (from, to): &(String, String),
    ends: Option<(&[String], &[String])>,
    (least, blocks): (u32, Option<Blocks>),
) -> Result<BTreeMap<Vec<String>, G>> {
    let columns = request.grouping().join(", ");
    let within = ends.map(|_| beyond(request, ">=") + &beyond(request, "<="));
    let rows = filter(request) + &within.unwrap_or_default();
    let keys: Vec<&str> = ends
        .into_iter()
        .flat_map(|(first, last)| bounds(first).chain(bounds(last)))
        .map(String::as_str)
        .collect();
    let large = format!(
        " INNER JOIN (SELECT {columns} FROM {}{rows} GROUP BY {columns}{HAVING}) AS large \
         USING ({columns})",
        G::table(request)
    );
    let of_blocks = if blocks.is_some() { "day, users, " } else { "" };
    let mut query = statement(format!(
        "SELECT {columns}, {of_blocks}{} FROM {}{}{rows}",
        G::COLUMNS,
        G::table(request),
        if least > 0 { &large } else { "" },
    ));
    if least > 0 {
        query = bind(query, request, from, to);
        for key in &keys {
            query = query.bind(*key);
        }
        query = query.bind(i64::from(least));
    }
    let first_day = blocks.map(|blocks| blocks.first_day().to_string());
    query = bind(query, request, first_day.as_ref().unwrap_or(from), to);
    for key in &keys {
        query = query.bind(*key);
    }
    let mut connection = analytics.read().await?;
    let rows = query.fetch_all(&mut connection).await?;
    match blocks {
        Some(blocks) => blocks.groups(&rows, request.grouping().len()),
        None => whole(&rows, request.grouping().len()),
    }
}

/// Groups of all that was read of them.
fn whole<G: Group>(rows: &[Row], width: usize) -> Result<BTreeMap<Vec<String>, G>> {
    let mut groups: BTreeMap<Vec<String>, G> = BTreeMap::new();
    for row in rows {
        let mut cells = Cells::new(row);
        let key = read_key(&mut cells, width)?;
        groups.entry(key).or_default().add(&mut cells)?;
    }
    Ok(groups)
}

/// The cells of a key: days as days, texts as texts.
pub(crate) fn key_cells(grouping: &[&str], key: Vec<String>) -> Vec<Cell> {
    let cells = grouping.iter().zip(key);
    cells
        .map(|(name, cell)| match (*name, cell.parse()) {
            (name, Ok(day)) if is_date(name) => Cell::Day(day),
            _ => Cell::Text(cell),
        })
        .collect()
}
