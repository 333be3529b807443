//! Keys in files of 32 bytes.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::SecretKey;
use crate::disk::{create_new, hex, make_directories, random};
use crate::{Durability, Error, Result};

#[derive(Debug)]
pub(super) struct FileKeys {
    wrapping: SecretKey,
    hashing: SecretKey,
}

impl FileKeys {
    pub(super) async fn open(directory: &Path) -> Result<Self> {
        let directory = directory.to_owned();
        tokio::task::spawn_blocking(move || {
            make_directories(&directory, Durability::Fsync)?;
            Ok(Self {
                wrapping: read_or_make(&directory, "kek.key")?,
                hashing: read_or_make(&directory, "hmac.key")?,
            })
        })
        .await?
    }

    pub(super) const fn wrapping_key(&self) -> &SecretKey {
        &self.wrapping
    }

    pub(super) const fn hashing_key(&self) -> &SecretKey {
        &self.hashing
    }
}

fn read_or_make(directory: &Path, name: &str) -> Result<SecretKey> {
    let path = directory.join(name);
    match read(&path) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            make(directory, &path)?;
            read(&path)
        }
        other => other,
    }
}

fn read(path: &Path) -> Result<SecretKey> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::TooOpen {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.len() != 32 {
        return Err(Error::damaged("key file", "it must have 32 bytes"));
    }
    let mut bytes = Zeroizing::new([0; 32]);
    file.read_exact(bytes.as_mut_slice())
        .map_err(Error::io("read", path))?;
    Ok(SecretKey::new(bytes))
}

/// Makes a key file in one step: it appears under its name whole and on the disk, or not at
/// all; where two make it at once, the first wins and both read that one.
fn make(directory: &Path, path: &Path) -> Result<()> {
    let bytes = Zeroizing::new(random::<32>()?);
    let temporary = directory.join(format!(".new-{}", hex(&random::<8>()?)));
    let mut file = create_new(&temporary)?;
    let linked = file
        .write_all(bytes.as_slice())
        .map_err(Error::io("write", &temporary))
        .and_then(|()| Durability::Fsync.sync_file(&file, &temporary))
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(Error::io("link", path)(error))
            }
            _ => Ok(()),
        });
    let removed = fs::remove_file(&temporary).map_err(Error::io("remove", &temporary));
    linked.and(removed)?;
    Durability::Fsync.sync_directory(directory)
}
