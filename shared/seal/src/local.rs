//! The local key-encryption key: stands where KMS stands in the cloud.

use std::fmt;

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::context::checked_product;
use crate::error::SealError;
use crate::keys::{DATA_KEY_BYTES, DataKey, Secret, Wrap, WrappedKey, random_secret, secret_from};

/// What the product's wrapping key is derived for; the product follows.
const DERIVE_INFO: &[u8] = b"logbook local wrapping key 1\0";
/// Nonce bytes before the wrapped key.
const NONCE_BYTES: usize = 12;
/// Associated data of the wrap: the algorithm suite in decimal, as in the AES keyring of the Java
/// client 4 and in the Ruby client's `EncryptionV3`.
const AAD: &[u8] = crate::v3::SUITE.as_bytes();

/// 32 secret bytes that wrap the data keys of all products on one machine.
///
/// The official format does not bind the context to a key wrapped with AES-GCM, as KMS does. Here
/// each product has a wrapping key of its own, derived from these bytes, so that the data key of
/// one product does not unwrap as that of another.
#[derive(Clone)]
pub struct LocalKey(Secret);

impl LocalKey {
    /// Takes over exactly 32 bytes, such as the content of the key file. The caller wipes its copy.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SealError> {
        secret_from(bytes).map(Self)
    }

    /// A new random key, for the first run.
    pub fn generate() -> Result<Self, SealError> {
        random_secret().map(Self)
    }

    /// The secret bytes, to be written to the key file.
    pub fn as_bytes(&self) -> &[u8; DATA_KEY_BYTES] {
        &self.0
    }

    /// The product's wrapping key: HKDF-SHA512 (RFC 5869) without salt. It is the raw AES key that
    /// an official client's AES keyring needs to open the product's logs.
    pub fn product_key(&self, product: &str) -> Result<Zeroizing<[u8; DATA_KEY_BYTES]>, SealError> {
        let info = [DERIVE_INFO, checked_product(product)?.as_bytes()];
        let mut key = Zeroizing::new([0; DATA_KEY_BYTES]);
        // 32 bytes are far below HKDF's limit of 255 blocks, so that expanding cannot fail.
        Hkdf::<Sha512>::new(None, self.0.as_slice())
            .expand_multi_info(&info, key.as_mut_slice())
            .map_err(|_| SealError::UnwrapFailed)?;
        Ok(key)
    }

    /// Wraps a data key for `product`: nonce (12 random bytes), key (32), tag (16).
    pub fn wrap(&self, data_key: &DataKey, product: &str) -> Result<WrappedKey, SealError> {
        let cipher = self.cipher(product)?;
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let mut key = Zeroizing::new(*data_key.as_bytes());
        let tag = cipher
            .encrypt_inout_detached(&nonce.into(), AAD, key.as_mut_slice().into())
            .map_err(|_| SealError::UnwrapFailed)?;
        Ok(WrappedKey::aes_gcm(
            [&nonce[..], &key[..], &tag[..]].concat(),
        ))
    }

    /// Unwraps a data key of `product`. Fails with [`SealError::UnwrapFailed`] where a byte was
    /// changed or the key is another product's.
    pub fn unwrap(&self, wrapped: &WrappedKey, product: &str) -> Result<DataKey, SealError> {
        if wrapped.wrap() != Wrap::AesGcm {
            return Err(SealError::WrongWrap);
        }
        let cipher = self.cipher(product)?;
        let (nonce, rest) = wrapped
            .as_bytes()
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::UnwrapFailed)?;
        let (key, tag) = rest
            .split_first_chunk::<DATA_KEY_BYTES>()
            .ok_or(SealError::UnwrapFailed)?;
        let tag = <[u8; 16]>::try_from(tag).map_err(|_| SealError::UnwrapFailed)?;
        let mut key = Zeroizing::new(*key);
        cipher
            .decrypt_inout_detached(
                &(*nonce).into(),
                AAD,
                key.as_mut_slice().into(),
                &tag.into(),
            )
            .map_err(|_| SealError::UnwrapFailed)?;
        DataKey::from_slice(key.as_slice())
    }

    fn cipher(&self, product: &str) -> Result<Aes256Gcm, SealError> {
        let key = self.product_key(product)?;
        Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| SealError::UnwrapFailed)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey(..)")
    }
}
