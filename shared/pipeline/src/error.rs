//! What can go wrong in a stage, and whether trying again may help.

use logbook_model::LogReject;
use logbook_seal::{InflateError, SealError};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a stage could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log as a whole is refused. Permanent.
    #[error("the log is rejected: {reason}: {detail}")]
    Rejected {
        /// Why.
        reason: LogReject,
        /// The same for people; no content of the log.
        detail: String,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] logbook_backends::Error),
    /// Sealing failed for a reason that is not the log's.
    #[error("cannot seal: {0}")]
    Seal(SealError),
    /// The registry of products is faulty. Transient: mend it, and all goes on.
    #[error(transparent)]
    Registry(#[from] crate::ProductsError),
    /// A product would have more contracts than are kept.
    #[error("at most {max} accounts of a product are kept, and 3 MiB of them", max = crate::MAX_CONTRACTS)]
    TooManyContracts,
    /// The archive has no such log.
    #[error("the archive has no such log")]
    NotFound,
    /// The log was erased.
    #[error("the log was erased")]
    Erased,
    /// An archived object bears no valid attributes. Permanent.
    #[error("the archived object's attributes are damaged: {0}")]
    Attributes(String),
    /// The bytes of an opened log could not be read. Transient.
    #[error("cannot read the log: {0}")]
    Read(#[source] std::io::Error),
    /// A background task was cut off. Transient.
    #[error("a task was cut off")]
    Task,
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Seal(error) => !error.is_permanent(),
            Self::Registry(_) | Self::Read(_) | Self::Task => true,
            Self::Rejected { .. }
            | Self::TooManyContracts
            | Self::NotFound
            | Self::Erased
            | Self::Attributes(_) => false,
        }
    }

    /// Whether the database is away for now: see [`logbook_backends::Error::is_resuming`].
    pub fn is_resuming(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_resuming())
    }

    /// A rejection, for people too.
    pub fn rejected(reason: LogReject, detail: impl Into<String>) -> Self {
        Self::Rejected {
            reason,
            detail: detail.into(),
        }
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match seal_reason(&error) {
            Some(reason) => Self::rejected(reason, error.to_string()),
            None => Self::Seal(error),
        }
    }
}

/// The reason for which a sealed log is rejected; `None` where trying again may help.
pub fn seal_reason(error: &SealError) -> Option<LogReject> {
    if !error.is_permanent() {
        return None;
    }
    Some(match error {
        SealError::ContextMismatch | SealError::LogIdMissing | SealError::LogIdMismatch => {
            LogReject::WrongContext
        }
        SealError::CommitmentMismatch
        | SealError::UnwrapFailed
        | SealError::WrongWrap
        | SealError::BadKeyLength { .. } => LogReject::WrongKey,
        SealError::NotAuthentic => LogReject::WrongTag,
        SealError::BodyTooShort => LogReject::Truncated,
        SealError::SealedTooLarge { .. } => LogReject::TooLarge,
        SealError::Inflate(error) => inflate_reason(*error),
        _ => LogReject::WrongFormat,
    })
}

/// What a failure to read an opened log means: that it does not inflate, or nothing of it.
pub(crate) fn read_error(error: std::io::Error) -> Error {
    match InflateError::of(&error) {
        Some(fault) => Error::rejected(inflate_reason(fault), fault.to_string()),
        None => Error::Read(error),
    }
}

/// The reason for which a log is rejected that does not inflate.
pub fn inflate_reason(error: InflateError) -> LogReject {
    match error {
        InflateError::Bomb { .. } => LogReject::Bomb,
        InflateError::Truncated => LogReject::Truncated,
        _ => LogReject::Corrupt,
    }
}
