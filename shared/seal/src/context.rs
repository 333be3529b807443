//! The encryption context: what a sealed log says of itself, and what KMS binds its key to.

use std::collections::BTreeMap;

use crate::error::SealError;
use crate::keys::Wrap;

/// The context key that holds the product.
const PRODUCT: &str = "logbook:product";
/// Reserved key: the content algorithm. The official client adds it to the caller's context.
const CONTENT_ALGORITHM: &str = "aws:x-amz-cek-alg";
/// Reserved key of format V1, which the official client ignores when it compares contexts.
const KMS_V1_KEY_ID: &str = "kms_cmk_id";
/// Longest context read, in bytes of JSON. S3 allows 2 KiB for all user metadata together.
const MAX_JSON_BYTES: usize = 8 * 1024;

/// An encryption context: string pairs, ordered by key.
///
/// For KMS it is the authenticated `EncryptionContext` of the call, with the reserved pair
/// `aws:x-amz-cek-alg`; for a local key it is the material description, without that pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// The context under which logs of `product` are sealed in format V3. With [`Wrap::Kms`]:
    /// `{"aws:x-amz-cek-alg":"115","logbook:product":"…"}`, to be passed whole to KMS
    /// `GenerateDataKey`, `Encrypt` and `Decrypt`. With [`Wrap::AesGcm`] without the first pair.
    ///
    /// The name must be 1 to 64 printable ASCII characters: S3 re-encodes others in metadata.
    pub fn of_product(product: &str, wrap: Wrap) -> Result<Self, SealError> {
        let mut pairs =
            BTreeMap::from([(PRODUCT.to_owned(), checked_product(product)?.to_owned())]);
        if wrap == Wrap::Kms {
            pairs.insert(CONTENT_ALGORITHM.to_owned(), crate::v3::SUITE.to_owned());
        }
        Ok(Self(pairs))
    }

    /// The pairs, reserved one included: what KMS is given.
    pub const fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Reads the JSON object of header `name`.
    pub(crate) fn from_json(name: &'static str, json: &str) -> Result<Self, SealError> {
        let problem = |problem| SealError::BadHeader { name, problem };
        if json.len() > MAX_JSON_BYTES {
            return Err(problem("too long"));
        }
        serde_json::from_str(json)
            .map(Self)
            .map_err(|_| problem("not a JSON object of strings"))
    }

    /// The JSON object, keys in byte order, no spaces, ASCII.
    pub(crate) fn to_json(&self) -> String {
        let object = self
            .0
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()));
        serde_json::Value::Object(object.collect()).to_string()
    }

    /// Whether this is the context of `product` and, where the key was wrapped by KMS, of this
    /// content algorithm. Compared as the official client does: the rest, without the reserved
    /// keys, must be equal, so that an added pair is a mismatch too.
    pub(crate) fn is_of(&self, product: &str, wrap: Wrap, content_algorithm: &str) -> bool {
        let algorithm = self.0.get(CONTENT_ALGORITHM).map(String::as_str);
        let algorithm_fits = match wrap {
            Wrap::Kms => algorithm == Some(content_algorithm),
            Wrap::AesGcm => algorithm.is_none_or(|stated| stated == content_algorithm),
        };
        let is_reserved = |key: &str| key == CONTENT_ALGORITHM || key == KMS_V1_KEY_ID;
        let mut rest = self.0.iter().filter(|(key, _)| !is_reserved(key));
        let first_fits = rest
            .next()
            .is_some_and(|(key, value)| key == PRODUCT && value == product);
        algorithm_fits && first_fits && rest.next().is_none()
    }
}

/// Refuses product names that cannot travel in S3 metadata unchanged.
pub(crate) fn checked_product(product: &str) -> Result<&str, SealError> {
    let fits = (1..=64).contains(&product.len()) && product.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(product)
    } else {
        Err(SealError::BadProduct)
    }
}
