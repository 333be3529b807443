//! What an archived object says of its log, beside the envelope: in the object's metadata.
//!
//! Object metadata is not encrypted: nothing that names a person is in it as it came.

use std::collections::BTreeMap;
use std::fmt::Write;

use logbook_backends::sql::{ContentHash, Via};
use logbook_model::{Consent, LogId, LogReject, Timestamp};

use crate::archive::MAX_SEALED_BYTES;
use crate::meter::Done;
use crate::{Error, Result};

/// Most bytes of what an uploader may say of a log: S3 takes 2 KB of metadata an object, and
/// the envelope needs some 600 of them.
pub(crate) const MAX_METADATA_BYTES: usize = 1024;

/// What an uploader may say of a log beside its id and its consent: in headers
/// (`X-Logbook-File-Name`), in a ticket's request, in an inbox object's metadata
/// (`logbook-file-name`).
pub const SAID: &[&str] = &[
    "session",
    "version",
    "os",
    "runtime",
    "user",
    "installation",
    "account",
    "environment",
    FILE_NAME,
    "modified_at",
];

/// What an uploader calls the log's file. It is kept in the sealed log only.
pub(crate) const FILE_NAME: &str = "file_name";

/// Names one attempt to archive a log: the same attempt made again is no duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt(pub String);

const CONFLICT_WITH: &str = "logbook-conflict-with";
const TOO_LARGE: &str = "logbook-too-large";
const WORK: &str = "logbook-work";

/// Marks, in the metadata of an inbox object and then of an archived one, a log that may wait to be
/// read with many others by the bulk path: one of a backfill. Its value does not matter.
pub const BULK: &str = "logbook-bulk";

/// Why an inbox object is kept only to be rejected when it is parsed: nobody could be told when it
/// came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The id that it came under is taken by other content: it is kept under one of its own.
    IdTaken(LogId),
    /// It is larger than is taken in, or would be when sealed: what is kept speaks of it alone.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
}

impl Refusal {
    /// The reason, and the same for people.
    pub(crate) fn reject(&self) -> (LogReject, String) {
        match self {
            Self::IdTaken(id) => {
                let detail = format!("the id {id}, under which it came, is taken by other content");
                (LogReject::IdConflict, detail)
            }
            Self::TooLarge { bytes } => {
                let detail = format!(
                    "it has {bytes} bytes; as it is, and sealed, a log may have \
                     {MAX_SEALED_BYTES}: split it"
                );
                (LogReject::TooLarge, detail)
            }
        }
    }
}

/// What is known of a log when it is archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAttributes {
    /// The way it came.
    pub via: Via,
    /// What its user agreed to.
    pub consent: Consent,
    /// When it was received.
    pub received_at: Timestamp,
    /// The attempt that archived it.
    pub attempt: Attempt,
    /// The keyed hash of its inflated bytes and of what its uploader said of it.
    pub content_hash: ContentHash,
    /// Bytes of the log, inflated where it could be.
    pub inflated_bytes: u64,
    /// The profile to read it by, where the way it came decides that.
    pub profile: Option<String>,
    /// Why it is kept only to be rejected.
    pub refused: Option<Refusal>,
    /// Whether it bears the mark [`BULK`].
    pub bulk: bool,
    /// How long the process that archived it worked before.
    pub work: Option<Done>,
    /// What the uploader said of it: `modified_at` (microseconds), `session`, and facts by name;
    /// `file_name` too, once it is opened.
    pub metadata: BTreeMap<String, String>,
}

