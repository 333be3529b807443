//! What can be wrong with compressed bytes.

use std::io;

/// Why bytes could not be inflated. Each is final: the same bytes fail again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    /// The bytes inflate to more than allowed.
    #[error("the log inflates to more than {max_bytes} bytes")]
    Bomb {
        /// The bound, in inflated bytes.
        max_bytes: u64,
    },
    /// The bytes end before the format does.
    #[error("the compressed log is truncated")]
    Truncated,
    /// The bytes break the format, or a checksum does not match.
    #[error("the compressed log is corrupt")]
    Corrupt,
    /// After the end of a gzip stream stands something that is neither a member nor padding.
    #[error("the compressed log is followed by something else")]
    TrailingGarbage,
    /// A zstd frame needs a window above 8 MiB (levels 20 to 22, or `--long`).
    #[error("the compressed log needs a window of more than 8 MiB")]
    WindowTooLarge,
}

impl InflateError {
    /// Takes the typed error out of the `io::Error` that a reader returned.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }

    /// A short stable name, for reject reasons and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bomb { .. } => "bomb",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::TrailingGarbage => "trailing_garbage",
            Self::WindowTooLarge => "window_too_large",
        }
    }
}

impl From<InflateError> for io::Error {
    fn from(error: InflateError) -> Self {
        let kind = match error {
            InflateError::Truncated => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
