//! Names and encodings of the metadata headers, without the `x-amz-meta-` prefix that S3 puts
//! before user metadata.
//!
//! Source: Amazon S3 Encryption Client specification, `data-format/content-metadata.md`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::SealError;

/// V3: the content algorithm suite, `115`.
pub(crate) const V3_CONTENT: &str = "x-amz-c";
/// V3: the wrapping algorithm, `12` or `02`.
pub(crate) const V3_WRAP: &str = "x-amz-w";
/// V3: the wrapped data key, base64.
pub(crate) const V3_KEY: &str = "x-amz-3";
/// V3: the message id, base64 of 28 bytes.
pub(crate) const V3_MESSAGE_ID: &str = "x-amz-i";
/// V3: the key commitment, base64 of 28 bytes.
pub(crate) const V3_COMMITMENT: &str = "x-amz-d";
/// V3: the encryption context as JSON, where KMS wrapped the key.
pub(crate) const V3_CONTEXT: &str = "x-amz-t";
/// V3: the material description as JSON, where another key did.
pub(crate) const V3_MATERIAL: &str = "x-amz-m";

/// V2: the wrapped data key, base64.
pub(crate) const V2_KEY: &str = "x-amz-key-v2";
/// V2: the nonce, base64 of 12 bytes.
pub(crate) const V2_IV: &str = "x-amz-iv";
/// V2: the encryption context as JSON.
pub(crate) const V2_CONTEXT: &str = "x-amz-matdesc";
/// V2: the wrapping algorithm, `kms+context`.
pub(crate) const V2_WRAP: &str = "x-amz-wrap-alg";
/// V2: the content algorithm, `AES/GCM/NoPadding`.
pub(crate) const V2_CONTENT: &str = "x-amz-cek-alg";
/// V2: the tag length in bits, `128`.
pub(crate) const V2_TAG_BITS: &str = "x-amz-tag-len";

/// V1: the wrapped data key. Its presence marks a format that is not read.
pub(crate) const V1_KEY: &str = "x-amz-key";

/// Headers that only V3 has.
pub(crate) const V3_MARKS: [&str; 4] = [V3_CONTENT, V3_KEY, V3_MESSAGE_ID, V3_COMMITMENT];
/// Headers that only V2 has (and, but for the first, V1).
pub(crate) const V2_MARKS: [&str; 4] = [V2_KEY, V2_IV, V2_WRAP, V2_CONTENT];

/// Longest wrapped key read, in bytes: the longest ciphertext that KMS takes.
const MAX_WRAPPED_KEY_BYTES: usize = 6144;

/// The headers of one object.
pub(crate) struct Headers<'a>(pub(crate) &'a BTreeMap<String, String>);

impl<'a> Headers<'a> {
    /// Whether any of these headers is there.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.contains_key(*name))
    }

    /// The value of a header that may be absent.
    pub(crate) fn optional(&self, name: &'static str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a header that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'a str, SealError> {
        self.optional(name).ok_or(SealError::MissingHeader { name })
    }

    /// A header of exactly `N` bytes in base64.
    pub(crate) fn array<const N: usize>(&self, name: &'static str) -> Result<[u8; N], SealError> {
        let wrong_length = |_| SealError::BadHeader {
            name,
            problem: "of the wrong length",
        };
        decode(name, self.required(name)?)?
            .try_into()
            .map_err(wrong_length)
    }

    /// A wrapped key in base64.
    pub(crate) fn wrapped_key(&self, name: &'static str) -> Result<Vec<u8>, SealError> {
        let text = self.required(name)?;
        if text.is_empty() || text.len() > MAX_WRAPPED_KEY_BYTES.div_ceil(3) * 4 {
            return Err(SealError::BadHeader {
                name,
                problem: "of the wrong length",
            });
        }
        decode(name, text)
    }
}

/// Base64 as the official client writes it: standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn decode(name: &'static str, text: &str) -> Result<Vec<u8>, SealError> {
    STANDARD.decode(text).map_err(|_| SealError::BadHeader {
        name,
        problem: "not base64",
    })
}
