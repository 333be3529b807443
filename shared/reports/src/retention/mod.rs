//! `retention`: how many of those who began in a week came back in later weeks.

mod compute;
mod page;

pub(crate) use compute::change;
pub(crate) use page::page;

use logbook_model::Day;

use crate::description::ColumnType::{Boolean, Date, Integer, Ratio};
use crate::description::{
    AFTER, ENVIRONMENT, FROM_WEEKS, LIMIT, ReportDescription, TO, derived, figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["cohort", "week"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "retention",
    title: "Retention",
    question: "Of those who began in a week, how many came back in each week after?",
    definition: "Weeks begin on Monday, UTC. A person's cohort is the week of the first day on \
        which any session of theirs is known in the same environment; it moves when an earlier \
        day comes to light or the first is erased. A person is seen in week n if one of the \
        person's sessions belongs to a day of the nth week after the cohort's own, which is week \
        0: not seen in one week does not mean lost, and shares may rise again. Persons are \
        pseudonymous users, else installations; sessions that name neither are nobody's. The \
        range names the Mondays of the cohorts. Weeks go to that of the range's last day, or of \
        the last analysis if it was before, which is not complete; weeks without anyone are \
        shown as 0. A cohort whose Monday is after the last analysis is not known yet and counts \
        nowhere. A cohort of fewer persons than the product's min_users is withheld with all its weeks and counts as one group.",
    formulas: &[
        "cohort(p) = Monday of the week of p's first day",
        "users(c, n) = |{p : cohort(p) = c, p has a session in the week c + 7 n days}|",
        "cohort_users(c) = users(c, 0)",
        "retention(c, n) = users(c, n) / cohort_users(c)",
    ],
    source: "N-week cohort retention, as in Mixpanel's and Amplitude's \
        retention analysis; weeks by ISO 8601.",
    table: Some("retention"),
    guarded: true,
    columns: &[
        group(
            "cohort",
            Date,
            "-",
            "The Monday of the week of the first day.",
        ),
        group(
            "week",
            Integer,
            "weeks",
            "How many weeks after the cohort's own.",
        ),
        derived("cohort_users", Integer, "persons", "Persons of the cohort."),
        figure(
            "users",
            Integer,
            "persons",
            "Persons of the cohort who were seen in the week.",
        ),
        derived("retention", Ratio, "1", "Their share of the cohort."),
        derived(
            "complete",
            Boolean,
            "-",
            "Whether the week was over at the last analysis.",
        ),
    ],
    parameters: &[FROM_WEEKS, TO, ENVIRONMENT, LIMIT, AFTER],
};

/// The Monday of a day's week.
pub(crate) const fn monday(day: Day) -> Day {
    // 1970-01-01 was a Thursday.
    day.plus(-(day.0 + 3).rem_euclid(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        for (day, first) in [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-29", "2026-11-23"),
            ("2026-11-30", "2026-11-30"),
            ("1969-12-31", "1969-12-29"),
        ] {
            let day: Day = day.parse().unwrap();
            assert_eq!(monday(day).to_string(), first);
        }
    }
}
