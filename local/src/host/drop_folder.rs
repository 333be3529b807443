//! Plain files dropped into `inbox/{product}/` of the data folder become inbox objects.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use logbook_backends::{Head, Put, PutOutcome};
use logbook_intake::MAX_OBJECT_BYTES;
use logbook_model::{LogId, ProductId};
use logbook_pipeline::inbox_key;

/// How long a file must lie unchanged: whoever writes it is done.
const QUIET: Duration = Duration::from_millis(1500);
/// Most files looked at in one round.
const MAX_FILES: usize = 10_000;

/// Longest name of an object in the inbox bucket: bytes other than letters, digits, `-`, `_` and
/// `.` count three there, and a file may have 255.
const MAX_NAME_BYTES: usize = 254;

/// Remembers what it complained of, so as to say it once.
#[derive(Debug, Default)]
pub(super) struct DropFolder {
    complained: HashMap<PathBuf, SystemTime>,
    /// Files whose times lie ahead: their time, and since when they are seen with it.
    ahead: HashMap<PathBuf, (SystemTime, Instant)>,
}

impl DropFolder {
    /// Moves every file that lies quiet into the inbox bucket; how many.
    pub(super) async fn round(
        &mut self,
        folder: &Path,
        intake: &logbook_intake::Context,
    ) -> anyhow::Result<u64> {
        let mut moved = 0;
        let (files, strays) = files(folder)?;
        for (path, error) in strays {
            self.complain(&path, &error.to_string());
        }
        self.ahead
            .retain(|known, _| files.iter().any(|(_, path)| path == known));
        for (product, path) in files {
            match self.one(&product, &path, intake).await {
                Ok(true) => moved += 1,
                Ok(false) => {}
                Err(error) => self.complain(&path, &format!("{error:#}")),
            }
        }
        Ok(moved)
    }

    async fn one(
        &mut self,
        product: &ProductId,
        path: &Path,
        intake: &logbook_intake::Context,
    ) -> anyhow::Result<bool> {
        let meta = std::fs::symlink_metadata(path)?;
        if meta.is_symlink() {
            anyhow::bail!("it is a symbolic link: put the file itself here");
        }
        let modified = meta.modified()?;
        if !meta.is_file() || !self.is_quiet(path, modified) {
            return Ok(false);
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("its name is not UTF-8")?;
        let micros = modified
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_micros());
        let key = inbox_key(product, &object_name(product, name));
        if meta.len() > MAX_OBJECT_BYTES {
            return self.refuse(path, &key, (meta.len(), micros), intake).await;
        }
        let body = tokio::fs::read(path).await?;
        let metadata = BTreeMap::from([
            ("logbook-file-name".to_owned(), ascii(name)),
            ("logbook-modified-at".to_owned(), micros.to_string()),
        ]);
        // Another file of this name may still wait in the inbox: it must not be replaced. This one
        // stays where it is until that one is taken in.
        if intake
            .inbox
            .put(&key, body, metadata, Put::IfAbsent)
            .await?
            == PutOutcome::Exists
        {
            return Ok(false);
        }
        tokio::fs::remove_file(path).await?;
        Ok(true)
    }

    /// Whether a file has lain unchanged long enough by its own time or, where that lies ahead
    /// of the clock (another machine's, or a step back of this one's), since it was first seen.
    fn is_quiet(&mut self, path: &Path, modified: SystemTime) -> bool {
        if let Ok(age) = modified.elapsed() {
            return age >= QUIET;
        }
        let first = (modified, Instant::now());
        let known = self.ahead.entry(path.to_owned()).or_insert(first);
        if known.0 != modified {
            *known = first;
        }
        known.1.elapsed() >= QUIET
    }

    /// A file that is too large for the inbox ends as a rejected log, once for each change of it,
    /// and stays where it is for its owner to split.
    async fn refuse(
        &mut self,
        path: &Path,
        key: &str,
        (bytes, modified_us): (u64, u128),
        intake: &logbook_intake::Context,
    ) -> anyhow::Result<bool> {
        if self.is_known(path) {
            return Ok(false);
        }
        let head = Head {
            metadata: BTreeMap::new(),
            etag: format!("{bytes}-{modified_us}"),
            created_at: (intake.now)(),
            size: bytes,
        };
        logbook_intake::refuse_too_large(intake, key, head).await?;
        self.complain(path, "it is too large, and rejected: split it");
        Ok(false)
    }

    fn complain(&mut self, path: &Path, why: &str) {
        if !self.is_known(path) {
            self.complained.insert(path.to_owned(), modified(path));
            tracing::error!(file = %path.display(), error = why, "dropped file not taken");
        }
    }

    /// Whether it was complained of the file as it is.
    fn is_known(&self, path: &Path) -> bool {
        self.complained.get(path) == Some(&modified(path))
    }
}

fn modified(path: &Path) -> SystemTime {
    let meta = std::fs::metadata(path);
    meta.and_then(|meta| meta.modified()).unwrap_or(UNIX_EPOCH)
}

/// The name of a file's object: its own, or a hash of it where that is too long for one.
fn object_name<'n>(product: &ProductId, name: &'n str) -> Cow<'n, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bytes: usize = name
        .bytes()
        .map(|byte| if plain(byte) { 1 } else { 3 })
        .sum();
    if bytes <= MAX_NAME_BYTES {
        return Cow::Borrowed(name);
    }
    Cow::Owned(LogId::of_object(product, name, "").to_string())
}

/// Object metadata is ASCII.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

type Found = (Vec<(ProductId, PathBuf)>, Vec<(PathBuf, io::Error)>);

/// What lies in the folder, and is not taken wherever it goes on lying, with the reason.
pub(crate) fn strays(folder: &Path) -> Vec<(PathBuf, io::Error)> {
    files(folder).map_or_else(|_| Vec::new(), |(_, strays)| strays)
}

/// The files of all products, and what lies beside them or cannot be listed, with the reason.
fn files(folder: &Path) -> anyhow::Result<Found> {
    let (mut found, mut strays) = (Vec::new(), Vec::new());
    for product in std::fs::read_dir(folder)? {
        let product = product?.path();
        let name = product.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if !product.is_dir() {
            let why = "it lies in no product's folder";
            strays.push((product, io::Error::other(why)));
            continue;
        }
        let id = name.to_str().map(ProductId::new);
        let Some(Ok(id)) = id else {
            let why = "its name is no product's id (small letters, digits and hyphens), and what \
                       lies in it is not taken";
            strays.push((product, io::Error::other(why)));
            continue;
        };
        match files_of(&product, MAX_FILES.saturating_sub(found.len())) {
            Ok(files) => found.extend(files.into_iter().map(|file| (id.clone(), file))),
            Err(error) => strays.push((product, error)),
        }
    }
    Ok((found, strays))
}

/// The files of a product, at most `max`; hidden ones are left out.
fn files_of(product: &Path, max: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(product)? {
        let path = file?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.is_file() && found.len() < max {
            found.push(path);
        }
    }
    Ok(found)
}
