//! What can go wrong outside, and whether it may pass.

use std::path::{Path, PathBuf};

use crate::database::fault;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a backend could not do what was asked.
///
/// *Permanent* means that the very input or the stored bytes are at fault: the same call
/// fails again for ever, so a message that caused it should become a reject. *Transient*
/// means that the surroundings are at fault (disk, lock, permissions, network): the same call
/// may succeed once they are mended, so nothing may be given up because of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation. Transient.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An object is larger than the caller will take. Permanent.
    #[error("object has {size} bytes, at most {max} are taken")]
    TooLarge {
        /// Bytes of its body.
        size: u64,
        /// Bytes allowed.
        max: u64,
    },
    /// A text is no object key. Permanent.
    #[error("not an object key: {reason}")]
    InvalidKey {
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// Stored bytes are not what was once written. Permanent.
    #[error("stored {what} is damaged: {reason}")]
    Damaged {
        /// What is damaged.
        what: &'static str,
        /// How it shows.
        reason: String,
    },
    /// A key file can be read or written by others than its owner. Transient: mend its mode.
    #[error("{path} has mode {mode:03o}; a key file must be open to its owner only (600)")]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A backend is configured in a way that is not allowed. Transient: mend the configuration.
    #[error("configuration: {reason}")]
    Config {
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The operating system gave no random bytes. Transient.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// The database refused. See [`Error::is_transient`].
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// The database went away over another of the same batch. Transient.
    #[error("database: away")]
    Away,
    /// The schema could not be brought up to date. Transient: nothing about a log is at fault.
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A service refused, failed, or could not be reached. See [`Error::is_transient`].
    #[error("{service} cannot {action}: {code}{}{detail}", if detail.is_empty() { "" } else { ", " })]
    Service {
        /// Which service.
        service: &'static str,
        /// What was being done, as a verb.
        action: &'static str,
        /// The service's own code where it gave one, such as `SlowDown`.
        code: String,
        /// Whether it is the surroundings that are at fault, not what was handed over.
        transient: bool,
        /// What helps to find out more; nothing of what was handed over.
        detail: String,
    },
    /// A task on the blocking pool did not finish. Transient.
    #[error("a blocking task did not finish: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the same call may succeed later. See [`Error`].
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::InvalidKey { .. } | Self::Damaged { .. } => false,
            Self::Sql(error) => !fault::is_input_fault(error),
            Self::Service { transient, .. } => *transient,
            _ => true,
        }
    }

    /// Whether the database cannot be reached for now: it resumes from a pause, restarts, or
    /// another machine takes over. Such an error is transient.
    pub fn is_resuming(&self) -> bool {
        match self {
            Self::Sql(error) => fault::is_absent(error),
            other => matches!(other, Self::Away),
        }
    }

    /// Whether the same row was inserted by another, or another transaction was in the way.
    pub(crate) fn is_contention(&self) -> bool {
        matches!(self, Self::Sql(error) if fault::is_contention(error) || fault::is_taken(error))
    }

    /// Whether a row of the same key is there.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Sql(error) if fault::is_taken(error))
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            what,
            reason: reason.to_string(),
        }
    }
}
