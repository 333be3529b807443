//! A log in a file, whatever it is wrapped in: as a stream of its inflated bytes.

pub(crate) mod archived;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail};
use logbook_formats::{HEAD_BYTES, Profile, builtin, builtin_texts, guess};
use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use logbook_pipeline::{inflate_reason, seal_reason};
use logbook_seal::{DataKey, Envelope, Expected, Inflate, InflateError, LocalKey, SealError};

use crate::cli::{ProfileArgs, SealedArgs};

/// Largest sealed log that is opened.
const MAX_SEALED_BYTES: u64 = 1 << 30;
/// Largest profile, key or metadata file.
const MAX_SMALL_FILE: u64 = 1 << 20;

/// A log's bytes, inflated as they are read.
pub(crate) struct LogFile {
    /// The stream.
    pub(crate) reader: Box<dyn BufRead>,
    /// The first bytes of it, not yet taken from the stream.
    pub(crate) head: Vec<u8>,
    /// The product that a sealed log names.
    pub(crate) product: Option<ProductId>,
    /// The id that a sealed log names.
    pub(crate) log: Option<LogId>,
    /// What the uploader of a sealed log said of it, other than its envelope.
    pub(crate) metadata: BTreeMap<String, String>,
    /// When the file was last modified.
    pub(crate) modified_at: Option<Timestamp>,
    /// The name of the log's file, where a sealed log bears it.
    pub(crate) file_name: Option<String>,
    /// When an archived log was received.
    pub(crate) received_at: Option<Timestamp>,
    /// The profile of an archived log's product.
    pub(crate) profile: Option<Profile>,
}

/// Why a log in a file is refused as a whole before it is read.
#[derive(Debug, thiserror::Error)]
#[error("{reason}: {detail}")]
pub(crate) struct Refused {
    pub(crate) reason: LogReject,
    pub(crate) detail: String,
}

/// Opens a log: sealed where metadata says so, otherwise plain, gzip or zstd by its first bytes.
pub(crate) fn open(path: &Path, sealed: &SealedArgs, max_inflated: u64) -> anyhow::Result<LogFile> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let modified_at = modified(&file);
    let metadata = match &sealed.metadata {
        Some(path) => read_metadata(path)?,
        None => BTreeMap::new(),
    };
    let mut log = if metadata.keys().any(|name| name.starts_with("x-amz-")) {
        open_sealed(file, metadata, sealed, max_inflated)?
    } else {
        let reader = BufReader::with_capacity(HEAD_BYTES, file);
        // As in the pipeline, which looks once more at what it has inflated.
        let inflated = Inflate::new(Inflate::new(reader, max_inflated), max_inflated);
        LogFile {
            metadata,
            ..LogFile::new(inflated)
        }
    };
    log.modified_at = log.modified_at.or(modified_at);
    log.peek()?;
    Ok(log)
}

impl LogFile {
    /// A log of which nothing is known but its bytes.
    fn new(reader: impl BufRead + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            head: Vec::new(),
            product: None,
            log: None,
            metadata: BTreeMap::new(),
            modified_at: None,
            file_name: None,
            received_at: None,
            profile: None,
        }
    }

    /// Reads the head and puts it back before the stream.
    fn peek(&mut self) -> anyhow::Result<()> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let read = self
            .reader
            .by_ref()
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head);
        if let Err(error) = read {
            // What came before the fault decides the profile; the fault comes again on reading.
            match inflate_refusal(&error) {
                Some(refused) if head.is_empty() => return Err(refused.into()),
                Some(_) => {
                    let fault = std::io::Error::new(error.kind(), error);
                    self.reader = Box::new(BufReader::new(
                        Cursor::new(head.clone()).chain(Faulty(Some(fault))),
                    ));
                    self.head = head;
                    return Ok(());
                }
                None => return Err(error).context("cannot read the log"),
            }
        }
        let rest = std::mem::replace(&mut self.reader, Box::new(std::io::empty()));
        self.reader = Box::new(Cursor::new(head.clone()).chain(rest));
        self.head = head;
        Ok(())
    }
}

/// A source that fails once with a fault met before.
struct Faulty(Option<std::io::Error>);

