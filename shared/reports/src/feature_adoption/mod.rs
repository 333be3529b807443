//! `feature-adoption`: which share of the active users uses a feature, and who comes back to it.

mod compute;
mod first;
mod page;

pub(crate) use compute::Changes;
pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio, Text};
use crate::description::{
    AFTER, DAY, ENVIRONMENT_APART, FROM, LIMIT, Parameter, ReportDescription, TO, derived, figure,
    group,
};

/// Within how many days of the first use a second counts.
pub(crate) const WITHIN: [i32; 2] = [7, 28];

pub(crate) const GROUPINGS: &[&[&str]] = &[&["feature"], &["day", "feature"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "feature-adoption",
    title: "Feature adoption",
    question: "Which share of the active users uses a feature, how many try it for the first \
        time, and how many of those come back to it?",
    definition: "A feature is a name of events in a session, as the profile makes it. Active \
        users are the distinct persons of the day, or of the whole range when rows are not by \
        day: pseudonymous users, else installations; sessions that name neither are nobody's. A \
        person's first use of a feature is the first day on which any session with it is known \
        in the same environment; it moves when an earlier one comes to light or the first is \
        erased. Repeat use is use on a later day, so that using it twice on the first day is \
        none. Counts of repeat use belong to the day of the first use. Rates of repeat use look \
        only at first uses whose 7 or 28 days were over at the last analysis; without any, they \
        are null. Where days of few persons are put together, their days are over when those of \
        the last of them are.",
    formulas: &[
        "adoption = users / active_users",
        "new_users(d) = |{p : p's first use of the feature is on d}|",
        "repeat_7(d) = |{p : first use on d, next day of use in d+1 … d+7}|",
        "repeat_7_rate = Σ repeat_7(d) / Σ new_users(d), over d with d+7 before the last analysis",
    ],
    source: "Rodden, Hutchinson, Fu: Measuring the User Experience on a Large Scale (HEART: \
        adoption and retention), CHI 2010.",
    table: Some("feature_adoption"),
    guarded: true,
    columns: &[
        DAY,
        group(
            "feature",
            Text,
            "-",
            "Name of the feature; (other) for names beyond the bound on names.",
        ),
        derived(
            "active_users",
            Integer,
            "persons",
            "Distinct persons who used the software.",
        ),
        derived(
            "users",
            Integer,
            "persons",
            "Distinct persons who used the feature.",
        ),
        derived(
            "adoption",
            Ratio,
            "1",
            "Share of the active users who used the feature.",
        ),
        figure(
            "new_users",
            Integer,
            "persons",
            "Persons whose first use of it is on the day.",
        ),
        figure(
            "repeat_7",
            Integer,
            "persons",
            "Those of them who used it again within 7 days.",
        ),
        figure(
            "repeat_28",
            Integer,
            "persons",
            "Those of them who used it again within 28 days.",
        ),
        derived(
            "repeat_7_rate",
            Ratio,
            "1",
            "Share of the first uses that were repeated within 7 days, of those that had them.",
        ),
        derived(
            "repeat_28_rate",
            Ratio,
            "1",
            "Share of the first uses that were repeated within 28 days, of those that had them.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "feature; day,feature",
            default: "feature",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT_APART,
        Parameter {
            name: "feature",
            allowed: "a feature's name",
            default: "all features",
            meaning: "Only this feature.",
        },
        LIMIT,
        AFTER,
    ],
};
