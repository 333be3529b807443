use serde_json::{Value, json};

use super::*;

fn page(report: &str, by: &[&str], columns: &[(&str, &str)], rows: Vec<Value>) -> Value {
    let columns: Vec<Value> = columns
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": kind, "unit": "-"}))
        .collect();
    json!({"report": report, "by": by, "columns": columns, "rows": Value::Array(rows)})
}

#[test]
fn days_become_lines_with_gaps_where_nothing_is_known() {
    let row = |day: &str, dau: Value, mau: i64| json!({"day": day, "dau": dau, "mau": mau});
    let page = page(
        "active-users",
        &["day"],
        &[("day", "date"), ("dau", "integer"), ("mau", "integer")],
        vec![
            row("2026-03-01", json!(0), 70),
            row("2026-03-02", json!(10), 80),
            row("2026-03-03", Value::Null, 90),
            row("2026-03-05", json!(40), 12_345),
        ],
    );
    insta::assert_snapshot!(of_page(&page, 60).unwrap(), @r"
    2026-03-01 .. 2026-03-05
    dau  ▁▃  █  ≤ 40
    mau  ▁▁▁ █  ≤ 12k
    ");
}

#[test]
fn more_days_than_there_is_room_are_put_together() {
    let day = |nth: i32| Day::from_civil(2026, 1, 1).plus(nth).to_string();
    let rows = (0..300)
        .map(|nth| json!({"day": day(nth), "dau": nth}))
        .collect();
    let columns = [("day", "date"), ("dau", "integer")];
    let chart = of_page(&page("active-users", &["day"], &columns, rows), 50).unwrap();
    let widest = chart.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(50), "{chart}");
    assert!(
        chart.contains("▁") && chart.ends_with("█  ≤ 299\n"),
        "{chart}"
    );
}

#[test]
fn groups_by_day_are_lines_of_the_greatest() {
    let row =
        |day: &str, feature: &str, uses: i64| json!({"day": day, "feature": feature, "uses": uses});
    let page = page(
        "feature-usage",
        &["day", "feature"],
        &[
            ("day", "date"),
            ("feature", "text"),
            ("uses", "integer"),
            ("p95_us", "integer"),
        ],
        vec![
            row("2026-03-01", "quit", 2),
            row("2026-03-01", "save\u{1b}[31m", 8),
            row("2026-03-02", "save\u{1b}[31m", 4),
        ],
    );
    insta::assert_snapshot!(of_page(&page, 60).unwrap(), @r"
    uses 2026-03-01 .. 2026-03-02
    save·[31m  █▅  ≤ 8
    quit       █   ≤ 2
    ");
}

#[test]
fn rankings_are_bars_the_greatest_first() {
    let row = |feature: &str, uses: i64| json!({"feature": feature, "uses": uses});
    let page = page(
        "feature-usage",
        &["feature"],
        &[("feature", "text"), ("uses", "integer")],
        vec![
            row("quit", 1),
            row("open", 1000),
            row("a name that is much longer than it may be", 500),
        ],
    );
    insta::assert_snapshot!(of_page(&page, 70).unwrap(), @r"
    uses
    open                              ████████████████████████  1000
    a name that is much longer than…  ████████████  500
    quit                              ▏  1
    ");
}

#[test]
fn differences_are_intervals_round_zero() {
    let row = |feature: &str, [low, value, high]: [f64; 3], differs: bool| {
        json!({
            "version": "1.1", "feature": feature, "measure": "error_rate",
            "difference": value, "difference_low": low, "difference_high": high,
            "differs": differs,
        })
    };
    let page = page(
        "release-delta",
        &["version", "feature", "measure"],
        &[
            ("version", "text"),
            ("feature", "text"),
            ("difference", "number"),
        ],
        vec![
            row("open", [-0.1, 0.05, 0.2], false),
            row("save", [0.1, 0.25, 0.4], true),
            json!({"version": "1.1", "feature": "new", "measure": "error_rate", "difference": null}),
        ],
    );
    insta::assert_snapshot!(of_page(&page, 45).unwrap(), @r"
    error_rate, -0.400 .. 0.400
    1.1 · save                  │   ├─────●─────┤
    1.1 · open              ├─────○─────┤
    ● differs by more than chance  ○ may be chance
    ");
}

#[test]
fn cohorts_are_a_triangle_that_is_darker_where_more_came_back() {
    let row = |cohort: &str, week: i64, share: f64| json!({"cohort": cohort, "week": week, "retention": share});
    let page = page(
        "retention",
        &["cohort", "week"],
        &[
            ("cohort", "date"),
            ("week", "integer"),
            ("retention", "ratio"),
        ],
        vec![
            row("2026-03-02", 0, 1.0),
            row("2026-03-02", 1, 0.5),
            row("2026-03-02", 2, 0.1),
            row("2026-03-09", 0, 1.0),
            row("2026-03-09", 1, 0.75),
            row("2026-03-16", 0, 1.0),
        ],
    );
    insta::assert_snapshot!(of_page(&page, 60).unwrap(), @r"
    cohort      week 0, 1, 2 …
    2026-03-02  ███▒▒▒···
    2026-03-09  ███▓▓▓
    2026-03-16  ███
    · under 20 %  ░ under 40 %  ▒ under 60 %  ▓ under 80 %  █ more
    ");
}

#[test]
fn nothing_to_compare_is_no_chart() {
    let columns = [("version", "text"), ("sessions", "integer")];
    let one = vec![json!({"version": "1.0", "sessions": 3})];
    assert_eq!(
        of_page(&page("versions", &["version"], &columns, one), 80),
        None
    );
    assert_eq!(
        of_page(&page("versions", &["version"], &columns, vec![]), 80),
        None
    );
}
