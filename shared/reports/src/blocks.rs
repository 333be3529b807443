//! Which days of a group count where days are put together.
//!
//! Who compares a group over two ranges of days learns what happened on the days that lie in one of
//! them alone. So days count in blocks, each of which rests on enough persons, and which are the same
//! whatever the range: a day of enough persons is a block; the other days of a calendar month (UTC)
//! are put together, in order, until they rest on enough, and begin anew. A range has the blocks all
//! of whose days it has. What is left at the end of a month is in none.
//!
//! Any two ranges then differ by whole blocks.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Cells, Row};
use logbook_model::Day;

use crate::Result;
use crate::groups::{Group, read_key};
use crate::query::Range;
use crate::request::ReportRequest;

/// The blocks of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks {
    /// Persons that a block rests on.
    least: u64,
    /// The range.
    from: Day,
    to: Day,
}

/// The days of a range on which a group has anything: those that count with the last day of their
/// block, the others with nothing.
pub(crate) type Days = BTreeMap<Day, Option<Day>>;

/// Whether what others did on a day counts beside a group: as the group's day does, and where it has
/// none, if enough persons were there. Without days all count.
pub(crate) fn counts(days: Option<&Days>, day: Day, is_enough: bool) -> bool {
    days.is_none_or(|days| days.get(&day).map_or(is_enough, Option::is_some))
}

/// A row of a group.
struct OfGroup {
    day: Day,
    /// How many persons it rests on.
    users: u64,
    /// Its number among the rows read.
    row: usize,
}

impl Blocks {
    /// Persons that a block rests on.
    pub(crate) const fn least(&self) -> u64 {
        self.least
    }

    /// None where each row of a reply is of one day, or nothing is withheld.
    pub(crate) fn of(request: &ReportRequest, range: &Range) -> Option<Self> {
        let together = !request.grouping().contains(&"day");
        (together && request.min_users > 0).then_some(Self {
            least: u64::from(request.min_users),
            from: range.from,
            to: range.to,
        })
    }

    /// The days before the range that decide on where its blocks begin: those of its first month. A
    /// range of one day has no block but that day.
    pub(crate) fn before(&self) -> Option<Range> {
        let (year, month, _) = self.from.civil();
        let first = Day::from_civil(year, month, 1);
        (self.from < self.to && first < self.from).then(|| Range {
            from: first,
            to: self.from.plus(-1),
            judged_to: None,
        })
    }

    /// Groups of the blocks that begin in the range. Each row has a key of `width` cells, its day,
    /// its users, and then what the group takes up. Of days before the range there are only the rows
    /// of too few persons; on those in `enough` their group has others beside them.
    pub(crate) fn groups<G: Group>(
        self,
        rows: &[Row],
        width: usize,
        enough: &BTreeMap<Vec<String>, BTreeSet<Day>>,
    ) -> Result<BTreeMap<Vec<String>, (G, Days)>> {
        let mut groups: BTreeMap<Vec<String>, Vec<OfGroup>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let mut cells = Cells::new(row);
            let key = read_key(&mut cells, width)?;
            let (day, users) = (cells.date()?, cells.count()?);
            let found = OfGroup {
                day,
                users,
                row: at,
            };
            groups.entry(key).or_default().push(found);
        }
        let groups = groups.into_iter().map(|(key, mut of_group)| {
            if let Some(enough) = enough.get(&key) {
                of_group.retain(|one| !enough.contains(&one.day));
            }
            Ok((key, self.fold(rows, width + 2, of_group)?))
        });
        groups.collect()
    }

    fn fold<G: Group>(
        self,
        rows: &[Row],
        width: usize,
        mut of_group: Vec<OfGroup>,
    ) -> Result<(G, Days)> {
        let add =
            |group: &mut G, one: &OfGroup| group.add(&mut Cells::after(&rows[one.row], width));
        of_group.sort_by_key(|one| one.day);
        let mut whole = G::default();
        let in_range = of_group.iter().filter(|one| one.day >= self.from);
        let mut days: Days = in_range.map(|one| (one.day, None)).collect();
        let mut open: Vec<&OfGroup> = Vec::new();
        let mut open_group = G::default();
        for of_day in of_group.chunk_by(|a, b| a.day == b.day) {
            let mut block = Vec::new();
            if self.is_enough::<G>(of_day, add)? {
                block.extend(of_day);
            } else {
                let is_past = |first: &&OfGroup| month(first.day) != month(of_day[0].day);
                if open.first().is_some_and(is_past) {
                    open.clear();
                    open_group = G::default();
                }
                open.extend(of_day);
                of_day
                    .iter()
                    .try_for_each(|one| add(&mut open_group, one))?;
                if open_group.persons() >= self.least {
                    std::mem::swap(&mut block, &mut open);
                    open_group = G::default();
                }
            }
            if block.first().is_some_and(|first| first.day >= self.from) {
                for one in block {
                    add(&mut whole, one)?;
                    days.insert(one.day, Some(of_day[0].day));
                }
            }
        }
        Ok((whole, days))
    }

    /// Whether a day is a block by itself.
    fn is_enough<G: Group>(
        self,
        of_day: &[OfGroup],
        add: impl Fn(&mut G, &OfGroup) -> Result<()>,
    ) -> Result<bool> {
        if of_day.iter().any(|one| one.users >= self.least) {
            return Ok(true);
        }
        if of_day.len() == 1 {
            return Ok(false);
        }
        let mut group = G::default();
        of_day.iter().try_for_each(|one| add(&mut group, one))?;
        Ok(group.persons() >= self.least)
    }
}

const fn month(day: Day) -> (i32, u32) {
    let (year, month, _) = day.civil();
    (year, month)
}
