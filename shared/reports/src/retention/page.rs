//! A page of `retention` from its table.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::Day;

use super::monday;
use crate::Result;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// Cohorts whose weeks are read at once.
const CHUNK: usize = 64;

/// The page's rows so far, and where it goes on.
struct Page {
    rows: Rows,
    limit: usize,
    full: bool,
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let mut page = Page {
        rows: Rows::default(),
        limit: request.most_rows() as usize,
        full: false,
    };
    // Nothing is known of weeks after the last analysis.
    let Some(judged) = range.judged_to else {
        return Ok(page.rows);
    };
    let after = after(request)?;
    let from = after.map_or(range.from, |(cohort, _)| cohort.max(range.from));
    let to = range.to.min(judged);
    for chunk in cohorts(analytics, request, (from, to)).await?.chunks(CHUNK) {
        if page.full {
            break;
        }
        let seen = weeks(analytics, request, chunk).await?;
        for &(cohort, persons) in chunk {
            if page.rows.cells.len() >= page.limit {
                page.full = true;
                break;
            }
            if persons < u64::from(request.min_users) {
                page.rows.withheld += 1;
                continue;
            }
            let first = match after {
                Some((last, week)) if last == cohort => week + 1,
                _ => 0,
            };
            page.add(cohort, persons, &seen, (first, to, judged));
        }
    }
    if !page.full {
        page.rows.next = None;
    }
    Ok(page.rows)
}

/// The cohort and the week with which the page before ended.
fn after(request: &ReportRequest) -> Result<Option<(Day, i32)>> {
    let Some(after) = &request.after else {
        return Ok(None);
    };
    match after.0.as_slice() {
        [cohort, week] => match (cohort.parse(), week.parse()) {
            (Ok(cohort), Ok(week)) => Ok(Some((cohort, week))),
            _ => Err(request.report.bad_value("after", "")),
        },
        _ => Err(request.report.bad_value("after", "")),
    }
}

impl Page {
    /// Adds the weeks of a cohort from one to that of a day, as far as there is room.
    fn add(
        &mut self,
        cohort: Day,
        persons: u64,
        seen: &Seen,
        (first, to, judged): (i32, Day, Day),
    ) {
        for week in first..=(monday(to).0 - cohort.0) / 7 {
            if self.rows.cells.len() >= self.limit {
                self.full = true;
                return;
            }
            let users = seen.get(&(cohort, week)).copied().unwrap_or_default();
            self.rows.next = Some(vec![cohort.to_string(), week.to_string()]);
            self.rows.cells.push(vec![
                Cell::Day(cohort),
                Cell::Integer(week.into()),
                Cell::count(persons),
                Cell::count(users),
                Cell::share(users, persons),
                Cell::Boolean(cohort.plus(7 * week + 7) <= judged),
            ]);
        }
    }
}

/// The cohorts of a span with their persons.
async fn cohorts(
    analytics: &Database,
    request: &ReportRequest,
    (from, to): (Day, Day),
) -> Result<Vec<(Day, u64)>> {
    let mut connection = analytics.read().await?;
    let rows = statement(
        "SELECT cohort, users FROM retention WHERE product = ? AND environment = ? \
         AND cohort >= ? AND cohort <= ? AND week = 0 ORDER BY cohort",
    )
    .bind(request.product.as_str())
    .bind(request.environment.name())
    .bind(from.to_string())
    .bind(to.to_string())
    .fetch_all(&mut connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.date()?, cells.count()?))
        })
        .collect()
}

/// Who of each cohort was seen, by week.
type Seen = BTreeMap<(Day, i32), u64>;

/// Who of some cohorts that follow each other was seen, in one look-up.
async fn weeks(
    analytics: &Database,
    request: &ReportRequest,
    cohorts: &[(Day, u64)],
) -> Result<Seen> {
    let (Some((first, _)), Some((last, _))) = (cohorts.first(), cohorts.last()) else {
        return Ok(Seen::new());
    };
    let mut connection = analytics.read().await?;
    let rows = statement(
        "SELECT cohort, week, users FROM retention WHERE product = ? AND environment = ? \
         AND cohort >= ? AND cohort <= ?",
    )
    .bind(request.product.as_str())
    .bind(request.environment.name())
    .bind(first.to_string())
    .bind(last.to_string())
    .fetch_all(&mut connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(((cells.date()?, cells.int()? as i32), cells.count()?))
        })
        .collect()
}
