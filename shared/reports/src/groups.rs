//! Rows of a report table put together into groups, a page at a time.
//!
//! First the keys of the next groups are read, with how many users their rows have; then the rows
//! of as many groups at once as memory allows, which bear the sets of persons. So the sets are
//! never sorted or looked at in vain.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Row, statement};
use logbook_model::Day;

use crate::Result;
use crate::blocks::{Blocks, Days};
use crate::condition::{Condition, Span};
use crate::description::is_date;
use crate::query::Range;
use crate::reply::Cell;
use crate::request::ReportRequest;

/// Groups that are looked for at once, unless a page is of more.
const KEYS: u32 = 1000;
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
    /// Whether the table's keys begin with the day, and not with the group.
    const BY_DAYS: bool = true;

    /// The table that a request needs: one where what it does not tell apart is together already.
    fn table(_: &ReportRequest) -> &'static str {
        Self::TABLE
    }

    /// Takes up a row.
    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()>;
    /// How many distinct persons it rests on.
    fn persons(&mut self) -> u64;
}

/// Groups, by their keys.
pub(crate) type Found<G> = Vec<(Vec<String>, G)>;

/// A page of groups that may be shown.
pub(crate) struct Page<G> {
    pub(crate) groups: Found<G>,
    /// Which days of each group count, by its key; nothing where all do.
    pub(crate) days: BTreeMap<Vec<String>, Days>,
    pub(crate) withheld: u64,
    pub(crate) next: Option<Vec<String>>,
}

impl<G> Page<G> {
    /// The same page, with something else of each group.
    pub(crate) fn map<H>(self, mut of: impl FnMut(G) -> H) -> Page<H> {
        let groups = self.groups.into_iter();
        Page {
            groups: groups.map(|(key, group)| (key, of(group))).collect(),
            days: self.days,
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
        let span = Span::between(first, last);
        let blocks = Blocks::of(request, range);
        let (mut groups, mut days) = if let Some(blocks) = blocks {
            in_blocks::<G>(analytics, request, range, span, (least, blocks)).await?
        } else {
            let groups = select::<G>(analytics, request, range, span, least).await?;
            (groups, BTreeMap::new())
        };
        for (key, _) in likely {
            if self.is_full(request) {
                break;
            }
            // An analysis may have taken its rows away since.
            let Some((key, mut group)) = groups.remove_entry(key) else {
                continue;
            };
            if group.persons() < u64::from(request.min_users) {
                self.withheld += 1;
            } else {
                self.days.extend(days.remove_entry(&key));
                self.groups.push((key, group));
            }
        }
        Ok(())
    }

    fn is_full(&self, request: &ReportRequest) -> bool {
        self.groups.len() >= request.limit as usize
    }

    /// The last group of a page that is full, if any that may be shown follows it.
    fn end(
        &self,
        request: &ReportRequest,
        likely: &[(Vec<String>, u64)],
        more: bool,
    ) -> Option<Vec<String>> {
        let (end, _) = self.groups.last().filter(|_| self.is_full(request))?;
        let follows = more || likely.last().is_some_and(|(key, _)| key != end);
        follows.then(|| end.clone())
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
        days: BTreeMap::new(),
        withheld: 0,
        next: None,
    };
    let least = request.min_users;
    let mut after = request.after.as_ref().map(|after| after.0.clone());
    // Most groups are too small: they are counted where they are, not read.
    let mut sparse = false;
    let mut wanted = request.limit;
    loop {
        let span = Span {
            after: after.as_deref(),
            ..Span::default()
        };
        // One more, to know whether any follows.
        let bounds = (if sparse { least } else { 0 }, wanted + 1);
        let mut found = keys::<G>(analytics, request, range, span, bounds).await?;
        let more = found.len() > wanted as usize;
        found.truncate(wanted as usize);
        let is_small = |(_, users): &&(Vec<String>, u64)| *users < u64::from(least);
        let likely: Vec<_> = found.iter().filter(|one| !is_small(one)).cloned().collect();
        let is_counted = sparse;
        sparse |= found.len() - likely.len() > 4 * likely.len();
        let at_least = if sparse { least } else { 0 };
        for chunk in chunks(&likely) {
            if page.is_full(request) {
                break;
            }
            page.take(analytics, request, range, chunk, at_least)
                .await?;
        }
        let next = page.end(request, &likely, more);
        let last = next.as_ref().or(found.last().map(|(key, _)| key));
        page.withheld += if is_counted {
            let last = last.map(Vec::as_slice).filter(|_| more || next.is_some());
            few::<G>(analytics, request, range, Span { last, ..span }).await?
        } else {
            let until = found.iter().position(|(key, _)| Some(key) == last);
            let looked_at = &found[..until.map_or(0, |at| at + 1)];
            looked_at.iter().filter(is_small).count() as u64
        };
        if next.is_some() || !more {
            page.next = next;
            return Ok(page);
        }
        after = last.cloned();
        // Where few of many are shown, ever more are looked at.
        wanted = (2 * wanted).min(KEYS).max(request.limit);
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
    let condition = Condition::new(request, range, span);
    let mut query = statement(format!(
        "SELECT {columns}, CAST(SUM(users) AS SIGNED) FROM {}{} GROUP BY {columns}{} ORDER BY {columns} LIMIT ?",
        G::table(request),
        condition.text(),
        if least > 0 { HAVING } else { "" },
    ));
    query = condition.bind(query);
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
    let condition = Condition::new(request, range, span);
    let query = statement(format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {}{} GROUP BY {} HAVING SUM(users) < ?) AS few",
        G::table(request),
        condition.text(),
        request.grouping().join(", "),
    ));
    let mut connection = analytics.read().await?;
    let row = condition
        .bind(query)
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
    let span = Span::between(first, last);
    select(analytics, request, range, span, 0).await
}

