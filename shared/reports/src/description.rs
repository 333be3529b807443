//! How a report describes itself, to machines and people alike.

use serde::{Deserialize, Serialize};

/// A report: what it says, exactly.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ReportDescription {
    /// Its name in the API.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What question it answers.
    pub question: &'static str,
    /// What its words and figures mean.
    pub definition: &'static str,
    /// Its formulas, one a line.
    pub formulas: &'static [&'static str],
    /// Where the definition comes from.
    pub source: &'static str,
    /// Its table in the analytics schema; none where it has none of its own.
    pub table: Option<&'static str>,
    /// Whether groups of few persons are withheld.
    pub guarded: bool,
    /// Its columns, in order. Those that group are there only where `by` names them.
    pub columns: &'static [Column],
    /// What may be asked.
    pub parameters: &'static [Parameter],
}

/// A column of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, in the API as in the table.
    pub name: &'static str,
    /// What its cells are.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What a number counts or measures; `-` for texts and days.
    pub unit: &'static str,
    /// Whether rows are grouped by it.
    pub groups: bool,
    /// Whether the report's table has it. What is not stored is worked out when it is asked for.
    #[serde(skip)]
    pub stored: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// A UTC day, `YYYY-MM-DD`.
    Date,
    /// An instant, RFC 3339.
    Time,
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number between 0 and 1.
    Ratio,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
}

impl ColumnType {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Ratio => "ratio",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// A parameter of a report's query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What may be given.
    pub allowed: &'static str,
    /// What holds if nothing is given.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

pub(crate) const fn group(
    name: &'static str,
    kind: ColumnType,
    unit: &'static str,
    meaning: &'static str,
) -> Column {
    Column {
        name,
        kind,
        unit,
        groups: true,
        stored: true,
        meaning,
    }
}

pub(crate) const fn figure(
    name: &'static str,
    kind: ColumnType,
    unit: &'static str,
    meaning: &'static str,
) -> Column {
    Column {
        name,
        kind,
        unit,
        groups: false,
        stored: true,
        meaning,
    }
}

/// A figure that the report's table does not hold.
pub(crate) const fn derived(
    name: &'static str,
    kind: ColumnType,
    unit: &'static str,
    meaning: &'static str,
) -> Column {
    Column {
        stored: false,
        ..figure(name, kind, unit, meaning)
    }
}

pub(crate) const DAY: Column = group(
    "day",
    ColumnType::Date,
    "-",
    "The UTC day that the sessions belong to.",
);

pub(crate) const VERSION_GROUP: Column = group(
    "version",
    ColumnType::Text,
    "-",
    "Version of the software; (unknown) where a session states none.",
);

pub(crate) const ACCOUNT_GROUP: Column = group(
    "account",
    ColumnType::Text,
    "-",
    "The account, or its pseudonym.",
);

/// Whether a column that groups holds days.
pub(crate) fn is_date(name: &str) -> bool {
    matches!(name, "day" | "cohort")
}

pub(crate) const FROM: Parameter = Parameter {
    name: "from",
    allowed: "YYYY-MM-DD",
    default: "29 days before `to`",
    meaning: "First day of the range.",
};

/// [`FROM`] of reports that look at weeks.
pub(crate) const FROM_WEEKS: Parameter = Parameter {
    default: "83 days before `to`",
    ..FROM
};

pub(crate) const TO: Parameter = Parameter {
    name: "to",
    allowed: "YYYY-MM-DD, not before `from`, at most 3,660 days after it",
    default: "the day of the last finished analysis",
    meaning: "Last day of the range.",
};

pub(crate) const ENVIRONMENT: Parameter = Parameter {
    name: "environment",
    allowed: "production, other, all",
    default: "production",
    meaning: "Whose sessions count: of production, of anything else (tests, CI), or of both.",
};

/// [`ENVIRONMENT`] of reports on first uses, which are kept of each kind of sessions and not of
/// both together.
pub(crate) const ENVIRONMENT_APART: Parameter = Parameter {
    allowed: "production, other",
    meaning: "Whose sessions count: of production, or of anything else (tests, CI).",
    ..ENVIRONMENT
};

pub(crate) const VERSION: Parameter = Parameter {
    name: "version",
    allowed: "a version as the software states it, or (unknown)",
    default: "all versions",
    meaning: "Only sessions of this version of the software.",
};

pub(crate) const ACCOUNT: Parameter = Parameter {
    name: "account",
    allowed: "an account as the report names it",
    default: "all accounts",
    meaning: "Only this account.",
};

pub(crate) const LIMIT: Parameter = Parameter {
    name: "limit",
    allowed: "1 to 10000",
    default: "1000",
    meaning: "How many rows a page has at most. Without it a page may end earlier, after 250 rows \
        or more, where many rows of tables must be looked at for it; `next` says whether more follow.",
};

pub(crate) const AFTER: Parameter = Parameter {
    name: "after",
    allowed: "the `next` of a reply to the same request",
    default: "the first page",
    meaning: "Goes on after the last row of a page.",
};
