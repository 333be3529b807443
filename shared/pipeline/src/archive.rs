//! From an upload to a sealed log in the archive.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor, Write};

use hmac::{Hmac, Mac};
use logbook_backends::sql::{ContentHash, Via};
use logbook_backends::{Boxed, Put, PutOutcome};
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_seal::{Inflate, InflateError, SealError, SealedLog, Sealer, SealingKey};
use sha2::Sha256;

use crate::attributes::{FILE_NAME, MAX_METADATA_BYTES};
use crate::meter::Stage;
use crate::parse::MAX_INFLATED_BYTES;
use crate::pseudonym::{keyed, pseudonymise};
use crate::{
    Attempt, Error, LogAttributes, Refusal, Result, Vault, archive_key, edge_prefix, steps,
};

/// Largest sealed log.
pub(crate) const MAX_SEALED_BYTES: u64 = logbook_seal::MAX_SEALED_BYTES;
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of what an uploader says beside which there is room for what [`crate::Meter`] says.
const SAID_BESIDE_WORK: usize = MAX_METADATA_BYTES / 2;

/// An upload, whole, as it came.
#[derive(Debug, Clone)]
pub struct NewLog {
    /// The product.
    pub product: ProductId,
    /// The log's id.
    pub log: LogId,
    /// The bytes: plain, gzip or zstd.
    pub body: Vec<u8>,
    /// The way it came.
    pub via: Via,
    /// What its user agreed to. `Off` is the caller's to refuse.
    pub consent: Consent,
    /// When it was received.
    pub received_at: Timestamp,
    /// The attempt: a function of the inbox object, or random for each request.
    pub attempt: Attempt,
    /// The profile to read it by, where the way it came decides that.
    pub profile: Option<String>,
    /// Why it is kept only to be rejected.
    pub refused: Option<Refusal>,
    /// Whether it may wait for the bulk path.
    pub bulk: bool,
    /// Whether the product keeps account ids as they come.
    pub readable_accounts: bool,
    /// What the uploader said of it.
    pub metadata: BTreeMap<String, String>,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archived {
    /// It is durable in the archive.
    Created,
    /// This very attempt had archived it before.
    Already,
    /// A log of this id with the same content is there; noted at the edge as a delivery.
    Duplicate,
    /// A log of this id with other content is there: nothing was written.
    Conflict,
    /// The log was erased: nothing was written.
    Erased,
}

/// Seals an upload and puts it into the archive, unless its key is taken; settles what is there
/// by the attempt and the content.
///
/// An upload that does not inflate is sealed as it came: parsing it rejects it, visibly.
///
/// # Errors
/// [`Error::Rejected`] only where the sealed log would be too large.
pub fn archive_log(vault: &Vault, log: NewLog) -> Boxed<'_, Result<Archived>> {
    Box::pin(async move {
        let key = vault.sealing_key(&log.product).await?;
        let hash_key = vault.keys().content_hash_key(&log.product).await?;
        let pseudonym_key = vault.keys().pseudonym_key(&log.product).await?;
        let metadata = pseudonymise(
            &pseudonym_key,
            log.metadata,
            log.readable_accounts,
            log.via == Via::Ticket,
        );
        let mut metadata = bounded(metadata);
        // It may tell of a person, and metadata is open to whoever may list: it goes inside.
        let file_name = metadata.remove(FILE_NAME);
        let hash = ContentHasher::new(hash_key.expose());
        let (log_id, body) = (log.log.clone(), log.body);
        let sealing = move || seal(&body, &log_id, file_name.as_deref(), &key, hash);
        let (sealed, mut hash) = run(sealing).await?;
        let content_hash = hash.finish(&metadata);
        let said: usize = metadata.iter().map(|(k, v)| k.len() + v.len()).sum();
        let work = (said <= SAID_BESIDE_WORK && log.refused.is_none())
            .then(|| vault.meter.take(stage_of(log.via)))
            .flatten();
        let attributes = LogAttributes {
            via: log.via,
            consent: log.consent,
            received_at: log.received_at,
            attempt: log.attempt,
            content_hash,
            inflated_bytes: sealed.inflated_bytes,
            profile: log.profile,
            refused: log.refused,
            bulk: log.bulk,
            work,
            metadata,
        };
        let mut headers = sealed.envelope.to_headers();
        headers.extend(attributes.to_headers());
        let object = archive_key(&log.product, &log.log);
        steps::reach("archive.before_put");
        let outcome = vault
            .archive
            .put(&object, sealed.body, headers, Put::IfAbsent)
            .await?;
        steps::reach("archive.after_put");
        if let (PutOutcome::Exists, Some(work)) = (&outcome, work) {
            vault.meter.give_back(work);
        }
        match outcome {
            PutOutcome::Created { .. } => Ok(Archived::Created),
            PutOutcome::Exists => settle(vault, &log.product, &log.log, &object, &attributes).await,
        }
    })
}

/// Runs work that keeps a core busy beside the tasks that wait.
async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Task)?
}

/// Which stage archives what comes by a way.
const fn stage_of(via: Via) -> Stage {
    match via {
        Via::Api | Via::Otlp => Stage::Upload,
        Via::Ticket | Via::Inbox => Stage::Intake,
    }
}

