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
    totals: BTreeMap<String, (u64, u64)>,
}

impl Totals {
    /// Sessions and persons of a day, or of the range.
    pub(crate) fn of(&self, day: Option<&str>) -> (u64, u64) {
        let total = self.totals.get(day.unwrap_or_default());
        total.copied().unwrap_or_default()
    }
}

/// Reads them for the request's environment. Those of a day are numbers; who came on any of several
/// days is told by sets alone.
pub(crate) async fn totals(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    by_day: bool,
) -> Result<Totals> {
    let mut connection = analytics.read().await?;
    let users = if by_day { "dau" } else { "persons" };
    let rows = statement(format!(
        "SELECT day, sessions, {users} FROM active_users WHERE product = ? AND environment = ? \
         AND day >= ? AND day <= ?"
    ))
    .bind(request.product.as_str())
    .bind(request.environment.name())
    .bind(range.from.to_string())
    .bind(range.to.to_string())
    .fetch_all(&mut connection)
    .await?;
    let mut totals = Totals::default();
    let (mut all_sessions, mut persons) = (0u64, Persons::default());
    for row in &rows {
        let mut cells = Cells::new(row);
        let (day, sessions) = (cells.text()?, cells.count()?);
        if by_day {
            totals.totals.insert(day, (sessions, cells.count()?));
        } else {
            all_sessions = all_sessions.saturating_add(sessions);
            persons.add_bytes(cells.bytes()?)?;
        }
    }
    if !by_day {
        let all = (all_sessions, persons.count());
        totals.totals.insert(String::new(), all);
    }
    Ok(totals)
}
