//! A page of `funnel` from what `feature-adoption` keeps of first uses.

use std::collections::HashMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::Day;

use crate::Result;
use crate::persons::Person;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// Who is at a step, each with the day of the first use of it.
type AtStep = HashMap<Person, Day>;

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let after = request.after.as_ref().and_then(|after| after.0.first());
    let after: usize = after.and_then(|after| after.parse().ok()).unwrap_or(0);
    let mut page = Rows::default();
    let mut reached: Vec<u64> = Vec::new();
    let mut at: AtStep = HashMap::new();
    for (position, feature) in request.steps.iter().enumerate() {
        at = if position == 0 {
            begin(analytics, request, range, feature).await?
        } else {
            go_on(analytics, request, feature, &at).await?
        };
        reached.push(at.len() as u64);
    }
    let first = reached.first().copied().unwrap_or_default();
    for (position, users) in reached.iter().copied().enumerate().skip(after) {
        if page.cells.len() >= request.most_rows() as usize {
            return Ok(page);
        }
        if users < u64::from(request.min_users) {
            page.withheld = (reached.len() - position) as u64;
            break;
        }
        let before = position.checked_sub(1).map(|before| reached[before]);
        page.next = Some(vec![(position + 1).to_string()]);
        page.cells.push(vec![
            Cell::Integer(position as i64 + 1),
            Cell::Text(request.steps[position].clone()),
            Cell::count(users),
            Cell::share(users, first),
            before.map_or(Cell::Null, |before| Cell::share(users, before)),
        ]);
    }
    page.next = None;
    Ok(page)
}

/// The last day that has a name of ten characters.
const LAST_DAY: &str = "9999-12-31";

const FIRST_USES: &str = "SELECT person, first_day FROM feature_first WHERE product = ? \
    AND environment = ? AND feature = ? AND first_day >= ? AND first_day <= ?";

/// Who used a feature first on a day of the range.
async fn begin(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    feature: &str,
) -> Result<AtStep> {
    let days = (range.from.to_string(), range.to.to_string());
    let mut found = AtStep::new();
    read(analytics, request, feature, &days, |person, day| {
        found.insert(person, day);
    })
    .await?;
    Ok(found)
}

/// Who of those at a step used the next one first on the same day or later.
async fn go_on(
    analytics: &Database,
    request: &ReportRequest,
    feature: &str,
    at: &AtStep,
) -> Result<AtStep> {
    let Some(earliest) = at.values().min() else {
        return Ok(AtStep::new());
    };
    let days = (earliest.to_string(), LAST_DAY.to_owned());
    let mut found = AtStep::new();
    read(analytics, request, feature, &days, |person, day| {
        if at.get(&person).is_some_and(|before| day >= *before) {
            found.insert(person, day);
        }
    })
    .await?;
    Ok(found)
}

/// Visits the first uses of a feature on some days.
async fn read(
    analytics: &Database,
    request: &ReportRequest,
    feature: &str,
    (from, to): &(String, String),
    mut visit: impl FnMut(Person, Day),
) -> Result<()> {
    let mut connection = analytics.read().await?;
    let mut rows = statement(FIRST_USES)
        .bind(request.product.as_str())
        .bind(request.environment.name())
        .bind(feature)
        .bind(from.as_str())
        .bind(to.as_str())
        .fetch(&mut connection)?;
    while let Some(row) = rows.next().await? {
        let mut cells = Cells::new(&row);
        let person = cells.int()?.cast_unsigned();
        visit(person, cells.date()?);
    }
    Ok(())
}