/// What is under the key already?
async fn settle(
    vault: &Vault,
    product: &ProductId,
    log: &LogId,
    object: &str,
    ours: &LogAttributes,
) -> Result<Archived> {
    let Some(head) = vault.archive.head(object).await? else {
        // Gone between the put and the look: whoever comes again finds it settled.
        return Err(Error::Task);
    };
    if head.metadata.contains_key(crate::open::TOMBSTONE) {
        return Ok(Archived::Erased);
    }
    let theirs = LogAttributes::from_headers(&head.metadata)?;
    if theirs.attempt == ours.attempt {
        return Ok(Archived::Already);
    }
    if !bool::from(subtle::ConstantTimeEq::ct_eq(
        &theirs.content_hash[..],
        &ours.content_hash[..],
    )) {
        return Ok(Archived::Conflict);
    }
    note_duplicate(vault, product, log, ours).await?;
    Ok(Archived::Duplicate)
}

/// A duplicate leaves no archive object of its own: the edge notes it, once an attempt.
async fn note_duplicate(
    vault: &Vault,
    product: &ProductId,
    log: &LogId,
    ours: &LogAttributes,
) -> Result<()> {
    let prefix = edge_prefix(product, Some(ours.received_at.day()));
    let key = format!("{prefix}{log}-{}", ours.attempt.0);
    vault
        .archive
        .put(&key, Vec::new(), BTreeMap::new(), Put::IfAbsent)
        .await?;
    steps::reach("archive.after_note");
    Ok(())
}

fn seal(
    body: &[u8],
    log: &LogId,
    file_name: Option<&str>,
    key: &SealingKey,
    mut hash: ContentHasher,
) -> Result<(SealedLog, ContentHasher)> {
    let clean = hash.clone();
    let sealer =
        || Sealer::named(log.as_str(), file_name, MAX_SEALED_BYTES).map_err(StreamError::Seal);
    let inflated = Inflate::new(Cursor::new(body), MAX_INFLATED_BYTES);
    match seal_stream(inflated, sealer(), key, &mut hash) {
        Err(StreamError::Inflate) => {
            let mut hash = clean;
            let sealed = seal_stream(Cursor::new(body), sealer(), key, &mut hash);
            Ok((sealed.map_err(StreamError::into_error)?, hash))
        }
        sealed => Ok((sealed.map_err(StreamError::into_error)?, hash)),
    }
}

enum StreamError {
    Inflate,
    Seal(SealError),
}

impl StreamError {
    fn into_error(self) -> Error {
        match self {
            Self::Inflate => Error::Task,
            Self::Seal(error) => error.into(),
        }
    }
}

fn seal_stream(
    mut source: impl BufRead,
    sealer: std::result::Result<Sealer, StreamError>,
    key: &SealingKey,
    hash: &mut ContentHasher,
) -> std::result::Result<SealedLog, StreamError> {
    let mut sealer = sealer?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match source.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if InflateError::of(&error).is_some() => return Err(StreamError::Inflate),
            Err(error) => return Err(StreamError::Seal(error.into())),
        };
        if read == 0 {
            break;
        }
        hash.mac.update(&chunk[..read]);
        hash.bytes += read as u64;
        sealer
            .write_all(&chunk[..read])
            .map_err(|error| StreamError::Seal(error.into()))?;
    }
    sealer.finish(key).map_err(StreamError::Seal)
}

/// HMAC-SHA-256 over the log's bytes, their number, and what the uploader said.
#[derive(Clone)]
struct ContentHasher {
    mac: Hmac<Sha256>,
    bytes: u64,
}

impl ContentHasher {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            mac: keyed(key),
            bytes: 0,
        }
    }

    fn finish(&mut self, metadata: &BTreeMap<String, String>) -> ContentHash {
        let mut mac = self.mac.clone();
        mac.update(&self.bytes.to_be_bytes());
        for (name, value) in metadata {
            // The name and age of a file are no content.
            if matches!(name.as_str(), FILE_NAME | "modified_at") {
                continue;
            }
            for text in [name, value] {
                mac.update(&(text.len() as u64).to_be_bytes());
                mac.update(text.as_bytes());
            }
        }
        mac.finalize().into_bytes().into()
    }
}

/// Whether an object can bear all that an uploader says of a log; what goes beyond is dropped.
pub fn metadata_fits(metadata: &BTreeMap<String, String>) -> bool {
    let bytes: usize = metadata.iter().map(metadata_bytes).sum();
    bytes <= MAX_METADATA_BYTES
}

/// Bytes of one thing said, as JSON of ASCII only, with what is around it.
fn metadata_bytes((name, value): (&String, &String)) -> usize {
    let escaped = |c: char| if c.is_ascii() { 1 } else { 12 };
    name.len() + value.chars().map(escaped).sum::<usize>() + 6
}

/// What the uploader said, as much of it as an object can bear.
fn bounded(metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut bytes = 0;
    metadata
        .into_iter()
        .filter(|(name, value)| {
            bytes += metadata_bytes((name, value));
            bytes <= MAX_METADATA_BYTES
        })
        .collect()
}
