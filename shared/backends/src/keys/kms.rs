//! Keys of AWS: KMS wraps, Secrets Manager keeps what hashes.

use std::collections::BTreeMap;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, EncryptionAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use logbook_model::ProductId;
use sha2::Sha256;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::{NewDataKey, SecretKey, derive};
use crate::aws::{AwsClients, Call};
use crate::{Error, Result};

/// Sets the pseudorandom key of a secret text apart from any other use of that text.
const EXTRACT_SALT: &[u8] = b"logbook hashing key 1";
/// Fewest characters of a random text: 32 of letters and digits hold 190 bits.
const MIN_TEXT: usize = 32;

/// Which keys.
#[derive(Debug, Clone)]
pub struct KmsConfig {
    /// The KMS key that wraps data keys: its id, ARN or alias. Symmetric.
    pub key_id: String,
    /// The secret that keys of hashes are derived from: its name or ARN. See
    /// [`super::Keys::open_kms`].
    pub secret_id: String,
}

#[derive(Debug)]
pub(super) struct KmsKeys {
    clients: AwsClients,
    config: KmsConfig,
    hashing: OnceCell<SecretKey>,
}

const fn kms(action: &'static str) -> Call {
    Call {
        service: "kms",
        action,
    }
}

const SECRET: Call = Call {
    service: "secretsmanager",
    action: "read the hashing secret",
};

impl KmsKeys {
    pub(super) fn new(clients: &AwsClients, config: KmsConfig) -> Self {
        Self {
            clients: clients.clone(),
            config,
            hashing: OnceCell::new(),
        }
    }

    pub(super) async fn generate(&self, context: &BTreeMap<String, String>) -> Result<NewDataKey> {
        let call = kms("make a data key");
        let made = self
            .clients
            .kms()
            .generate_data_key()
            .key_id(&self.config.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| call.failed(&error))?;
        let (Some(plain), Some(wrapped)) = (made.plaintext, made.ciphertext_blob) else {
            return Err(call.error("BadAnswer", "a key is missing"));
        };
        Ok(NewDataKey {
            key: secret_key(call, plain.into_inner())?,
            wrapped: wrapped.into_inner(),
        })
    }

    pub(super) async fn unwrap(
        &self,
        wrapped: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<SecretKey> {
        let call = kms("unwrap a data key");
        let opened = self
            .clients
            .kms()
            .decrypt()
            // Named, so that nobody's key but ours is ever believed.
            .key_id(&self.config.key_id)
            .encryption_algorithm(EncryptionAlgorithmSpec::SymmetricDefault)
            .ciphertext_blob(wrapped.into())
            .set_encryption_context(Some(context.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| call.failed(&error))?;
        let plain = opened.plaintext.map(Blob::into_inner).unwrap_or_default();
        // Whoever wrapped other bytes by our key wrapped no data key.
        secret_key(call, plain).map_err(|_| Error::damaged("data key", "it has not 32 bytes"))
    }

    /// Derived as from a key file, from a secret that is fetched once.
    pub(super) async fn derive(&self, usage: &str, product: &ProductId) -> Result<SecretKey> {
        let hashing = self.hashing.get_or_try_init(|| self.fetch()).await?;
        derive(hashing, usage, product)
    }

    async fn fetch(&self) -> Result<SecretKey> {
        let secret = self
            .clients
            .secrets()
            .get_secret_value()
            .secret_id(&self.config.secret_id)
            .send()
            .await
            .map_err(|error| SECRET.failed(&error))?;
        if let Some(binary) = secret.secret_binary {
            return secret_key(SECRET, binary.into_inner());
        }
        hashing_key(Zeroizing::new(secret.secret_string.unwrap_or_default()).trim())
    }
}

/// The key that a secret text stands for: 64 hex digits or the base64 of 32 bytes are those
/// bytes; any other text of at least 32 characters is random, and goes through HKDF-Extract.
fn hashing_key(text: &str) -> Result<SecretKey> {
    if let Some(bytes) = unhex(text) {
        return Ok(SecretKey::new(bytes));
    }
    if let Ok(bytes) = STANDARD.decode(text).map(Zeroizing::new)
        && let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice())
    {
        return Ok(SecretKey::new(Zeroizing::new(bytes)));
    }
    if text.chars().count() < MIN_TEXT {
        return Err(SECRET.error("BadSecret", "it must have at least 32 characters"));
    }
    let (extracted, _) = Hkdf::<Sha256>::extract(Some(EXTRACT_SALT), text.as_bytes());
    Ok(SecretKey::new(Zeroizing::new(extracted.into())))
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}

fn secret_key(call: Call, bytes: Vec<u8>) -> Result<SecretKey> {
    let bytes = Zeroizing::new(bytes);
    let array = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| call.error("BadKey", "it must have 32 bytes"))?;
    Ok(SecretKey::new(Zeroizing::new(array)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hex_or_base64_of_32_bytes_or_a_long_text() {
        let hex = "07".repeat(32);
        assert_eq!(hashing_key(&hex).unwrap().expose(), &[7; 32]);
        let base64 = STANDARD.encode([7; 32]);
        assert_eq!(hashing_key(&base64).unwrap().expose(), &[7; 32]);
        // Neither of them, though it looks like it: it is a text.
        let text = "07".repeat(16);
        let (a, b) = (hashing_key(&text).unwrap(), hashing_key(&text).unwrap());
        assert_eq!(a.expose(), b.expose());
        assert_ne!(
            a.expose(),
            hashing_key(&text.replace('7', "8")).unwrap().expose()
        );
    }

    #[test]
    fn a_short_secret_is_refused_and_not_quoted() {
        let error = hashing_key("hunter2-hunter2-hunter2-hunter2").unwrap_err();
        assert!(error.is_transient(), "mending the secret mends it");
        assert!(!error.to_string().contains("hunter"));
    }
}
