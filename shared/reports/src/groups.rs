//! Rows of a report table put together into groups, a page at a time.
//!
//! First the keys of the next groups are read, with how many users their rows have ([`crate::keys`]);
//! then the rows of as many groups at once as memory allows and the page needs, which bear the sets of
//! persons. So the database sorts no sets, and those of small groups are read only where they lie
//! between others.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Row, statement};
use logbook_model::Day;

use crate::blocks::{Blocks, Days};
use crate::condition::{Condition, Span};
use crate::day_table::DayTable;
use crate::description::is_date;
use crate::keys::{self, Upcoming};
use crate::query::Range;
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Error, Result};

/// Groups that are looked for at once, unless a page is of more.
const KEYS: u32 = 1000;
/// Groups of a page at least, where there are so many, however long it takes.
const ENOUGH: usize = 250;
/// Groups that are looked for at once for a page that may end with [`ENOUGH`].
const FIRST_KEYS: u32 = 400;
/// Rows put together after which a page of enough groups ends, unless it is asked for by its size.
const WORK: u64 = 5000;
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
    const TABLE: DayTable;

    /// The table that a request needs: one where what it does not tell apart is together already.
    fn table(_: &ReportRequest) -> DayTable {
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
    /// Groups withheld since the last that is shown.
    hidden: u64,
}

impl<G> Page<G> {
    pub(crate) const fn new() -> Self {
        Self {
            groups: Vec::new(),
            days: BTreeMap::new(),
            withheld: 0,
            next: None,
            hidden: 0,
        }
    }

    /// Takes up a group that follows.
    pub(crate) fn show(&mut self, key: Vec<String>, group: G) {
        self.withheld += std::mem::take(&mut self.hidden);
        self.groups.push((key, group));
    }

    /// Counts groups that follow and are withheld.
    pub(crate) const fn hide(&mut self, groups: u64) {
        self.hidden += groups;
    }

    /// The page, where others follow it: those after the last that is shown are of the next one.
    pub(crate) fn broken_off(mut self) -> Self {
        self.next = self.groups.last().map(|(key, _)| key.clone());
        self
    }

    /// The page, where none follows.
    pub(crate) const fn ended(mut self) -> Self {
        self.withheld += self.hidden;
        self
    }

    /// The same page, with something else of each group.
    pub(crate) fn map<H>(self, mut of: impl FnMut(G) -> H) -> Page<H> {
        let groups = self.groups.into_iter();
        Page {
            groups: groups.map(|(key, group)| (key, of(group))).collect(),
            days: self.days,
            withheld: self.withheld,
            next: self.next,
            hidden: self.hidden,
        }
    }
}

/// A page that is being read.
struct Reading<'a, G> {
    analytics: &'a Database,
    request: &'a ReportRequest,
    range: &'a Range,
    page: Page<G>,
    /// Rows of the groups that were read so far.
    rows: u64,
}

impl<G: Group> Reading<'_, G> {
    /// Reads groups that follow each other and takes those that rest on enough persons, until the
    /// page is full. Says at how many it looked.
    async fn take(&mut self, listed: &[Upcoming]) -> Result<usize> {
        let request = self.request;
        let least = u64::from(request.min_users);
        let mut likely = listed.iter().filter(|one| one.users >= least);
        let (Some(first), last) = (likely.next(), likely.next_back()) else {
            self.page.hide(listed.len() as u64);
            return Ok(listed.len());
        };
        let span = Span::between(&first.key, &last.unwrap_or(first).key);
        let blocks = Blocks::of(request, self.range);
        let (mut groups, mut days) = if let Some(blocks) = blocks {
            in_blocks(self.analytics, request, self.range, span, blocks).await?
        } else {
            let groups = select::<G>(self.analytics, request, self.range, span).await?;
            (groups, BTreeMap::new())
        };
        for (looked_at, one) in listed.iter().enumerate() {
            if self.is_full() {
                return Ok(looked_at);
            }
            self.rows += one.rows;
            let is_small = one.users < least;
            match groups.remove_entry(&one.key).filter(|_| !is_small) {
                Some((key, mut group)) => {
                    if group.persons() < least {
                        self.page.hide(1);
                    } else {
                        self.page.days.extend(days.remove_entry(&key));
                        self.page.show(key, group);
                    }
                }
                // Else an analysis has taken its rows away since.
                None => self.page.hide(u64::from(is_small)),
            }
        }
        Ok(listed.len())
    }

    fn is_full(&self) -> bool {
        self.is_full_with(self.page.groups.len(), self.rows)
    }

    fn is_full_with(&self, groups: usize, rows: u64) -> bool {
        is_full(self.request, groups, rows >= WORK)
    }

    /// How many of some groups are read at once: until their users become too many to be held, or
    /// the page is likely to be full.
    fn fitting(&self, groups: &[Upcoming]) -> usize {
        let (mut users, mut rows, mut shown) = (0, self.rows, self.page.groups.len());
        let least = u64::from(self.request.min_users);
        let fit = groups.iter().take(CHUNK).take_while(|one| {
            let is_full = self.is_full_with(shown, rows);
            users += one.users;
            rows += one.rows;
            shown += usize::from(one.users >= least);
            users <= CHUNK_USERS && !is_full
        });
        fit.count().max(1).min(groups.len())
    }
}

/// Whether a page is full that has so many groups, and took long or not.
pub(crate) fn is_full(request: &ReportRequest, groups: usize, took_long: bool) -> bool {
    let is_enough = groups >= ENOUGH && took_long && request.may_be_short();
    is_enough || groups >= request.most_rows() as usize
}

