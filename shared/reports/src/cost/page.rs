//! A page of `cost`, from the sums that processes keep in the sessions schema.

use std::collections::BTreeMap;

use logbook_backends::{Database, sql};
use logbook_model::Day;

use crate::Result;
use crate::groups::key_cells;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// USD for a GB-second. Source: AWS Lambda pricing, us-east-1, 2026-06.
const USD_GB_SECOND: f64 = if cfg!(target_arch = "aarch64") {
    0.000_013_333_4
} else {
    0.000_016_666_7
};
/// USD for a request. Source: as above.
const USD_REQUEST: f64 = 0.000_000_2;

/// What was worked, over stages and memories.
#[derive(Default)]
struct Sum {
    calls: u64,
    work_us: u64,
    mb_us: u128,
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let days = range.from..=range.to;
    let work = sql::work(analytics, &request.product, days).await?;
    let grouping = request.grouping();
    let mut groups: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
    let mut sessions: BTreeMap<Day, u64> = BTreeMap::new();
    for (key, work) in work {
        let of_day = sessions.entry(key.day).or_default();
        *of_day = of_day.saturating_add(work.sessions);
        let cell = |column: &&str| match *column {
            "day" => key.day.to_string(),
            _ => key.stage.clone(),
        };
        let sum = groups
            .entry(grouping.iter().map(cell).collect())
            .or_default();
        sum.calls = sum.calls.saturating_add(work.calls);
        sum.work_us = sum.work_us.saturating_add(work.work_us);
        let mb_us = u128::from(work.work_us) * u128::from(key.memory_mb);
        sum.mb_us = sum.mb_us.saturating_add(mb_us);
    }
    let after = request.after.as_ref().map(|after| &after.0);
    let mut rows = groups
        .into_iter()
        .filter(|(key, _)| after.is_none_or(|after| key > after));
    let mut page = Rows::default();
    for (key, sum) in rows.by_ref().take(request.most_rows() as usize) {
        let of_day = key.first().and_then(|day| day.parse::<Day>().ok());
        let stored = match of_day {
            Some(day) => sessions.get(&day).copied().unwrap_or_default(),
            None => sessions.values().sum(),
        };
        page.next = Some(key.clone());
        let mut cells = key_cells(grouping, key);
        cells.extend(figures(&sum, stored));
        page.cells.push(cells);
    }
    if rows.next().is_none() {
        page.next = None;
    }
    Ok(page)
}

fn figures(sum: &Sum, sessions: u64) -> [Cell; 6] {
    let gb_s = sum.mb_us as f64 / 1024.0 / 1e6;
    let usd = gb_s * USD_GB_SECOND + sum.calls as f64 * USD_REQUEST;
    let per_million = (sessions > 0).then(|| usd / sessions as f64 * 1e6);
    [
        Cell::count(sum.calls),
        Cell::Number(sum.work_us as f64 / 1000.0),
        Cell::Number(gb_s),
        Cell::Number(usd),
        Cell::count(sessions),
        per_million.map_or(Cell::Null, Cell::Number),
    ]
}
