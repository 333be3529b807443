//! `account-features`: which features each customer uses.

mod compute;
mod page;

pub(crate) use compute::compute_day;
pub(crate) use page::page;

use crate::description::ColumnType::{Date, Text};
use crate::description::{
    ACCOUNT, ACCOUNT_GROUP, AFTER, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO,
    derived, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["account", "feature"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "account-features",
    title: "Features by account",
    question: "Which features does each account use, and about how many of its people?",
    definition: "An account is what sessions name as the customer's, as a pseudonym unless the \
        product says that accounts stay readable; sessions that name none are left out. A feature \
        is a name of events in a session, as the profile makes it. How many persons of an account \
        used a feature is told in bands, since an account may be a handful of people: with a \
        min_users of 3 they are \"fewer than 3\", \"3 to 9\", \"10 to 24\", \"25 to 99\" and \"100 or \
        more\". A band that would begin below min_users begins with it. Where no session names a \
        user or an installation, the band is (unknown). Persons are distinct over the range: pseudonymous users, else \
        installations.",
    formulas: &["users = band of |{person of s : s in the account's sessions with the feature}|"],
    source: "Sweeney: k-anonymity, a model for protecting privacy, 2002: generalisation of what \
        identifies.",
    table: Some("account_features"),
    guarded: true,
    columns: &[
        ACCOUNT_GROUP,
        group(
            "feature",
            Text,
            "-",
            "Name of the feature; (other) for names beyond the bound on names.",
        ),
        derived(
            "users",
            Text,
            "persons",
            "The band of distinct persons of the account who used it.",
        ),
        derived(
            "last_day",
            Date,
            "-",
            "The last UTC day of the range with a use; null in the lowest band.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        ENVIRONMENT,
        ACCOUNT,
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
