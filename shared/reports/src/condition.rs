//! Which rows of a report table a request asks for, as SQL.

use logbook_backends::sql::rows::Query;
use logbook_model::Day;

use crate::Environment;
use crate::query::Range;
use crate::request::ReportRequest;

/// Most days that are named one by one in a statement.
const MOST_DAYS: usize = 128;

/// A stretch of keys.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span<'k> {
    /// The first, itself included.
    pub(crate) first: Option<&'k [String]>,
    /// One before the first.
    pub(crate) after: Option<&'k [String]>,
    /// The last, itself included.
    pub(crate) last: Option<&'k [String]>,
}

impl<'k> Span<'k> {
    /// From one key to another, both included.
    pub(crate) const fn between(first: &'k [String], last: &'k [String]) -> Self {
        Self {
            first: Some(first),
            after: None,
            last: Some(last),
        }
    }
}

/// A `WHERE` clause and the values for it, which are all texts.
#[derive(Debug)]
pub(crate) struct Condition {
    text: String,
    values: Vec<String>,
}

impl Condition {
    /// The rows of a range of days that a request asks for, and of a stretch of keys.
    pub(crate) fn new(request: &ReportRequest, range: &Range, span: Span<'_>) -> Self {
        Self::of(request, range, span, false)
    }

    /// The same, for tables whose keys begin with the day: the days are named one by one, so that a
    /// stretch of keys is found on each of them at once, and the days need not be read whole. Of
    /// many days it takes several statements.
    pub(crate) fn by_days(request: &ReportRequest, range: &Range, span: Span<'_>) -> Vec<Self> {
        let (from, to) = days(request, range, span);
        let firsts = (from.0..=to.0).step_by(MOST_DAYS);
        let ranges = firsts.map(|first| Range {
            from: Day(first),
            to: Day(to.0.min(first + MOST_DAYS as i32 - 1)),
            judged_to: None,
        });
        ranges
            .map(|range| Self::of(request, &range, span, true))
            .collect()
    }

    fn of(request: &ReportRequest, range: &Range, span: Span<'_>, each: bool) -> Self {
        let (from, to) = days(request, range, span);
        let mut condition = Self {
            text: " WHERE product = ?".to_owned(),
            values: vec![request.product.as_str().to_owned()],
        };
        condition.add_days(from, to, each);
        let environment = request.environment;
        let environment = (environment != Environment::All).then(|| environment.name());
        let environment = [("environment", environment)];
        for (column, only) in environment.into_iter().chain(request.only()) {
            if let Some(only) = only {
                condition.text += &format!(" AND {column} = ?");
                condition.values.push(only.to_owned());
            }
        }
        let bounds = [(span.first, ">="), (span.after, ">"), (span.last, "<=")];
        for (key, comparison) in bounds {
            let Some(key) = key else { continue };
            let grouping = request.grouping();
            // Where all rows are of the day of the key, the day compares nothing.
            let same = from == to && grouping[0] == "day" && key[0] == from.to_string();
            let skipped = usize::from(same && grouping.len() > 1);
            condition.add_bound(&grouping[skipped..], comparison, &key[skipped..]);
        }
        condition
    }

    fn add_days(&mut self, from: Day, to: Day, each: bool) {
        if from == to {
            self.text += " AND day = ?";
            self.values.push(from.to_string());
        } else if each {
            let days: Vec<String> = (from.0..=to.0).map(|day| Day(day).to_string()).collect();
            // Few texts: the list is filled up with its last to a power of two.
            let size = days.len().next_power_of_two();
            self.text += &format!(" AND day IN ({})", vec!["?"; size].join(","));
            let filler = vec![to.to_string(); size - days.len()];
            self.values.extend(days);
            self.values.extend(filler);
        } else {
            self.text += " AND day >= ? AND day <= ?";
            self.values.extend([from, to].map(|day| day.to_string()));
        }
    }

    /// That a row's key compares so with another.
    ///
    /// Databases find a range of an index by a bound on its first column, and none by one on a tuple.
    fn add_bound(&mut self, columns: &[&str], comparison: &str, key: &[String]) {
        if let ([column], [cell]) = (columns, key) {
            self.text += &format!(" AND {column} {comparison} ?");
            self.values.push(cell.clone());
            return;
        }
        let (side, names) = (&comparison[..1], columns.join(", "));
        let holes = vec!["?"; columns.len()].join(", ");
        self.text += &format!(
            " AND {} {side}= ? AND ({names}) {comparison} ({holes})",
            columns[0]
        );
        self.values.extend(key.first().cloned());
        self.values.extend_from_slice(key);
    }

    /// Of these only rows of fewer persons than so many (`<`), or of no fewer (`>=`).
    pub(crate) fn and_users(mut self, comparison: &str, least: u64) -> Self {
        // A number of ours, no text of anybody's.
        self.text += &format!(" AND users {comparison} {least}");
        self
    }

    /// The clause, from its `WHERE` on.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Binds the values.
    pub(crate) fn bind<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        self.values
            .iter()
            .fold(query, |query, value| query.bind(value.as_str()))
    }
}

/// The days of a range, narrowed to what lies in a stretch of keys that begin with a day.
pub(crate) fn days(request: &ReportRequest, range: &Range, span: Span<'_>) -> (Day, Day) {
    let (mut from, mut to) = (range.from, range.to);
    if request.grouping().first() == Some(&"day") {
        let day = |key: &[String]| key.first().and_then(|day| day.parse().ok());
        let starts = [span.first, span.after]
            .into_iter()
            .flatten()
            .filter_map(day);
        from = starts.fold(from, Day::max);
        to = span.last.and_then(day).map_or(to, |day: Day| day.min(to));
    }
    (from, to)
}