/// What adds up to a group's figure.
pub(crate) struct OfDay {
    pub(crate) day: Day,
    pub(crate) sum: u64,
    /// The most persons that one of its rows rests on.
    pub(crate) users: u64,
}

/// A column that adds up, by day, of each group from one key to another, both included.
pub(crate) async fn sums(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    (table, column): (&str, &str),
    (first, last): (&[String], &[String]),
) -> Result<BTreeMap<Vec<String>, Vec<OfDay>>> {
    let columns = request.grouping().join(", ");
    let span = Span::between(first, last);
    let condition = Condition::by_days(request, range, span);
    let query = statement(format!(
        "SELECT {columns}, day AS of_day, CAST(SUM({column}) AS SIGNED), MAX(users) \
         FROM {table}{} GROUP BY {columns}, of_day",
        condition.text(),
    ));
    let mut connection = analytics.read().await?;
    let rows = condition.bind(query).fetch_all(&mut connection).await?;
    let mut found: BTreeMap<Vec<String>, Vec<OfDay>> = BTreeMap::new();
    for row in &rows {
        let mut cells = Cells::new(row);
        let key = read_key(&mut cells, request.grouping().len())?;
        found.entry(key).or_default().push(OfDay {
            day: cells.date()?,
            sum: cells.count()?,
            users: cells.count()?,
        });
    }
    Ok(found)
}

/// All groups, for reports that put several together.
pub(crate) async fn all<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<BTreeMap<Vec<String>, G>> {
    select(analytics, request, range, Span::default(), 0).await
}

/// The rows of a group's table, as they are found soonest.
fn condition<G: Group>(request: &ReportRequest, range: &Range, span: Span<'_>) -> Condition {
    if G::BY_DAYS {
        Condition::by_days(request, range, span)
    } else {
        Condition::new(request, range, span)
    }
}