/// The groups that follow the request's `after`, as many as it asks for, or fewer where it may be
/// short.
///
/// The users of a group's rows add up to no fewer than its persons: where the sum is too small,
/// the group is withheld without a look at who they are.
pub(crate) async fn page<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Page<G>> {
    let mut reading = Reading {
        analytics,
        request,
        range,
        page: Page::new(),
        rows: 0,
    };
    let mut after = request.after.as_ref().map(|after| after.0.clone());
    let mut wanted = if request.may_be_short() {
        request.most_rows().min(FIRST_KEYS)
    } else {
        request.most_rows()
    };
    loop {
        let span = Span {
            after: after.as_deref(),
            ..Span::default()
        };
        let stretch = keys::first::<G>(analytics, request, range, span, wanted).await?;
        let mut left = stretch.groups.as_slice();
        while !left.is_empty() && !reading.is_full() {
            let chunk = &left[..reading.fitting(left)];
            left = &left[reading.take(chunk).await?..];
        }
        let is_small = |one: &Upcoming| one.users < u64::from(request.min_users);
        if reading.is_full() && (stretch.more || !left.iter().all(is_small)) {
            return Ok(reading.page.broken_off());
        }
        if !stretch.more {
            reading.page.hide(left.len() as u64);
            return Ok(reading.page.ended());
        }
        let last = stretch.groups.into_iter().next_back();
        let last = last.ok_or_else(|| Error::damaged("table", "its keys are in no order"))?;
        after = Some(last.key);
        // Where few of many are shown, ever more are looked at.
        wanted = (2 * wanted).min(KEYS).max(request.most_rows());
    }
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
    select(analytics, request, range, span).await
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
    (table, column): (DayTable, &str),
    (first, last): (&[String], &[String]),
) -> Result<BTreeMap<Vec<String>, Vec<OfDay>>> {
    let columns = request.grouping().join(", ");
    let span = Span::between(first, last);
    let mut rows = Vec::new();
    for condition in &Condition::by_days(request, range, span) {
        let query = statement(format!(
            "SELECT {columns}, day AS of_day, CAST(SUM({column}) AS SIGNED), MAX(users) \
             FROM {}{} GROUP BY {columns}, of_day",
            table.name,
            condition.text(),
        ));
        let mut connection = analytics.read().await?;
        rows.extend(condition.bind(query).fetch_all(&mut connection).await?);
    }
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
    select(analytics, request, range, Span::default()).await
}

/// All groups of a range, each of the days that count, and which days these are; `None` where all do.
pub(crate) async fn counted<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<BTreeMap<Vec<String>, (G, Option<Days>)>> {
    let Some(blocks) = Blocks::of(request, range) else {
        let groups = all::<G>(analytics, request, range).await?.into_iter();
        return Ok(groups.map(|(key, group)| (key, (group, None))).collect());
    };
    let (groups, mut days) =
        in_blocks::<G>(analytics, request, range, Span::default(), blocks).await?;
    let groups = groups.into_iter().filter_map(|(key, group)| {
        let days = days.remove(&key).filter(|days| !days.is_empty())?;
        Some((key, (group, Some(days))))
    });
    Ok(groups.collect())
}

/// Groups of a stretch of keys.
async fn select<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    span: Span<'_>,
) -> Result<BTreeMap<Vec<String>, G>> {
    let only = Condition::by_days(request, range, span);
    let rows = rows::<G>(analytics, request, &only, "").await?;
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
    blocks: Blocks,
) -> Result<InBlocks<G>> {
    let width = request.grouping().len();
    let only = Condition::by_days(request, range, span);
    let mut rows = rows::<G>(analytics, request, &only, "day, users, ").await?;
    let mut enough: BTreeMap<Vec<String>, BTreeSet<Day>> = BTreeMap::new();
    if let Some(before) = blocks.before() {
        // Where blocks begin is decided by days of too few persons: the sets of others, which are
        // large, are not looked at.
        let all = || Condition::by_days(request, &before, span).into_iter();
        let some: Vec<_> = all()
            .map(|one| one.and_users("<", blocks.least()))
            .collect();
        rows.extend(self::rows::<G>(analytics, request, &some, "day, users, ").await?);
        let many: Vec<_> = all()
            .map(|one| one.and_users(">=", blocks.least()))
            .collect();
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

/// The rows of groups: their keys, more columns, and what the groups take up.
async fn rows<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    conditions: &[Condition],
    more: &str,
) -> Result<Vec<Row>> {
    let columns = format!("{}, {more}{}", request.grouping().join(", "), G::COLUMNS);
    read::<G>(analytics, request, conditions, &columns).await
}

/// Some columns of rows.
async fn read<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    conditions: &[Condition],
    columns: &str,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for condition in conditions {
        let query = statement(format!(
            "SELECT {columns} FROM {}{}",
            G::table(request).name,
            condition.text(),
        ));
        let mut connection = analytics.read().await?;
        rows.extend(condition.bind(query).fetch_all(&mut connection).await?);
    }
    Ok(rows)
}

/// The keys of some rows, each with its day.
async fn keys_by_day<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    conditions: &[Condition],
) -> Result<Vec<Row>> {
    let columns = format!("DISTINCT {}, day", request.grouping().join(", "));
    read::<G>(analytics, request, conditions, &columns).await
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
