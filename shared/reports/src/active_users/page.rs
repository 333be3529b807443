//! A page of `active-users` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::Day;

use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Error, Result};

/// A date before all that there are: not every database compares dates with other texts.
const BEFORE_ALL: &str = "0000-01-01";

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    // What lies after the last analysis is not known yet.
    let to = range.judged_to.map_or(range.to, |to| to.min(range.to));
    let after = request.after.as_ref().and_then(|after| after.0.first());
    let mut connection = analytics.read().await?;
    let found = statement(
        "SELECT day, dau, wau, mau, sessions, unidentified_sessions, new_users \
         FROM active_users WHERE product = ? AND environment = ? AND day >= ? AND day <= ? \
         AND day > ? ORDER BY day LIMIT ?",
    )
    .bind(request.product.as_str())
    .bind(request.environment.name())
    .bind(range.from.to_string())
    .bind(to.to_string())
    .bind(after.map_or(BEFORE_ALL, String::as_str))
    .bind(i64::from(request.most_rows()) + 1)
    .fetch_all(&mut connection)
    .await?;
    let mut page = Rows::default();
    for row in found.iter().take(request.most_rows() as usize) {
        let mut cells = Cells::new(row);
        let day = cells.text()?;
        page.next = Some(vec![day.clone()]);
        let day = day.parse().map_err(|error| Error::damaged("row", error))?;
        let (row, withheld) = guard(day, &mut cells, request.min_users)?;
        page.withheld += withheld;
        page.cells.extend(row);
    }
    if found.len() <= request.most_rows() as usize {
        page.next = None;
    }
    Ok(page)
}

/// A row without the figures of windows that hold too few persons; none if nothing is left.
/// With it, how many windows are withheld.
fn guard(day: Day, cells: &mut Cells<'_>, min_users: u32) -> Result<(Option<Vec<Cell>>, u64)> {
    let (dau, wau, mau) = (cells.count()?, cells.count()?, cells.count()?);
    let (sessions, unidentified) = (cells.count()?, cells.count()?);
    let new_users = cells.count()?;
    let enough = |persons: u64| persons >= u64::from(min_users);
    // That nobody came tells of nobody.
    let day_shown = enough(dau) || sessions == 0;
    let (week_shown, month_shown) = (enough(wau), enough(mau));
    let withheld = [day_shown, week_shown, month_shown];
    let withheld = withheld.iter().filter(|shown| !**shown).count() as u64;
    if !(week_shown || month_shown) && (sessions == 0 || !day_shown) {
        return Ok((None, withheld));
    }
    let show = |shown: bool, count| {
        if shown {
            Cell::count(count)
        } else {
            Cell::Null
        }
    };
    let stickiness = if day_shown && month_shown {
        Cell::share(dau, mau)
    } else {
        Cell::Null
    };
    let row = vec![
        Cell::Day(day),
        show(day_shown, dau),
        show(week_shown, wau),
        show(month_shown, mau),
        stickiness,
        show(day_shown, sessions),
        show(day_shown, unidentified),
        show(day_shown, new_users),
    ];
    Ok((Some(row), withheld))
}
