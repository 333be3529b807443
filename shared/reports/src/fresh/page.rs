//! The row of `freshness`, from both schemas as they are now.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::{Day, ProductId, Timestamp};

use crate::Result;
use crate::freshness::Freshness;
use crate::query::Rows;
use crate::reply::Cell;
use crate::request::ReportRequest;

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    analyzed: Option<Timestamp>,
    freshness: &Freshness,
) -> Result<Rows> {
    let product = &request.product;
    if let Some(after) = &request.after
        && after
            .0
            .first()
            .is_some_and(|after| after.as_str() >= product.as_str())
    {
        return Ok(Rows::default());
    }
    let oldest_day = oldest_day_pending(analytics, product).await?;
    let time = |time: Option<_>| time.map_or(Cell::Null, Cell::Time);
    let day = |day: Option<_>| day.map_or(Cell::Null, Cell::Day);
    Ok(Rows {
        cells: vec![vec![
            Cell::Text(product.as_str().to_owned()),
            time(freshness.complete_until),
            time(analyzed),
            day(freshness.oldest_log_pending),
            day(oldest_day),
            Cell::count(freshness.days_pending),
            Cell::count(freshness.logs_pending),
            Cell::count(freshness.logs_rejected),
        ]],
        ..Rows::default()
    })
}

async fn oldest_day_pending(analytics: &Database, product: &ProductId) -> Result<Option<Day>> {
    let mut connection = analytics.read().await?;
    let sql = "SELECT MIN(day) FROM sessions.dirty WHERE product = ? AND generation > cleared";
    let row = statement(sql)
        .bind(product.as_str())
        .fetch_one(&mut connection)
        .await?;
    let day = Cells::new(&row).int_or_null()?;
    Ok(day.map(|day| Day(day as i32)))
}