/// Groups of a stretch of keys, and only those whose users add up to no fewer than `least`.
async fn select<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
    least: u32,
) -> Result<BTreeMap<Vec<String>, G>> {
    let only = condition::<G>(request, range, span);
    let large = Large::new::<G>(request, range, span, least);
    let rows = rows::<G>(analytics, request, large.as_ref(), &only, "").await?;
    let mut groups: BTreeMap<Vec<String>, G> = BTreeMap::new();
    for row in &rows {
        let mut cells = Cells::new(row);
        let key = read_key(&mut cells, request.grouping().len())?;
        groups.entry(key).or_default().add(&mut cells)?;
    }
    Ok(groups)
}

/// Groups and the days of them that count.
type InBlocks<G> = (BTreeMap<Vec<String>, G>, BTreeMap<Vec<String>, Days>);

/// The same groups, of the blocks of their days that count.
async fn in_blocks<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
    (least, blocks): (u32, Blocks),
) -> Result<InBlocks<G>> {
    let width = request.grouping().len();
    let large = Large::new::<G>(request, range, span, least);
    let only = condition::<G>(request, range, span);
    let mut rows = rows::<G>(analytics, request, large.as_ref(), &only, "day, users, ").await?;
    let mut enough: BTreeMap<Vec<String>, BTreeSet<Day>> = BTreeMap::new();
    if let Some(before) = blocks.before() {
        // Where blocks begin is decided by days of too few persons: the sets of others, which are
        // large, are not looked at.
        let some = condition::<G>(request, &before, span).and_users("<", blocks.least());
        rows.extend(
            self::rows::<G>(analytics, request, large.as_ref(), &some, "day, users, ").await?,
        );
        let many = condition::<G>(request, &before, span).and_users(">=", blocks.least());
        for row in &keys_by_day::<G>(analytics, request, &many).await? {
            let mut cells = Cells::new(row);
            let key = read_key(&mut cells, width)?;
            enough.entry(key).or_default().insert(cells.date()?);
        }
    }
    let groups = blocks.groups(&rows, width, &enough)?.into_iter();
    Ok(groups
        .map(|(key, (group, days))| ((key.clone(), group), (key, days)))
        .unzip())
}

/// Joins only groups whose users add up to enough, where most are too small to be read.
struct Large {
    text: String,
    condition: Condition,
    least: u32,
}

impl Large {
    fn new<G: Group>(
        request: &ReportRequest,
        range: &Range,
        span: Span<'_>,
        least: u32,
    ) -> Option<Self> {
        let columns = request.grouping().join(", ");
        let condition = condition::<G>(request, range, span);
        let text = format!(
            " INNER JOIN (SELECT {columns} FROM {}{} GROUP BY {columns}{HAVING}) AS large \
             USING ({columns})",
            G::table(request),
            condition.text(),
        );
        (least > 0).then_some(Self {
            text,
            condition,
            least,
        })
    }
}

/// The rows of groups: their keys, more columns, and what the groups take up.
async fn rows<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    large: Option<&Large>,
    condition: &Condition,
    more: &str,
) -> Result<Vec<Row>> {
    let mut query = statement(format!(
        "SELECT {}, {more}{} FROM {}{}{}",
        request.grouping().join(", "),
        G::COLUMNS,
        G::table(request),
        large.map_or("", |large| &large.text),
        condition.text(),
    ));
    if let Some(large) = large {
        query = large.condition.bind(query).bind(i64::from(large.least));
    }
    let mut connection = analytics.read().await?;
    Ok(condition.bind(query).fetch_all(&mut connection).await?)
}

/// The keys of some rows, each with its day.
async fn keys_by_day<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    condition: &Condition,
) -> Result<Vec<Row>> {
    let query = statement(format!(
        "SELECT DISTINCT {}, day FROM {}{}",
        request.grouping().join(", "),
        G::table(request),
        condition.text(),
    ));
    let mut connection = analytics.read().await?;
    Ok(condition.bind(query).fetch_all(&mut connection).await?)
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
