//! Content decryption of format V2: `ALG_AES_256_GCM_IV12_TAG16_NO_KDF`. Read only.
//!
//! Source: Amazon S3 Encryption Client specification, `decryption.md`. The data key itself is the
//! content key, there is no associated data and no commitment.

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};

use crate::error::SealError;
use crate::keys::DataKey;

/// The content algorithm: header `x-amz-cek-alg` and the context's `aws:x-amz-cek-alg`.
pub(crate) const CIPHER: &str = "AES/GCM/NoPadding";
/// Tag length in bits: header `x-amz-tag-len`.
pub(crate) const TAG_BITS: &str = "128";
/// Bytes of the nonce: header `x-amz-iv`.
pub(crate) const IV_BYTES: usize = 12;

/// Checks the tag, decrypts in place and cuts the tag off.
pub(crate) fn decrypt(
    key: &DataKey,
    iv: &[u8; IV_BYTES],
    body: &mut Vec<u8>,
) -> Result<(), SealError> {
    Aes256Gcm::new_from_slice(key.as_bytes())
        .map_err(|_| SealError::NotAuthentic)?
        .decrypt_in_place(&(*iv).into(), b"", body)
        .map_err(|_| SealError::NotAuthentic)
}