impl LogAttributes {
    /// As object metadata: names of `a-z` and `-`, values of printable ASCII.
    pub fn to_headers(&self) -> BTreeMap<String, String> {
        let mut headers: BTreeMap<String, String> = [
            ("logbook-via", self.via.name().to_owned()),
            ("logbook-consent", self.consent.name().to_owned()),
            ("logbook-received-at", self.received_at.0.to_string()),
            ("logbook-attempt", self.attempt.0.clone()),
            ("logbook-content-hash", hex(&self.content_hash)),
            ("logbook-inflated-bytes", self.inflated_bytes.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if let Some(profile) = &self.profile {
            headers.insert("logbook-profile".to_owned(), profile.clone());
        }
        if let Some(refusal) = &self.refused {
            let (name, value) = match refusal {
                Refusal::IdTaken(id) => (CONFLICT_WITH, id.to_string()),
                Refusal::TooLarge { bytes } => (TOO_LARGE, bytes.to_string()),
            };
            headers.insert(name.to_owned(), value);
        }
        if let Some(work) = self.work {
            headers.insert(WORK.to_owned(), work.to_header());
        }
        if self.bulk {
            headers.insert(BULK.to_owned(), "1".to_owned());
        }
        if !self.metadata.is_empty() {
            headers.insert("logbook-metadata".to_owned(), ascii_json(&self.metadata));
        }
        headers
    }

    /// The inverse of [`LogAttributes::to_headers`].
    pub fn from_headers(headers: &BTreeMap<String, String>) -> Result<Self> {
        let field = |name: &str| {
            headers
                .get(name)
                .ok_or_else(|| Error::Attributes(format!("{name} is missing")))
        };
        let damaged = |name: &str| Error::Attributes(format!("{name} is damaged"));
        let metadata = match headers.get("logbook-metadata") {
            Some(json) => serde_json::from_str(json).map_err(|_| damaged("logbook-metadata"))?,
            None => BTreeMap::new(),
        };
        let number =
            |name: &str| -> Result<i64> { field(name)?.parse().map_err(|_| damaged(name)) };
        Ok(Self {
            via: Via::from_name(field("logbook-via")?).ok_or_else(|| damaged("logbook-via"))?,
            consent: field("logbook-consent")?
                .parse()
                .map_err(|_| damaged("logbook-consent"))?,
            received_at: Timestamp::from_micros(number("logbook-received-at")?)
                .ok_or_else(|| damaged("logbook-received-at"))?,
            attempt: Attempt(field("logbook-attempt")?.clone()),
            content_hash: unhex(field("logbook-content-hash")?)
                .ok_or_else(|| damaged("logbook-content-hash"))?,
            inflated_bytes: u64::try_from(number("logbook-inflated-bytes")?)
                .map_err(|_| damaged("logbook-inflated-bytes"))?,
            profile: headers.get("logbook-profile").cloned(),
            refused: match (headers.get(CONFLICT_WITH), headers.get(TOO_LARGE)) {
                (Some(id), _) => {
                    let id = id.parse().map_err(|_| damaged(CONFLICT_WITH))?;
                    Some(Refusal::IdTaken(id))
                }
                (None, Some(bytes)) => {
                    let bytes = bytes.parse().map_err(|_| damaged(TOO_LARGE))?;
                    Some(Refusal::TooLarge { bytes })
                }
                (None, None) => None,
            },
            bulk: headers.contains_key(BULK),
            // What is wrong with it is no fault of the log's.
            work: headers.get(WORK).and_then(|text| Done::from_header(text)),
            metadata,
        })
    }
}

/// JSON with everything beyond ASCII escaped, as HTTP headers want it.
fn ascii_json(map: &BTreeMap<String, String>) -> String {
    let json = serde_json::to_string(map).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let written = write!(out, "\\u{unit:04x}");
                debug_assert!(written.is_ok(), "writing to a String cannot fail");
            }
        }
    }
    out
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
            text
        })
}

/// 32 bytes of 64 hex digits.
pub(crate) fn unhex(text: &str) -> Option<ContentHash> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    (digits.len() == 64)
        .then(|| bytes.try_into().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_survive_the_way_through_headers() {
        let attributes = LogAttributes {
            via: Via::Inbox,
            consent: Consent::Error,
            received_at: Timestamp(1_700_000_000_000_000),
            attempt: Attempt("a1".to_owned()),
            content_hash: [7; 32],
            inflated_bytes: 12,
            profile: Some("otlp".to_owned()),
            refused: Some(Refusal::IdTaken(LogId::new("other").unwrap())),
            bulk: true,
            work: Done::from_header("upload 512 3 45000"),
            metadata: BTreeMap::from([("version".to_owned(), "Größe 😀".to_owned())]),
        };
        let headers = attributes.to_headers();
        assert!(headers.values().all(|value| value.is_ascii()));
        assert_eq!(LogAttributes::from_headers(&headers).unwrap(), attributes);
    }
}
