//! Keys: the one that wraps data keys, and those that hash.

mod file;

use std::fmt;
use std::path::Path;

use logbook_model::ProductId;
use zeroize::Zeroizing;

use crate::Result;
use file::FileKeys;

/// Where keys come from.
#[derive(Debug)]
pub struct Keys {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    File(FileKeys),
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
#[non_exhaustive]
pub enum WrappingKey<'a> {
    /// A key-encryption key in this process's memory (wrap algorithm 02).
    Local(&'a SecretKey),
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

    /// The key that wraps data keys.
    pub fn wrapping_key(&self) -> WrappingKey<'_> {
        match &self.backend {
            Backend::File(keys) => WrappingKey::Local(keys.wrapping_key()),
        }
    }

    /// The key of a product's content hashes.
    #[expect(
        clippy::unused_async,
        reason = "a key service answers over the network"
    )]
    pub async fn content_hash_key(&self, product: &ProductId) -> Result<SecretKey> {
        match &self.backend {
            Backend::File(keys) => keys.derive("content hash", product),
        }
    }

    /// The key that turns a product's user and installation ids into pseudonyms.
    #[expect(
        clippy::unused_async,
        reason = "a key service answers over the network"
    )]
    pub async fn pseudonym_key(&self, product: &ProductId) -> Result<SecretKey> {
        match &self.backend {
            Backend::File(keys) => keys.derive("pseudonym", product),
        }
    }
}
