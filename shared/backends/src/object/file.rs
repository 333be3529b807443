//! The file of an object: a header, then the body.
//!
//! Eight bytes `LOGBOBJ1`, four bytes little-endian length of the JSON that follows, the JSON
//! (entity tag, time, metadata), and the body up to the end of the file.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use logbook_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Head, Metadata};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"LOGBOBJ1";
const MAX_JSON_BYTES: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    etag: String,
    created_at_us: i64,
    metadata: Metadata,
}

/// An open object: what is known of it, and the file, standing at the body.
pub(super) struct OpenObject {
    pub(super) head: Head,
    pub(super) body_at: u64,
    pub(super) file: File,
}

/// The entity tag of a body: the first half of its SHA-256 in hex.
pub(super) fn etag_of(body: &[u8]) -> String {
    crate::disk::hex(&Sha256::digest(body)[..16])
}

/// Writes header and body.
pub(super) fn write(file: &mut File, path: &Path, body: &[u8], head: Head) -> Result<()> {
    let header = Header {
        etag: head.etag,
        created_at_us: head.created_at.0,
        metadata: head.metadata,
    };
    let json = serde_json::to_vec(&header).map_err(|e| Error::damaged("metadata", e))?;
    if json.len() > MAX_JSON_BYTES {
        return Err(Error::TooLarge {
            size: json.len() as u64,
            max: MAX_JSON_BYTES as u64,
        });
    }
    let mut start = Vec::with_capacity(12 + json.len());
    start.extend_from_slice(MAGIC);
    start.extend_from_slice(&(json.len() as u32).to_le_bytes());
    start.extend_from_slice(&json);
    file.write_all(&start)
        .and_then(|()| file.write_all(body))
        .map_err(Error::io("write", path))
}

/// Opens an object and reads its header; `None` if there is no such file.
pub(super) fn open(path: &Path) -> Result<Option<OpenObject>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    let mut start = [0; 12];
    read_exact(&mut file, path, &mut start)?;
    let json_bytes = u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize;
    let body_at = 12 + json_bytes as u64;
    if &start[..8] != MAGIC || json_bytes > MAX_JSON_BYTES || body_at > length {
        return Err(Error::damaged("object", "its header is not one"));
    }
    let mut json = vec![0; json_bytes];
    read_exact(&mut file, path, &mut json)?;
    let header: Header =
        serde_json::from_slice(&json).map_err(|error| Error::damaged("object", error))?;
    let head = Head {
        metadata: header.metadata,
        etag: header.etag,
        created_at: Timestamp(header.created_at_us),
        size: length - body_at,
    };
    Ok(Some(OpenObject {
        head,
        body_at,
        file,
    }))
}

/// What is known of an object. Where its header is damaged that is its size and its file's
/// time: it is there, and is named by whoever lists it; reading it says what is wrong.
pub(super) fn look(path: &Path) -> Result<Option<Head>> {
    match open(path) {
        Err(Error::Damaged { .. }) => {}
        opened => return Ok(opened?.map(|open| open.head)),
    }
    let meta = std::fs::metadata(path).map_err(Error::io("read", path))?;
    let modified = meta.modified().map_err(Error::io("read", path))?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Some(Head {
        metadata: Metadata::new(),
        etag: String::new(),
        created_at: Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
        size: meta.len(),
    }))
}

fn read_exact(file: &mut File, path: &Path, buffer: &mut [u8]) -> Result<()> {
    file.read_exact(buffer).map_err(|error| {
        if error.kind() == ErrorKind::UnexpectedEof {
            Error::damaged("object", "its header ends too early")
        } else {
            Error::io("read", path)(error)
        }
    })
}
