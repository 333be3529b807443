//! Data keys: the 32 bytes that seal logs, and their wrapped form that is stored with each log.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::context::EncryptionContext;
use crate::error::SealError;
use crate::local::LocalKey;

/// Bytes in a data key, and in every other AES-256 key here.
pub const DATA_KEY_BYTES: usize = 32;

/// 32 secret bytes on the heap, wiped when dropped; moving the owner leaves no copy behind.
pub(crate) type Secret = Box<Zeroizing<[u8; DATA_KEY_BYTES]>>;

/// A plaintext data key. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct DataKey(Secret);

impl DataKey {
    /// Takes over a key of exactly [`DATA_KEY_BYTES`] bytes, such as the `Plaintext` of a KMS
    /// `GenerateDataKey` with `KeySpec` `AES_256`. The caller wipes its own copy.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SealError> {
        secret_from(bytes).map(Self)
    }

    /// The secret bytes, for a key service that wraps them.
    pub fn as_bytes(&self) -> &[u8; DATA_KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

impl PartialEq for DataKey {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for DataKey {}

/// A new random data key, for key services that wrap keys rather than make them.
pub fn generate_data_key() -> Result<DataKey, SealError> {
    random_secret().map(DataKey)
}

/// Copies exactly 32 bytes into wiped memory.
pub(crate) fn secret_from(bytes: &[u8]) -> Result<Secret, SealError> {
    let wrong_length = |_| SealError::BadKeyLength {
        expected: DATA_KEY_BYTES,
        actual: bytes.len(),
    };
    let array = Zeroizing::new(<[u8; DATA_KEY_BYTES]>::try_from(bytes).map_err(wrong_length)?);
    Ok(Box::new(array))
}

/// 32 random bytes from the operating system.
pub(crate) fn random_secret() -> Result<Secret, SealError> {
    let mut secret: Secret = Box::new(Zeroizing::new([0; DATA_KEY_BYTES]));
    getrandom::fill(secret.as_mut_slice())?;
    Ok(secret)
}

/// How a data key was wrapped: header `x-amz-w` of V3, `x-amz-wrap-alg` of V2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrap {
    /// By AWS KMS with an encryption context: `12`, `kms+context`.
    Kms,
    /// By AES-256-GCM with a key that the caller holds ([`LocalKey`]): `02`, `AES/GCM`.
    AesGcm,
}

/// A data key as it is stored with the object: only the key service that wrapped it can open it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WrappedKey {
    wrap: Wrap,
    bytes: Vec<u8>,
}

impl WrappedKey {
    /// The `CiphertextBlob` of a KMS `GenerateDataKey` or `Encrypt`, made under
    /// [`EncryptionContext::of_product`] with [`Wrap::Kms`].
    pub fn kms(ciphertext_blob: impl Into<Vec<u8>>) -> Self {
        Self {
            wrap: Wrap::Kms,
            bytes: ciphertext_blob.into(),
        }
    }

    /// Nonce (12 bytes), wrapped key (32) and tag (16), as [`LocalKey::wrap`] makes them.
    pub fn aes_gcm(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            wrap: Wrap::AesGcm,
            bytes: bytes.into(),
        }
    }

    /// Which kind of key service can unwrap it.
    pub const fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// The wrapped bytes: what KMS `Decrypt` takes, and the key under which an opened data key may
    /// be cached.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A data key with its wrapped form, for the logs of one product.
///
/// It may seal many logs: each gets a content key of its own, derived with a fresh random message
/// id. How long one is kept is the caller's choice.
#[derive(Clone, Debug)]
pub struct SealingKey {
    pub(crate) context: EncryptionContext,
    pub(crate) data_key: DataKey,
    pub(crate) wrapped_key: WrappedKey,
}

impl SealingKey {
    /// Puts together what a key service gave for `product`. The service must have been asked under
    /// [`EncryptionContext::of_product`], or nobody can unwrap the key again.
    pub fn new(
        product: &str,
        data_key: DataKey,
        wrapped_key: WrappedKey,
    ) -> Result<Self, SealError> {
        let context = EncryptionContext::of_product(product, wrapped_key.wrap())?;
        Ok(Self {
            context,
            data_key,
            wrapped_key,
        })
    }

    /// A new data key for `product`, wrapped by the local key.
    pub fn local(product: &str, local: &LocalKey) -> Result<Self, SealError> {
        let data_key = generate_data_key()?;
        let wrapped_key = local.wrap(&data_key, product)?;
        Self::new(product, data_key, wrapped_key)
    }

    /// The product's plaintext data key.
    pub const fn data_key(&self) -> &DataKey {
        &self.data_key
    }

    /// The wrapped form that is stored with each log.
    pub const fn wrapped_key(&self) -> &WrappedKey {
        &self.wrapped_key
    }
}
