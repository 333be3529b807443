//! Listing a directory in byte order of keys.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use logbook_model::Timestamp;

use super::{Listed, Page, file, key};
use crate::{Error, Result};

/// A file or directory with the key that it stands for; that of a directory ends in `/`, which
/// puts the entries of one directory into the byte order of the keys below them.
struct Entry {
    key: String,
    path: PathBuf,
    is_directory: bool,
}

/// See [`super::ObjectStore::list`].
pub(super) fn page(
    root: &Path,
    prefix: &str,
    start_after: Option<&str>,
    max: usize,
) -> Result<Page> {
    let mut page = Page::default();
    let mut pending = entries(root, "")?;
    while let Some(entry) = pending.pop() {
        if !may_hold(&entry, prefix, start_after) {
            continue;
        }
        if entry.is_directory {
            pending.extend(entries(&entry.path, &entry.key)?);
            continue;
        }
        if page.objects.len() >= max {
            page.more = true;
            break;
        }
        // Removed since its directory was read: not there.
        if let Some(listed) = listed(entry)? {
            page.objects.push(listed);
        }
    }
    Ok(page)
}

/// The line of one object. One whose header is damaged is there all the same: reading it says
/// what is wrong, and the others are not hidden by it.
fn listed(entry: Entry) -> Result<Option<Listed>> {
    let key = entry.key;
    match file::open(&entry.path) {
        Ok(open) => Ok(open.map(|open| Listed {
            key,
            size: open.head.size,
            etag: open.head.etag,
            created_at: open.head.created_at,
        })),
        Err(Error::Damaged { .. }) => {
            let file = fs::metadata(&entry.path).map_err(Error::io("read", &entry.path))?;
            let modified = file.modified().map_err(Error::io("read", &entry.path))?;
            let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok(Some(Listed {
                key,
                size: file.len(),
                etag: String::new(),
                created_at: Timestamp(since.as_micros() as i64),
            }))
        }
        Err(error) => Err(error),
    }
}

/// Whether the entry is, or may lead to, a key with the prefix and after `start_after`.
fn may_hold(entry: &Entry, prefix: &str, start_after: Option<&str>) -> bool {
    let key = entry.key.as_str();
    if entry.is_directory {
        (key.starts_with(prefix) || prefix.starts_with(key))
            && start_after.is_none_or(|after| key > after || after.starts_with(key))
    } else {
        key.starts_with(prefix) && start_after.is_none_or(|after| key > after)
    }
}

/// The entries of one directory, last first.
fn entries(directory: &Path, parent: &str) -> Result<Vec<Entry>> {
    let read = match fs::read_dir(directory) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", directory)(error)),
    };
    let mut entries = Vec::new();
    for entry in read {
        let entry = entry.map_err(Error::io("list", directory))?;
        let kind = entry.file_type().map_err(Error::io("list", directory))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let segment = match name.strip_suffix(key::OBJECT_SUFFIX) {
            Some(name) if kind.is_file() => key::decode(name),
            None if kind.is_dir() => key::decode(name).map(|segment| segment + "/"),
            _ => None,
        };
        if let Some(segment) = segment {
            entries.push(Entry {
                key: format!("{parent}{segment}"),
                path: entry.path(),
                is_directory: kind.is_dir(),
            });
        }
    }
    entries.sort_unstable_by(|a, b| b.key.cmp(&a.key));
    Ok(entries)
}
