//! What can go wrong with a sealed log, and whether trying again can help.

use std::io;

use crate::inflate::InflateError;

/// Why a log could not be sealed or opened.
///
/// No message holds a key, a plaintext byte or a header's value, so that each may be logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No header of the Amazon S3 Encryption Client is there: the object is not sealed.
    #[error("the object bears no encryption headers")]
    NotSealed,
    /// A header that the format requires is absent.
    #[error("header {name} is missing")]
    MissingHeader {
        /// The header, without the `x-amz-meta-` prefix.
        name: &'static str,
    },
    /// A header is there but cannot be read.
    #[error("header {name} is {problem}")]
    BadHeader {
        /// The header, without the `x-amz-meta-` prefix.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A header names an algorithm that is not supported.
    #[error("header {name} names an unsupported algorithm")]
    UnsupportedAlgorithm {
        /// The header, without the `x-amz-meta-` prefix.
        name: &'static str,
    },
    /// Headers of more than one format version stand side by side, which no writer produces: the
    /// mark of an attempt to avoid the key commitment.
    #[error("headers of more than one format version are present")]
    MixedFormats,
    /// The object is V2, which has no key commitment, and the caller insists on one.
    #[error("the object is in format V2, which does not commit to its key")]
    CommitmentRequired,
    /// The stored encryption context is not that of the expected product.
    #[error("the encryption context is not the expected one")]
    ContextMismatch,
    /// The data key is not the one that the object was sealed with.
    #[error("the key commitment does not match the data key")]
    CommitmentMismatch,
    /// The body or what it is bound to was changed, or the key is wrong.
    #[error("the body fails authentication")]
    NotAuthentic,
    /// The wrapped data key was changed, or belongs to another product or key.
    #[error("the wrapped data key cannot be unwrapped")]
    UnwrapFailed,
    /// The data key was wrapped by another key service than the one that was asked.
    #[error("the data key was wrapped by another kind of key")]
    WrongWrap,
    /// A key has not the length that AES-256 needs.
    #[error("a key has {actual} bytes instead of {expected}")]
    BadKeyLength {
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// The body is shorter than its authentication tag.
    #[error("the body is shorter than an authentication tag")]
    BodyTooShort,
    /// The sealed body is larger than allowed.
    #[error("the sealed log exceeds {max_bytes} bytes")]
    SealedTooLarge {
        /// The bound, in bytes of the sealed body.
        max_bytes: u64,
    },
    /// A log id was required and the sealed bytes carry none.
    #[error("the sealed log carries no log id")]
    LogIdMissing,
    /// The sealed bytes carry the id of another log.
    #[error("the sealed log carries another log id")]
    LogIdMismatch,
    /// The log id is not `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
    #[error("the log id is not valid")]
    BadLogId,
    /// The product name is not 1 to 64 printable ASCII characters.
    #[error("the product name is not valid")]
    BadProduct,
    /// The compressed bytes are a bomb, cut off or broken.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// The source of the log failed while it was read.
    #[error("the log could not be read")]
    Read(#[source] io::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random(#[source] getrandom::Error),
}

impl SealError {
    /// Whether the same input fails the same way for ever, so that the log is to be rejected
    /// rather than tried again.
    pub const fn is_permanent(&self) -> bool {
        !matches!(self, Self::Read(_) | Self::Random(_))
    }

    /// A short stable name, for reject reasons and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSealed => "not_sealed",
            Self::MissingHeader { .. } | Self::BadHeader { .. } => "bad_headers",
            Self::UnsupportedAlgorithm { .. } => "unsupported_algorithm",
            Self::MixedFormats => "mixed_formats",
            Self::CommitmentRequired => "commitment_required",
            Self::ContextMismatch => "wrong_context",
            Self::CommitmentMismatch => "wrong_key",
            Self::NotAuthentic => "wrong_tag",
            Self::UnwrapFailed | Self::WrongWrap | Self::BadKeyLength { .. } => "wrong_wrapped_key",
            Self::BodyTooShort => "truncated",
            Self::SealedTooLarge { .. } => "too_large",
            Self::LogIdMissing | Self::LogIdMismatch => "wrong_log_id",
            Self::BadLogId => "bad_log_id",
            Self::BadProduct => "bad_product",
            Self::Inflate(error) => error.code(),
            Self::Read(_) => "read_failed",
            Self::Random(_) => "no_random",
        }
    }
}

impl From<io::Error> for SealError {
    /// Takes a [`SealError`] or [`InflateError`] back out of the I/O error that carried it through
    /// `io::Read` or `io::Write`; any other error is one of the source.
    fn from(error: io::Error) -> Self {
        if let Some(inflate) = InflateError::of(&error) {
            return Self::Inflate(inflate);
        }
        match error.downcast::<Self>() {
            Ok(seal) => seal,
            Err(other) => Self::Read(other),
        }
    }
}

impl From<getrandom::Error> for SealError {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error)
    }
}
