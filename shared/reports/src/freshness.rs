//! How much of what was received the reports show.

use std::ops::RangeInclusive;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::{Day, ProductId, Timestamp};
use serde::Serialize;

use crate::Result;

/// How much of what was received the reports show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The latest instant up to which every log that was received is in the reports.
    ///
    /// It is the instant for which the caller of the last *finished* analysis vouched (one
    /// that left no day out of date), but not later than the start of the earliest day on
    /// which a log came in that is pending or lost. `None` before the first such analysis.
    pub complete_until: Option<Timestamp>,
    /// The earliest day on which a log came in that is pending or lost.
    #[serde(skip)]
    pub oldest_log_pending: Option<Day>,
    /// Days whose figures changed since they were computed. The logs that changed them came
    /// after `complete_until`, or were parsed again.
    pub days_pending: u64,
    /// Logs of the product in the archive that are not parsed yet, as of its last listing.
    pub logs_pending: u64,
    /// Logs received in the range and refused as a whole.
    pub logs_rejected: u64,
}

/// What the reports rest on, and the instant of the last finished analysis.
pub(crate) async fn freshness(
    analytics: &Database,
    product: &ProductId,
    as_of: Option<Timestamp>,
    days: &RangeInclusive<Day>,
) -> Result<Freshness> {
    let mut connection = analytics.read().await?;
    let unread = statement(
        "SELECT COUNT(*), MIN(day), (SELECT COUNT(*) FROM sessions.dirty WHERE product = ? \
         AND generation > cleared) FROM sessions.ledger_pending AS p WHERE product = ? \
         AND NOT EXISTS (SELECT 1 FROM sessions.log AS l WHERE l.product = p.product \
         AND l.log_id = p.log_id)",
    )
    .bind(product.as_str())
    .bind(product.as_str())
    .fetch_one(&mut connection)
    .await?;
    let mut cells = Cells::new(&unread);
    let (logs_pending, earliest) = (cells.count()?, cells.int_or_null()?);
    let days_pending = cells.count()?;
    let refused = statement(
        "SELECT COUNT(*) FROM sessions.reject_count WHERE product = ? AND received_day >= ? \
         AND received_day <= ? AND scope = 'log'",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .fetch_one(&mut connection)
    .await?;
    let oldest_log_pending = earliest.map(|day| Day(day as i32));
    let earliest = oldest_log_pending.map(Timestamp::start_of);
    Ok(Freshness {
        complete_until: as_of.map(|as_of| earliest.map_or(as_of, |earliest| as_of.min(earliest))),
        oldest_log_pending,
        days_pending,
        logs_pending,
        logs_rejected: Cells::new(&refused).count()?,
    })
}

/// The instant of the last analysis that left nothing to do.
pub async fn finished_as_of(
    analytics: &Database,
    product: &ProductId,
) -> Result<Option<Timestamp>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT as_of FROM analyze_run WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut connection)
        .await?;
    Ok(row.map(|row| Cells::new(&row).time()).transpose()?)
}
