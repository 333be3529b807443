//! Files that survive: durable writes, and random names.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::{Error, Result};

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Loss of power: the bytes and the name are on the disk before success is returned.
    #[default]
    Fsync,
    /// The end of the process (also by `kill -9`), not loss of power: the bytes are in the
    /// operating system's hands. Faster; for trials and tests.
    Process,
}

impl Durability {
    /// Flushes a file's bytes, if this durability asks for it.
    pub(crate) fn sync_file(self, file: &File, path: &Path) -> Result<()> {
        match self {
            Self::Fsync => file.sync_all().map_err(Error::io("flush", path)),
            Self::Process => Ok(()),
        }
    }

    /// Flushes a directory's names, if this durability asks for it.
    pub(crate) fn sync_directory(self, path: &Path) -> Result<()> {
        if self == Self::Process {
            return Ok(());
        }
        let directory = File::open(path).map_err(Error::io("open", path))?;
        directory.sync_all().map_err(Error::io("flush", path))
    }
}

/// Makes a directory (0700) and what is missing above it. With [`Durability::Fsync`] each new
/// name is flushed in its parent.
pub(crate) fn make_directories(path: &Path, durability: Durability) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    make_directories(parent, durability)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::io("make", path)(error))
        }
        // Flushed also when another made it, who may not have come to that yet.
        _ => durability.sync_directory(parent),
    }
}

/// Makes a new file (0600); it is an error if there is one of that name.
pub(crate) fn create_new(path: &Path) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("make", path))
}

/// Makes an empty file (0600) for a database to grow in, unless there is one: SQLite gives its
/// side files the same mode.
pub(crate) fn create_private(path: &Path) -> Result<()> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_directories(parent, Durability::Fsync)?;
    }
    match create_new(path) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            Ok(())
        }
        other => other.map(drop),
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// The wall clock, in microseconds since 1970.
pub(crate) fn now() -> logbook_model::Timestamp {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    logbook_model::Timestamp(elapsed.map_or(0, |elapsed| {
        i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
    }))
}
