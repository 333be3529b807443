//! From the archive to a stream of a log's bytes.

use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use logbook_seal::{Commitment, Envelope, Expected, OpenedLog};

use crate::archive::MAX_SEALED_BYTES;
use crate::attributes::FILE_NAME;
use crate::{Error, LogAttributes, Result, Vault, archive_key};

/// Marks the empty object that an erased log leaves at its key.
pub(crate) const TOMBSTONE: &str = "logbook-erased-at";

/// A log out of the archive.
#[derive(Debug)]
pub struct Opened {
    /// Its bytes, decrypted and checked, inflated as they are read.
    pub log: OpenedLog,
    /// What is known of it.
    pub attributes: LogAttributes,
    /// When its archive object was made.
    pub archived_at: Timestamp,
    /// Bytes of the sealed log.
    pub sealed_bytes: u64,
}

/// What the archive says of a log before it is opened.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) object: logbook_backends::Object,
    pub(crate) attributes: LogAttributes,
}

/// Gets a log's object.
pub(crate) async fn find(vault: &Vault, product: &ProductId, log: &LogId) -> Result<Found> {
    let key = archive_key(product, log);
    let object = vault
        .archive
        .get(&key, MAX_SEALED_BYTES)
        .await?
        .ok_or(Error::NotFound)?;
    if object.metadata.contains_key(TOMBSTONE) {
        return Err(Error::Erased);
    }
    let attributes = LogAttributes::from_headers(&object.metadata)?;
    Ok(Found { object, attributes })
}

/// Opens a log: its commitment, its context and its tag are checked before a byte is believed.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Erased`], [`Error::Rejected`] where the sealed log is not what
/// was written, or a store's transient error.
pub async fn open_log(vault: &Vault, product: &ProductId, log: &LogId) -> Result<Opened> {
    let found = find(vault, product, log).await?;
    open_found(vault, product, log, found).await
}

pub(crate) async fn open_found(
    vault: &Vault,
    product: &ProductId,
    log: &LogId,
    found: Found,
) -> Result<Opened> {
    let envelope = Envelope::from_headers(&found.object.metadata)?;
    let expected = Expected {
        product: product.as_str(),
        log_id: logbook_seal::LogId::Required(log.as_str()),
        commitment: Commitment::Required,
        max_sealed_bytes: MAX_SEALED_BYTES,
    };
    envelope.check(&expected)?;
    let key = vault.data_key(&envelope, product).await?;
    let sealed_bytes = found.object.body.len() as u64;
    if sealed_bytes == 0 {
        return Err(Error::rejected(
            LogReject::Truncated,
            "the sealed log has no bytes",
        ));
    }
    let opened = logbook_seal::open(found.object.body, &envelope, &expected, &key)?;
    let mut attributes = found.attributes;
    if let Some(name) = opened.file_name() {
        let metadata = &mut attributes.metadata;
        metadata.insert(FILE_NAME.to_owned(), name.to_owned());
    }
    Ok(Opened {
        log: opened,
        attributes,
        archived_at: found.object.created_at,
        sealed_bytes,
    })
}
