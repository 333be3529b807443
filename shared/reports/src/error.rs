//! What can go wrong with reports.

use logbook_model::Timestamp;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a report could not be computed or shown. The text of the request errors names what is
/// allowed, and is meant for who asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Backend(#[from] logbook_backends::Error),
    /// Another run computes this product's reports.
    #[error("another run is at work on this product until {until} at most")]
    Busy {
        /// When its lease ends if it is not renewed.
        until: Timestamp,
    },
    /// This run took so long over a step that another took its place; the step left no trace.
    #[error("the lease was lost to another run")]
    LeaseLost,
    /// No report has this name.
    #[error("there is no report {name:?}; there are: {}", allowed.join(", "))]
    UnknownReport {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        allowed: Vec<&'static str>,
    },
    /// The report has no such parameter.
    #[error("{report} has no parameter {name:?}; it has: {}", allowed.join(", "))]
    UnknownParameter {
        /// The report.
        report: &'static str,
        /// The parameter that was given.
        name: String,
        /// The parameters that the report has.
        allowed: Vec<&'static str>,
    },
    /// A parameter was given twice.
    #[error("parameter {parameter} is given twice")]
    RepeatedParameter {
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter's value is not one of those allowed.
    #[error("parameter {parameter} is {value:?}; allowed: {allowed}")]
    BadValue {
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        allowed: String,
    },
}

impl Error {
    /// Whether the request is at fault, and not the database or its state.
    pub const fn is_request(&self) -> bool {
        matches!(
            self,
            Self::UnknownReport { .. }
                | Self::UnknownParameter { .. }
                | Self::RepeatedParameter { .. }
                | Self::BadValue { .. }
        )
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Backend(error) => error.is_transient(),
            Self::Busy { .. } | Self::LeaseLost => true,
            _ => false,
        }
    }

    pub(crate) fn damaged(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Backend(logbook_backends::Error::Damaged {
            what,
            reason: reason.to_string(),
        })
    }
}
