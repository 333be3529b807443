//! Content encryption of format V3: `ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY`, suite 115 (0x0073).
//!
//! Source: Amazon S3 Encryption Client specification, `encryption.md`, `key-derivation.md`,
//! `key-commitment.md`; HKDF is RFC 5869.

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::keys::{DATA_KEY_BYTES, DataKey};

/// The algorithm suite in decimal: header `x-amz-c` and the context's `aws:x-amz-cek-alg`.
pub(crate) const SUITE: &str = "115";
/// Bytes of the authentication tag at the end of the body.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of a message id, and of a key commitment.
pub(crate) const ID_BYTES: usize = 28;

/// The suite as two bytes: begins each HKDF info, and is the associated data of the content.
const SUITE_ID: [u8; 2] = [0x00, 0x73];
/// The content key is used for one message only, so that its nonce is fixed.
const NONCE: [u8; 12] = [0x01; 12];

/// What a message id and a data key give.
pub(crate) struct Derived {
    content_key: Zeroizing<[u8; DATA_KEY_BYTES]>,
    commitment: [u8; ID_BYTES],
}

/// A message id never used before: 28 random bytes.
pub(crate) fn new_message_id() -> Result<[u8; ID_BYTES], SealError> {
    let mut id = [0; ID_BYTES];
    getrandom::fill(&mut id)?;
    Ok(id)
}

/// Derives content key and commitment: extract with the message id as salt, expand twice.
pub(crate) fn derive(
    data_key: &DataKey,
    message_id: &[u8; ID_BYTES],
) -> Result<Derived, SealError> {
    let hkdf = Hkdf::<Sha512>::new(Some(message_id), data_key.as_bytes());
    let mut content_key = Zeroizing::new([0; DATA_KEY_BYTES]);
    let mut commitment = [0; ID_BYTES];
    // Both lengths are far below HKDF's limit of 255 blocks, so that expanding cannot fail.
    hkdf.expand_multi_info(&[&SUITE_ID, b"DERIVEKEY"], content_key.as_mut_slice())
        .and_then(|()| hkdf.expand_multi_info(&[&SUITE_ID, b"COMMITKEY"], &mut commitment))
        .map_err(|_| SealError::NotAuthentic)?;
    Ok(Derived {
        content_key,
        commitment,
    })
}

impl Derived {
    /// The value that commits the object to its data key: header `x-amz-d`.
    pub(crate) const fn commitment(&self) -> &[u8; ID_BYTES] {
        &self.commitment
    }

    /// Compares the stored commitment with the derived one in constant time.
    pub(crate) fn check(&self, stored: &[u8; ID_BYTES]) -> Result<(), SealError> {
        if self.commitment.ct_eq(stored).into() {
            Ok(())
        } else {
            Err(SealError::CommitmentMismatch)
        }
    }

    /// Encrypts in place and appends the tag.
    pub(crate) fn encrypt(&self, body: &mut Vec<u8>) -> Result<(), SealError> {
        body.reserve_exact(TAG_BYTES);
        self.cipher()?
            .encrypt_in_place(&NONCE.into(), &SUITE_ID, body)
            .map_err(|_| SealError::NotAuthentic)
    }

    /// Checks the tag, decrypts in place and cuts the tag off.
    pub(crate) fn decrypt(&self, body: &mut Vec<u8>) -> Result<(), SealError> {
        self.cipher()?
            .decrypt_in_place(&NONCE.into(), &SUITE_ID, body)
            .map_err(|_| SealError::NotAuthentic)
    }

    fn cipher(&self) -> Result<Aes256Gcm, SealError> {
        Aes256Gcm::new_from_slice(self.content_key.as_slice()).map_err(|_| SealError::NotAuthentic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python's `cryptography`, with k = bytes(range(32)) and m = bytes(range(100, 128)):
    //   prk = hmac.new(m, k, "sha512").digest()
    //   content_key = HKDFExpand(SHA512(), 32, b"\x00\x73DERIVEKEY").derive(prk)
    //   commitment = HKDFExpand(SHA512(), 28, b"\x00\x73COMMITKEY").derive(prk)
    //   AESGCM(content_key).encrypt(b"\x01" * 12, b"known answer", b"\x00\x73")
    const CONTENT_KEY: &str = "95e0b2ff3f50200a0e3015f67f680fa0e4bce4c2e63c817f1ff465eb4b974f85";
    const COMMITMENT: &str = "2d59a480d136f5982791c93a93d760ceade5011ccf465dbfc303c597";
    const CIPHERTEXT: &str = "327fea47d3be5f19a49db5d2953f493412d9d41bede9d13b33ae484f";

    fn unhex(hex: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    fn derived() -> Derived {
        let data_key = DataKey::from_slice(&std::array::from_fn::<u8, 32, _>(|i| i as u8)).unwrap();
        derive(&data_key, &std::array::from_fn(|i| 100 + i as u8)).unwrap()
    }

    #[test]
    fn keys_are_derived_as_the_specification_says() {
        assert_eq!(derived().content_key.to_vec(), unhex(CONTENT_KEY));
        assert_eq!(derived().commitment().to_vec(), unhex(COMMITMENT));
    }

    #[test]
    fn content_is_encrypted_as_the_specification_says() {
        let mut body = b"known answer".to_vec();
        derived().encrypt(&mut body).unwrap();
        assert_eq!(body, unhex(CIPHERTEXT));
        derived().decrypt(&mut body).unwrap();
        assert_eq!(body, b"known answer");
    }

    #[test]
    fn message_ids_differ() {
        assert_ne!(new_message_id().unwrap(), new_message_id().unwrap());
    }
}
