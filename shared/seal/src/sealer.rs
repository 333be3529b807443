//! Sealing: gzip, then encrypt in place.

use std::ffi::CString;
use std::io::{self, BufRead, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use crate::envelope::{Content, Envelope};
use crate::error::SealError;
use crate::inflate::Inflate;
use crate::keys::SealingKey;
use crate::v3::{self, TAG_BYTES};

/// Default bound on a sealed body, in bytes: what a function with 1 GiB of memory can hold twice.
pub const MAX_SEALED_BYTES: u64 = 256 << 20;
/// Default bound on an inflated log, in bytes: 16 times the sealed bound; logs shrink by 5 to 15.
const MAX_INFLATED_BYTES: u64 = 4 << 30;
/// Compression level. On JSON lines, level 9 saved 3 % more at half the speed, level 3 was half as
/// fast again and 6 % larger (`tests/throughput.rs`).
const LEVEL: Compression = Compression::new(6);
/// Longest log id.
const MAX_LOG_ID_BYTES: usize = 64;

/// Bounds on one log while it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealBounds {
    /// Largest sealed body, tag included, in bytes.
    pub max_sealed_bytes: u64,
    /// Largest log after inflating what came compressed, in bytes.
    pub max_inflated_bytes: u64,
}

impl Default for SealBounds {
    /// 256 MiB sealed, 4 GiB inflated.
    fn default() -> Self {
        Self {
            max_sealed_bytes: MAX_SEALED_BYTES,
            max_inflated_bytes: MAX_INFLATED_BYTES,
        }
    }
}

/// A log ready to be stored.
#[derive(Clone, Debug)]
pub struct SealedLog {
    /// The object's body: ciphertext and tag.
    pub body: Vec<u8>,
    /// What goes into the object's metadata by [`Envelope::to_headers`].
    pub envelope: Envelope,
    /// Size of the log before compression, in bytes.
    pub inflated_bytes: u64,
}

/// Takes the plain bytes of one log as a stream and seals them.
///
/// Memory holds the compressed log only (its buffer may be up to twice as large while it grows).
/// The data key is needed at the end, so that it can be fetched meanwhile.
#[derive(Debug)]
pub struct Sealer {
    gzip: GzEncoder<Capped>,
    inflated_bytes: u64,
}

impl Sealer {
    /// Starts a log. The id goes into the comment of the gzip header (RFC 1952), and so under the
    /// authentication tag. `max_sealed_bytes` bounds the sealed body, tag included.
    pub fn new(log_id: &str, max_sealed_bytes: u64) -> Result<Self, SealError> {
        Self::named(log_id, None, max_sealed_bytes)
    }

    /// As [`Sealer::new`], with the name of the log's file, which goes into the gzip header as well:
    /// it may tell of a person, and is nowhere to be read but inside. A name with a NUL is left out.
    pub fn named(
        log_id: &str,
        file_name: Option<&str>,
        max_sealed_bytes: u64,
    ) -> Result<Self, SealError> {
        if !is_log_id(log_id) {
            return Err(SealError::BadLogId);
        }
        let comment = CString::new(log_id).map_err(|_| SealError::BadLogId)?;
        let sink = Capped {
            bytes: Vec::new(),
            max_bytes: max_sealed_bytes,
        };
        let mut header = GzBuilder::new().mtime(0).comment(comment);
        if let Some(name) = file_name.and_then(|name| CString::new(name).ok()) {
            header = header.filename(name);
        }
        let gzip = header.write(sink, LEVEL);
        Ok(Self {
            gzip,
            inflated_bytes: 0,
        })
    }

    /// Plain bytes taken so far.
    pub const fn inflated_bytes(&self) -> u64 {
        self.inflated_bytes
    }

    /// Ends the log and encrypts it in place, in format V3, under a message id never used before.
    pub fn finish(self, key: &SealingKey) -> Result<SealedLog, SealError> {
        let message_id = v3::new_message_id()?;
        let mut body = self.gzip.finish()?.bytes;
        let derived = v3::derive(&key.data_key, &message_id)?;
        derived.encrypt(&mut body)?;
        let content = Content::V3 {
            message_id,
            commitment: *derived.commitment(),
        };
        let envelope = Envelope::new(content, key.wrapped_key.clone(), key.context.clone());
        Ok(SealedLog {
            body,
            envelope,
            inflated_bytes: self.inflated_bytes,
        })
    }
}

impl Write for Sealer {
    /// Fails with an error that holds [`SealError::SealedTooLarge`] once the bound is passed;
    /// `SealError::from` takes it out again.
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        let taken = self.gzip.write(plain)?;
        self.inflated_bytes += taken as u64;
        Ok(taken)
    }

    /// Does nothing: flushing a gzip stream in the middle only makes it larger.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seals a whole log, which may come plain, as gzip or as zstd: what is sealed is always one gzip
/// stream of the inflated log.
pub fn seal(
    log: impl BufRead,
    log_id: &str,
    key: &SealingKey,
    bounds: &SealBounds,
) -> Result<SealedLog, SealError> {
    let mut sealer = Sealer::new(log_id, bounds.max_sealed_bytes)?;
    io::copy(
        &mut Inflate::new(log, bounds.max_inflated_bytes),
        &mut sealer,
    )?;
    sealer.finish(key)
}

/// Whether `id` is `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
fn is_log_id(id: &str) -> bool {
    let follows = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    id.len() <= MAX_LOG_ID_BYTES
        && id
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && id.bytes().all(follows)
}

/// A growing buffer that refuses to pass the sealed bound, of which the tag takes its share.
#[derive(Debug)]
struct Capped {
    bytes: Vec<u8>,
    max_bytes: u64,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + bytes.len() + TAG_BYTES) as u64 > self.max_bytes {
            return Err(io::Error::other(SealError::SealedTooLarge {
                max_bytes: self.max_bytes,
            }));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
