//! A page of `ledger`, from what the last listing counted and what changed since.

use logbook_backends::{Database, sql};
use logbook_model::Day;

use crate::Result;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// A row with its key.
type Keyed = (Vec<String>, Vec<Cell>);

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let by_reason = request.grouping().contains(&"reason");
    let after = request.after.as_ref().map(|after| &after.0);
    // What lies before the page's first day needs not be looked at.
    let start = after.and_then(|after| after.first()?.parse().ok());
    let from: Day = start.map_or(range.from, |start: Day| start.max(range.from));
    let ledger = sql::ledger(analytics, &request.product, from..=range.to).await?;
    let rows = ledger.days.iter().flat_map(|day| {
        if by_reason {
            reasons(day)
        } else {
            vec![whole(day)]
        }
    });
    let mut rows = rows.filter(|(key, _)| after.is_none_or(|after| key > after));
    let mut page = Rows {
        listed_as_of: ledger.as_of,
        ..Rows::default()
    };
    for (key, cells) in rows.by_ref().take(request.most_rows() as usize) {
        page.next = Some(key);
        page.cells.push(cells);
    }
    if rows.next().is_none() {
        page.next = None;
    }
    Ok(page)
}

fn whole(day: &sql::LedgerDay) -> Keyed {
    let counts = [
        day.received,
        day.parsed,
        day.duplicate,
        day.rejected.values().sum(),
        day.erased,
        day.pending,
        day.lost,
    ];
    let mut cells = vec![Cell::Day(day.day)];
    cells.extend(counts.map(Cell::count));
    cells.push(day.balanced.map_or(Cell::Null, Cell::Boolean));
    (vec![day.day.to_string()], cells)
}

fn reasons(day: &sql::LedgerDay) -> Vec<Keyed> {
    let mut rows: Vec<Keyed> = day
        .rejected
        .iter()
        .map(|(reason, logs)| {
            let reason = reason.name().to_owned();
            let cells = vec![
                Cell::Day(day.day),
                Cell::Text(reason.clone()),
                Cell::count(*logs),
            ];
            (vec![day.day.to_string(), reason], cells)
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}
