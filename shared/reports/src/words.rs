//! Rows of reports as lines for people.

use crate::pages::Named;

/// A share in per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// How many, of something that has a plural.
pub(crate) fn many(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// People.
pub(crate) fn people(count: u64) -> String {
    many(count, "person", "people")
}

/// A row of `top-errors`.
pub(crate) fn error(row: Named<'_>) -> String {
    let events = row.count("events").unwrap_or_default();
    let users = row.count("users").unwrap_or_default();
    let mut line = format!(
        "{}: {}, {}",
        row.text("error"),
        many(events, "time", "times"),
        people(users)
    );
    if let Some(day) = row.day("first_day") {
        line.push_str(&format!(", since {day}"));
    }
    let version = row.text("first_version");
    if !version.is_empty() {
        line.push_str(&format!(" in {version}"));
    }
    line
}

/// A row of `accounts`: who it is, how it fares, and what is agreed.
pub(crate) fn account(row: Named<'_>) -> String {
    let (account, name) = (row.text("account"), row.text("name"));
    let who = if name.is_empty() {
        account.to_owned()
    } else {
        format!("{name} ({account})")
    };
    let active = row.count("active_users").unwrap_or_default();
    let before = row.count("previous_users").unwrap_or_default();
    let mut line = format!(
        "{who}: {}, {} in 28 days, {before} in those before",
        row.text("state"),
        people(active)
    );
    if let Some(seats) = row.count("seats") {
        line.push_str(&format!(", {}", many(seats, "seat", "seats")));
    }
    if let Some(day) = row.day("renews_on") {
        line.push_str(&format!(", renews on {day}"));
    }
    line
}

/// A row of `release-delta`.
pub(crate) fn delta(row: Named<'_>) -> String {
    let measure = row.text("measure");
    let value = |column: &str| match row.number(column) {
        Some(value) if measure == "p95_us" => format!("{:.1} ms", value / 1000.0),
        Some(value) => percent(value),
        None => "?".to_owned(),
    };
    let is_there = |column: &str| row.number(column).is_some();
    let difference = match (is_there("difference_low"), is_there("difference_high")) {
        (true, true) => format!(
            "{} to {}",
            value("difference_low"),
            value("difference_high")
        ),
        (true, false) => format!("at least {}", value("difference_low")),
        (false, _) => format!("at most {}", value("difference_high")),
    };
    format!(
        "{} {} of {}: {}, against {} in {} (the difference is {difference})",
        row.text("version"),
        measure,
        row.text("feature"),
        value("value"),
        value("previous_value"),
        row.text("previous_version"),
    )
}
