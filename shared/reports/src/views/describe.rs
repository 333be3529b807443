//! What the views are, out of what the catalogue says of the reports.

use super::View;
use crate::catalogue::Report;
use crate::description::ColumnType::{Date, Integer, Text, Time};
use crate::description::{ACCOUNT_GROUP, Column, DAY, figure, group};

const PRODUCT: Column = group("product", Text, "-", "The product.");

const ENVIRONMENT: Column = group(
    "environment",
    Text,
    "-",
    "production, or other: tests, CI and the like. They are not to be added up unless that is meant.",
);

const BY_DAY: [Column; 3] = [PRODUCT, DAY, ENVIRONMENT];

/// The views that show what reports do.
pub(super) fn of_reports() -> Vec<View> {
    let of_days = [
        (
            Report::FeatureUsage,
            "bi_feature_usage",
            "a feature in a version on a day",
        ),
        (
            Report::FeatureAdoption,
            "bi_feature_adoption",
            "a feature on a day, in whatever version",
        ),
        (
            Report::FeaturePaths,
            "bi_feature_paths",
            "a step from one feature to the next on a day",
        ),
        (
            Report::ReleaseHealth,
            "bi_release_health",
            "a version on a day",
        ),
        (
            Report::TopErrors,
            "bi_top_errors",
            "an error in a version on a day",
        ),
        (
            Report::Platforms,
            "bi_platforms",
            "a platform: system, its version and runtime, on a day",
        ),
        (Report::ActiveUsers, "bi_active_users", "a day"),
    ];
    let mut views: Vec<View> = of_days
        .into_iter()
        .map(|(report, name, row)| of_report(report, name, row, &BY_DAY, &["day"]))
        .collect();
    views.push(of_report(
        Report::Retention,
        "bi_retention",
        "a cohort in a week after its own",
        &[PRODUCT, ENVIRONMENT],
        &[],
    ));
    views.push(account_days());
    views.push(of_report(
        Report::AccountFeatures,
        "bi_account_features",
        "a feature that an account used on a day",
        &BY_DAY,
        // The day is a column.
        &["last_day"],
    ));
    views
}

/// The view of a report: some columns, then those of the report, without some.
fn of_report(
    report: Report,
    name: &'static str,
    row: &'static str,
    first: &[Column],
    without: &[&str],
) -> View {
    let description = report.description();
    let columns = description.columns.iter().copied();
    let own = columns.filter(|column| !without.contains(&column.name));
    View {
        name,
        title: description.title,
        row,
        report: Some(report),
        columns: first.iter().copied().chain(own).collect(),
    }
}

fn account_days() -> View {
    let columns = [
        ACCOUNT_GROUP,
        figure("sessions", Integer, "sessions", "Sessions of its people."),
        figure("users", Integer, "persons", "Distinct persons of it."),
    ];
    View {
        name: "bi_account_days",
        title: "Accounts by day",
        row: "an account on a day; totals of accounts are shown however few the persons",
        report: None,
        columns: BY_DAY.into_iter().chain(columns).collect(),
    }
}

/// The views beside those of reports.
pub(super) fn others() -> Vec<View> {
    vec![account_contracts(), calendar(), freshness(), columns()]
}

fn account_contracts() -> View {
    let text = |name, meaning| figure(name, Text, "-", meaning);
    View {
        name: "bi_account_contracts",
        title: "Contracts of accounts",
        row: "an account under contract, whether its people were seen or not",
        report: None,
        columns: vec![
            PRODUCT,
            ACCOUNT_GROUP,
            text("name", "What the vendor calls the customer."),
            figure(
                "seats",
                Integer,
                "persons",
                "Persons that the licence covers.",
            ),
            text("modules", "Licensed modules, between semicolons."),
            text("owner", "Who looks after the account."),
            figure(
                "renews_on",
                Date,
                "-",
                "The day on which the licence ends unless it is renewed.",
            ),
        ],
    }
}

fn calendar() -> View {
    let number = |name, meaning| group(name, Integer, "-", meaning);
    View {
        name: "bi_calendar",
        title: "Calendar",
        row: "a day",
        report: None,
        columns: vec![
            group("day", Date, "-", "The day, from 2000-01-01 to 2099-12-31."),
            number("year", "The year."),
            number("quarter", "The quarter, 1 to 4."),
            number("month", "The month, 1 to 12."),
            number("day_of_month", "The day of the month, 1 to 31."),
            number(
                "day_of_week",
                "The day of the week by ISO 8601: 1 is Monday, 7 is Sunday.",
            ),
            number("iso_year", "The year that the ISO 8601 week belongs to."),
            number("iso_week", "The week by ISO 8601, 1 to 53."),
            group("week_starts_on", Date, "-", "The Monday of the week."),
            number("is_weekend", "1 on Saturday and Sunday."),
        ],
    }
}

fn freshness() -> View {
    View {
        name: "bi_freshness",
        title: "Freshness",
        row: "a product that was analyzed",
        report: None,
        columns: vec![
            PRODUCT,
            figure(
                "analyzed_until",
                Time,
                "-",
                "The instant for which the last finished analysis vouched.",
            ),
            figure(
                "last_day",
                Date,
                "-",
                "The UTC day of the last analysis: nothing is known of later ones.",
            ),
            figure(
                "min_users",
                Integer,
                "persons",
                "Persons that a group needs to be shown.",
            ),
        ],
    }
}

fn columns() -> View {
    let text = |name, meaning| group(name, Text, "-", meaning);
    View {
        name: "bi_columns",
        title: "Columns",
        row: "a column of a view",
        report: None,
        columns: vec![
            text("view_name", "The view."),
            group(
                "position",
                Integer,
                "-",
                "Which column of the view it is, from 1.",
            ),
            text("column_name", "The column."),
            text(
                "type",
                "date, time, text, integer, ratio, number or boolean.",
            ),
            text(
                "unit",
                "What a number counts or measures; - for texts and days.",
            ),
            group(
                "adds_up",
                Integer,
                "-",
                "1 where it may be summed over days.",
            ),
            text("meaning", "What it means."),
        ],
    }
}
