//! Sessions and distinct persons of all versions together.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};

use crate::Result;
use crate::persons::Persons;
use crate::query::Range;
use crate::request::ReportRequest;

/// Sessions and distinct persons: of a range, or of each of its days.
#[derive(Default)]
pub(crate) struct Totals {
    // One entry without a name where days are put together.
    totals: BTreeMap<String, (u64, Persons)>,
}

impl Totals {
    /// Sessions and persons of a day, or of the range.
    pub(crate) fn of(&mut self, day: Option<&str>) -> (u64, u64) {
        let total = self.totals.get_mut(day.unwrap_or_default());
        total.map_or((0, 0), |(sessions, persons)| (*sessions, persons.count()))
    }
}

/// Reads them for the request's environment.
pub(crate) async fn totals(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    by_day: bool,
) -> Result<Totals> {
    let mut connection = analytics.read().await?;
    let rows = statement(
        "SELECT day, sessions, persons FROM active_users WHERE product = ? AND environment = ? \
         AND day >= ? AND day <= ?",
    )
    .bind(request.product.as_str())
    .bind(request.environment.name())
    .bind(range.from.to_string())
    .bind(range.to.to_string())
    .fetch_all(&mut connection)
    .await?;
    let mut totals = Totals::default();
    for row in &rows {
        let mut cells = Cells::new(row);
        let day = cells.text()?;
        let key = if by_day { day } else { String::new() };
        let (sessions, persons) = totals.totals.entry(key).or_default();
        *sessions = sessions.saturating_add(cells.count()?);
        persons.add_bytes(cells.bytes()?)?;
    }
    Ok(totals)
}