impl Read for Faulty {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The refusal that a failure to inflate means, if it is one.
pub(crate) fn inflate_refusal(error: &std::io::Error) -> Option<Refused> {
    let fault = InflateError::of(error).or_else(|| {
        let inner = error.get_ref()?.downcast_ref::<std::io::Error>()?;
        InflateError::of(inner)
    })?;
    Some(Refused {
        reason: inflate_reason(fault),
        detail: fault.to_string(),
    })
}

fn modified(file: &File) -> Option<Timestamp> {
    let time = file.metadata().ok()?.modified().ok()?;
    let micros = time.duration_since(UNIX_EPOCH).ok()?.as_micros();
    Timestamp::from_micros(i64::try_from(micros).ok()?)
}

fn open_sealed(
    file: File,
    mut metadata: BTreeMap<String, String>,
    sealed: &SealedArgs,
    max_inflated: u64,
) -> anyhow::Result<LogFile> {
    let envelope = Envelope::from_headers(&metadata).map_err(refusal)?;
    let Some(product) = envelope.context().pairs().get("logbook:product").cloned() else {
        return Err(Refused {
            reason: LogReject::WrongContext,
            detail: "the sealed log names no product in its encryption context".to_owned(),
        }
        .into());
    };
    let expected = Expected {
        product: &product,
        log_id: logbook_seal::LogId::Unchecked,
        commitment: logbook_seal::Commitment::IfPresent,
        max_sealed_bytes: MAX_SEALED_BYTES,
    };
    envelope.check(&expected).map_err(refusal)?;
    let key = data_key(&envelope, &product, sealed)?;
    let mut body = Vec::new();
    file.take(MAX_SEALED_BYTES + 1)
        .read_to_end(&mut body)
        .context("cannot read the sealed log")?;
    let opened = logbook_seal::open(body, &envelope, &expected, &key).map_err(refusal)?;
    let log = opened.log_id().and_then(|id| LogId::new(id).ok());
    let file_name = opened.file_name().map(str::to_owned);
    metadata.retain(|name, _| !name.starts_with("x-amz-"));
    // What did not inflate was sealed as it came.
    let reader = Inflate::new(opened.into_reader(max_inflated), max_inflated);
    Ok(LogFile {
        product: ProductId::new(product).ok(),
        log,
        metadata,
        file_name,
        ..LogFile::new(reader)
    })
}

fn refusal(error: SealError) -> anyhow::Error {
    match seal_reason(&error) {
        Some(reason) => Refused {
            reason,
            detail: error.to_string(),
        }
        .into(),
        None => anyhow::Error::new(error),
    }
}

fn data_key(envelope: &Envelope, product: &str, sealed: &SealedArgs) -> anyhow::Result<DataKey> {
    if let Some(path) = &sealed.data_key_file {
        return DataKey::from_slice(&read_small(path)?).map_err(refusal);
    }
    let Some(path) = &sealed.key_file else {
        bail!(
            "the log is sealed: give --key-file (the local key-encryption key), or --data-key-file \
             (its data key, as `aws kms decrypt` gives it)"
        );
    };
    let local = LocalKey::from_slice(&read_small(path)?).map_err(refusal)?;
    local
        .unwrap(envelope.wrapped_key(), product)
        .map_err(refusal)
}

fn read_small(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(MAX_SMALL_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SMALL_FILE {
        bail!("{} is larger than {MAX_SMALL_FILE} bytes", path.display());
    }
    Ok(bytes)
}

/// The text of a small file, as UTF-8.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read_small(path)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

fn read_metadata(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let document: serde_json::Value = serde_json::from_str(&read_text(path)?)
        .with_context(|| format!("{} is no JSON", path.display()))?;
    let map = document.get("Metadata").unwrap_or(&document).as_object();
    let Some(map) = map else {
        bail!("{} is no JSON object", path.display());
    };
    Ok(map
        .iter()
        .filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let name = name.strip_prefix("x-amz-meta-").unwrap_or(&name).to_owned();
            Some((name, value.as_str()?.to_owned()))
        })
        .collect())
}

/// The profile that the command line names, or that fits the log; `None` where none does.
pub(crate) fn profile(args: &ProfileArgs, head: &[u8]) -> anyhow::Result<Option<Profile>> {
    if let Some(path) = &args.profile_file {
        return profile_file(path).map(Some);
    }
    match &args.profile {
        Some(name) => named_profile(name).map(Some),
        None => Ok(guess(head).cloned()),
    }
}

/// What to do where none fits.
pub(crate) fn no_profile() -> String {
    format!(
        "no built-in profile fits the log: name one with --profile ({}), or write one \
         (`logbook profile new LOG`) and give it with --profile-file",
        names()
    )
}

/// A profile by its built-in name.
pub(crate) fn named_profile(name: &str) -> anyhow::Result<Profile> {
    builtin(name).cloned().with_context(|| {
        let of_file = if is_file_name(name) {
            " (one in a file: --profile-file)"
        } else {
            ""
        };
        format!(
            "there is no built-in profile {name:?}{of_file}; there are {}",
            names()
        )
    })
}

/// Whether somebody who says this means a profile's file, and not its name.
pub(crate) fn is_file_name(spec: &str) -> bool {
    Path::new(spec).extension().is_some_and(|e| e == "toml") || spec.contains('/')
}

/// A profile by its built-in name or its file.
pub(crate) fn any_profile(spec: &str) -> anyhow::Result<Profile> {
    if is_file_name(spec) {
        profile_file(Path::new(spec))
    } else {
        named_profile(spec)
    }
}

/// A profile in a file.
pub(crate) fn profile_file(path: &Path) -> anyhow::Result<Profile> {
    Profile::from_toml(&read_text(path)?)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

fn names() -> String {
    let names: Vec<_> = builtin_texts().iter().map(|(name, _)| *name).collect();
    names.join(", ")
}
