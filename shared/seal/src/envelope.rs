//! The envelope: a typed view of an object's encryption headers.

use std::collections::BTreeMap;

use crate::context::EncryptionContext;
use crate::error::SealError;
use crate::headers::{self, Headers};
use crate::keys::{Wrap, WrappedKey};
use crate::open::{Commitment, Expected};
use crate::{v2, v3};

/// The format version of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Read only; does not commit to its key.
    V2,
    /// Read and written; key-committing.
    V3,
}

/// What the headers say of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    V2 {
        iv: [u8; v2::IV_BYTES],
    },
    V3 {
        message_id: [u8; v3::ID_BYTES],
        commitment: [u8; v3::ID_BYTES],
    },
}

/// All that is needed besides the body and the data key to open a sealed log. Nothing in it is
/// secret, and nothing in it is to be believed before [`open`](crate::open()) has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) content: Content,
    wrapped_key: WrappedKey,
    context: EncryptionContext,
}

impl Envelope {
    pub(crate) const fn new(
        content: Content,
        wrapped_key: WrappedKey,
        context: EncryptionContext,
    ) -> Self {
        Self {
            content,
            wrapped_key,
            context,
        }
    }

    /// Reads the headers of an object: lowercase names, without the `x-amz-meta-` prefix; others
    /// are ignored. Refuses a mixture of versions, V1, and key material kept in a second object.
    pub fn from_headers(headers: &BTreeMap<String, String>) -> Result<Self, SealError> {
        let headers = Headers(headers);
        let is_v3 = headers.has_any(&headers::V3_MARKS);
        let is_v2 = headers.has_any(&headers::V2_MARKS);
        if headers.has_any(&[headers::V1_KEY]) {
            let mixed = is_v3 || headers.has_any(&[headers::V2_KEY]);
            return Err(if mixed {
                SealError::MixedFormats
            } else {
                unsupported(headers::V1_KEY)
            });
        }
        match (is_v3, is_v2) {
            (true, true) => Err(SealError::MixedFormats),
            (true, false) => read_v3(&headers),
            (false, true) => read_v2(&headers),
            (false, false) => Err(SealError::NotSealed),
        }
    }

    /// The headers to store with the body, in the form that [`Envelope::from_headers`] reads.
    pub fn to_headers(&self) -> BTreeMap<String, String> {
        let key = headers::encode(self.wrapped_key.as_bytes());
        let context = self.context.to_json();
        let pairs = match &self.content {
            Content::V3 {
                message_id,
                commitment,
            } => {
                let (wrap, context_name) = match self.wrapped_key.wrap() {
                    Wrap::Kms => ("12", headers::V3_CONTEXT),
                    Wrap::AesGcm => ("02", headers::V3_MATERIAL),
                };
                vec![
                    (headers::V3_CONTENT, v3::SUITE.to_owned()),
                    (headers::V3_WRAP, wrap.to_owned()),
                    (headers::V3_KEY, key),
                    (headers::V3_MESSAGE_ID, headers::encode(message_id)),
                    (headers::V3_COMMITMENT, headers::encode(commitment)),
                    (context_name, context),
                ]
            }
            Content::V2 { iv } => vec![
                (headers::V2_KEY, key),
                (headers::V2_WRAP, "kms+context".to_owned()),
                (headers::V2_IV, headers::encode(iv)),
                (headers::V2_CONTENT, v2::CIPHER.to_owned()),
                (headers::V2_TAG_BITS, v2::TAG_BITS.to_owned()),
                (headers::V2_CONTEXT, context),
            ],
        };
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Checks format and encryption context against what the caller expects. To be called before a
    /// key service is asked to unwrap the key; [`open`](crate::open()) does it again.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), SealError> {
        if self.format() == Format::V2 && expected.commitment == Commitment::Required {
            return Err(SealError::CommitmentRequired);
        }
        let algorithm = match self.format() {
            Format::V2 => v2::CIPHER,
            Format::V3 => v3::SUITE,
        };
        if self
            .context
            .is_of(expected.product, self.wrapped_key.wrap(), algorithm)
        {
            Ok(())
        } else {
            Err(SealError::ContextMismatch)
        }
    }

    /// The format version.
    pub const fn format(&self) -> Format {
        match self.content {
            Content::V2 { .. } => Format::V2,
            Content::V3 { .. } => Format::V3,
        }
    }

    /// The wrapped data key, for the key service.
    pub const fn wrapped_key(&self) -> &WrappedKey {
        &self.wrapped_key
    }

    /// The stored context: what KMS `Decrypt` is given.
    pub const fn context(&self) -> &EncryptionContext {
        &self.context
    }
}

fn unsupported(name: &'static str) -> SealError {
    SealError::UnsupportedAlgorithm { name }
}

fn read_v3(headers: &Headers<'_>) -> Result<Envelope, SealError> {
    if headers.required(headers::V3_CONTENT)? != v3::SUITE {
        return Err(unsupported(headers::V3_CONTENT));
    }
    let key = headers.wrapped_key(headers::V3_KEY)?;
    let (wrapped_key, context_name) = match headers.required(headers::V3_WRAP)? {
        "12" => (WrappedKey::kms(key), headers::V3_CONTEXT),
        "02" => (WrappedKey::aes_gcm(key), headers::V3_MATERIAL),
        _ => return Err(unsupported(headers::V3_WRAP)),
    };
    let content = Content::V3 {
        message_id: headers.array(headers::V3_MESSAGE_ID)?,
        commitment: headers.array(headers::V3_COMMITMENT)?,
    };
    let context = EncryptionContext::from_json(context_name, headers.required(context_name)?)?;
    Ok(Envelope::new(content, wrapped_key, context))
}

fn read_v2(headers: &Headers<'_>) -> Result<Envelope, SealError> {
    if headers.required(headers::V2_CONTENT)? != v2::CIPHER {
        return Err(unsupported(headers::V2_CONTENT));
    }
    if headers.required(headers::V2_WRAP)? != "kms+context" {
        return Err(unsupported(headers::V2_WRAP));
    }
    // Some writers leave it out: the algorithm fixes it anyway.
    if headers
        .optional(headers::V2_TAG_BITS)
        .is_some_and(|bits| bits != v2::TAG_BITS)
    {
        return Err(unsupported(headers::V2_TAG_BITS));
    }
    let wrapped_key = WrappedKey::kms(headers.wrapped_key(headers::V2_KEY)?);
    let content = Content::V2 {
        iv: headers.array(headers::V2_IV)?,
    };
    let json = headers.required(headers::V2_CONTEXT)?;
    let context = EncryptionContext::from_json(headers::V2_CONTEXT, json)?;
    Ok(Envelope::new(content, wrapped_key, context))
}
