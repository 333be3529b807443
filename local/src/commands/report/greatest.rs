//! Rows in the order of their weight, for people. Pages come in the order of their keys, by which
//! they go on; who looks at a table of errors looks for the worst, and of features for the most used.

use std::cmp::Reverse;

use serde_json::Value;

/// Most rows of a page: of so many the greatest are looked for.
pub(super) const ALL: u32 = logbook_reports::MAX_LIMIT;

/// What the rows of a report weigh; nothing where their order tells something.
pub(super) fn weight(report: &str, by: Option<&str>) -> Option<&'static str> {
    let has = |name: &str| by.is_some_and(|by| by.split(',').any(|column| column.trim() == name));
    match report {
        _ if has("day") => None,
        "top-errors" => Some("events"),
        "feature-usage" if has("feature") => Some("uses"),
        _ => None,
    }
}

/// Puts the rows that weigh most first, and leaves out what goes beyond the limit.
pub(super) fn keep(page: &mut Value, weight: &str, limit: u32) {
    let Some(rows) = page["rows"].as_array_mut() else {
        return;
    };
    rows.sort_by_key(|row| Reverse(row[weight].as_u64()));
    if rows.len() > limit as usize {
        rows.truncate(limit as usize);
        // What a cursor would go on from is in another order.
        page["next"] = Value::Bool(true);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_worst_errors_come_first() {
        let row = |error: &str, events: u64| json!({"error": error, "events": events});
        let rows = [row("a", 2), row("b", 40), row("c", 2), row("d", 3)];
        let mut page = json!({"rows": rows, "next": null});
        keep(&mut page, "events", 3);
        assert_eq!(
            page["rows"],
            json!([row("b", 40), row("d", 3), row("a", 2)])
        );
        assert!(!page["next"].is_null(), "there are more");
        let mut page = json!({"rows": rows, "next": null});
        keep(&mut page, "events", 4);
        assert!(page["next"].is_null());
    }

    #[test]
    fn what_is_by_day_stays_so() {
        assert_eq!(weight("top-errors", None), Some("events"));
        assert_eq!(weight("top-errors", Some("version,error")), Some("events"));
        assert_eq!(weight("top-errors", Some("day,version,error")), None);
        assert_eq!(weight("feature-usage", Some("feature")), Some("uses"));
        assert_eq!(weight("feature-usage", Some("day,feature")), None);
        assert_eq!(weight("feature-usage", None), None);
        assert_eq!(weight("versions", None), None);
    }
}
