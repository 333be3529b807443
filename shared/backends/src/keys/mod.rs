//! Keys: the one that wraps data keys, and those that hash.

mod file;
#[cfg(feature = "aws")]
mod kms;
#[cfg(not(feature = "aws"))]
#[path = "no_kms.rs"]
mod kms;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use hkdf::Hkdf;
use logbook_model::ProductId;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Error, Result};
use file::FileKeys;
#[cfg(feature = "aws")]
pub use kms::KmsConfig;

/// Where keys come from.
#[derive(Debug)]
pub struct Keys {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    File(FileKeys),
    #[cfg_attr(
        not(feature = "aws"),
        expect(dead_code, reason = "nobody can make one")
    )]
    Kms(kms::KmsKeys),
}

/// 32 secret bytes, overwritten when dropped and never printed.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be handed to a cipher and kept nowhere.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// What wraps the data keys of sealed logs.
#[derive(Debug)]
pub enum WrappingKey<'a> {
    /// A key-encryption key in this process's memory (wrap algorithm 02).
    Local(&'a SecretKey),
    /// A key that never leaves AWS KMS (wrap algorithm 12).
    Kms(KmsKey<'a>),
}

/// A key of AWS KMS. Every call goes over the network: cache what comes back.
#[derive(Debug)]
pub struct KmsKey<'a>(&'a kms::KmsKeys);

/// A data key with its wrapped form.
#[derive(Debug)]
pub struct NewDataKey {
    /// The plaintext key.
    pub key: SecretKey,
    /// The wrapped key: KMS's `CiphertextBlob`.
    pub wrapped: Vec<u8>,
}

impl KmsKey<'_> {
    /// Asks KMS for a data key (`GenerateDataKey`, AES-256) under an encryption context.
    pub async fn generate(&self, context: &BTreeMap<String, String>) -> Result<NewDataKey> {
        self.0.generate(context).await
    }

    /// Asks KMS to unwrap a data key (`Decrypt`) under the context that it was made under.
    ///
    /// # Errors
    /// A permanent one where the wrapped bytes were altered, the context is another, or it was
    /// wrapped by another key.
    pub async fn unwrap(
        &self,
        wrapped: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<SecretKey> {
        self.0.unwrap(wrapped, context).await
    }
}

/// HKDF-SHA256 of the hashing key, apart for each use and product.
fn derive(hashing: &SecretKey, usage: &str, product: &ProductId) -> Result<SecretKey> {
    let info = format!("logbook/{usage}/{product}");
    let mut bytes = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, hashing.expose())
        .expand(info.as_bytes(), bytes.as_mut_slice())
        .map_err(|error| Error::damaged("key", error))?;
    Ok(SecretKey::new(bytes))
}

impl Keys {
    /// Opens the key files `kek.key` and `hmac.key` of a directory; what is missing is made
    /// (random, 0600, durable), the directory too (0700).
    ///
    /// # Errors
    /// [`crate::Error::TooOpen`] if others than the owner may read or write one of them,
    /// [`crate::Error::Damaged`] if one has not exactly 32 bytes.
    pub async fn open_dir(directory: &Path) -> Result<Self> {
        Ok(Self {
            backend: Backend::File(FileKeys::open(directory).await?),
        })
    }

    /// Opens a KMS key and a secret of Secrets Manager. Nothing is asked for yet; the secret is
    /// fetched when it is first needed, once.
    ///
    /// From the secret the keys of pseudonyms and content hashes are derived, as from `hmac.key`:
    /// it must never change, or no user is recognised again. It is 32 bytes (binary, or a text of
    /// 64 hex digits or their base64), or a random text of at least 32 characters, such as
    /// `GenerateSecretString` makes, which goes through HKDF-Extract (SHA-256, salt `logbook
    /// hashing key 1`). Blanks around a text do not count.
    #[cfg(feature = "aws")]
    pub fn open_kms(clients: &crate::AwsClients, config: KmsConfig) -> Self {
        Self {
            backend: Backend::Kms(kms::KmsKeys::new(clients, config)),
        }
    }

    /// The key that wraps data keys.
    pub fn wrapping_key(&self) -> WrappingKey<'_> {
        match &self.backend {
            Backend::File(keys) => WrappingKey::Local(keys.wrapping_key()),
            Backend::Kms(keys) => WrappingKey::Kms(KmsKey(keys)),
        }
    }

    /// The key of a product's content hashes.
    pub async fn content_hash_key(&self, product: &ProductId) -> Result<SecretKey> {
        match &self.backend {
            Backend::File(keys) => derive(keys.hashing_key(), "content hash", product),
            Backend::Kms(keys) => keys.derive("content hash", product).await,
        }
    }

    /// The key that turns a product's user and installation ids into pseudonyms.
    pub async fn pseudonym_key(&self, product: &ProductId) -> Result<SecretKey> {
        match &self.backend {
            Backend::File(keys) => derive(keys.hashing_key(), "pseudonym", product),
            Backend::Kms(keys) => keys.derive("pseudonym", product).await,
        }
    }
}
