//! Opening: check what the object claims, decrypt in place, check what it is.

use std::io::Cursor;

use crate::envelope::{Content, Envelope};
use crate::error::SealError;
use crate::inflate::{Inflate, gzip_texts};
use crate::keys::DataKey;
use crate::sealer::MAX_SEALED_BYTES;
use crate::v2;
use crate::v3::{self, TAG_BYTES};

/// Whether an object must commit to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commitment {
    /// Only format V3 is opened.
    Required,
    /// V2 is opened too.
    IfPresent,
}

/// Which log id the sealed bytes must carry in their gzip header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogId<'a> {
    /// This one: for logs that this crate sealed.
    Required(&'a str),
    /// This one or none: for logs that other writers may have sealed.
    IfPresent(&'a str),
    /// Any or none.
    Unchecked,
}

/// What the caller knows of the object without looking into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The product that the encryption context must name.
    pub product: &'a str,
    /// The log id that the sealed bytes must carry.
    pub log_id: LogId<'a>,
    /// Whether a V2 object will do.
    pub commitment: Commitment,
    /// Largest sealed body, tag included, in bytes.
    pub max_sealed_bytes: u64,
}

impl<'a> Expected<'a> {
    /// Key commitment required, sealed body at most [`MAX_SEALED_BYTES`].
    pub const fn new(product: &'a str, log_id: LogId<'a>) -> Self {
        Self {
            product,
            log_id,
            commitment: Commitment::Required,
            max_sealed_bytes: MAX_SEALED_BYTES,
        }
    }
}

/// A log that was opened: decrypted and authentic, still compressed.
#[derive(Clone)]
pub struct OpenedLog {
    compressed: Vec<u8>,
}

impl OpenedLog {
    /// The decrypted bytes: a gzip stream, or whatever another writer sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.compressed
    }

    /// The log id in the gzip header, if there is one.
    pub fn log_id(&self) -> Option<&str> {
        let comment = gzip_texts(&self.compressed).comment?;
        std::str::from_utf8(comment).ok()
    }

    /// The file name in the gzip header, if there is one.
    pub fn file_name(&self) -> Option<&str> {
        let name = gzip_texts(&self.compressed).name?;
        std::str::from_utf8(name).ok()
    }

    /// The log as a stream that ends with [`InflateError::Bomb`](crate::InflateError::Bomb) after
    /// exactly `max_inflated_bytes`, if there is more.
    pub fn reader(&self, max_inflated_bytes: u64) -> Inflate<&[u8]> {
        Inflate::new(&self.compressed, max_inflated_bytes)
    }

    /// As [`OpenedLog::reader`], for readers that outlive this value.
    pub fn into_reader(self, max_inflated_bytes: u64) -> Inflate<Cursor<Vec<u8>>> {
        Inflate::new(Cursor::new(self.compressed), max_inflated_bytes)
    }
}

impl std::fmt::Debug for OpenedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedLog({} bytes compressed)", self.compressed.len())
    }
}

/// Opens a sealed log. The order matters: size, format and context first, then the key
/// commitment, then the tag, and only then is a byte of the content looked at. The body is
/// decrypted where it lies.
pub fn open(
    mut body: Vec<u8>,
    envelope: &Envelope,
    expected: &Expected<'_>,
    data_key: &DataKey,
) -> Result<OpenedLog, SealError> {
    if body.len() as u64 > expected.max_sealed_bytes {
        return Err(SealError::SealedTooLarge {
            max_bytes: expected.max_sealed_bytes,
        });
    }
    if body.len() < TAG_BYTES {
        return Err(SealError::BodyTooShort);
    }
    envelope.check(expected)?;
    match &envelope.content {
        Content::V3 {
            message_id,
            commitment,
        } => {
            let derived = v3::derive(data_key, message_id)?;
            derived.check(commitment)?;
            derived.decrypt(&mut body)?;
        }
        Content::V2 { iv } => v2::decrypt(data_key, iv, &mut body)?,
    }
    check_log_id(gzip_texts(&body).comment, expected.log_id)?;
    Ok(OpenedLog { compressed: body })
}

fn check_log_id(found: Option<&[u8]>, expected: LogId<'_>) -> Result<(), SealError> {
    match (found, expected) {
        (_, LogId::Unchecked) | (None, LogId::IfPresent(_)) => Ok(()),
        (None, LogId::Required(_)) => Err(SealError::LogIdMissing),
        (Some(found), LogId::Required(id) | LogId::IfPresent(id)) if found == id.as_bytes() => {
            Ok(())
        }
        (Some(_), _) => Err(SealError::LogIdMismatch),
    }
}
