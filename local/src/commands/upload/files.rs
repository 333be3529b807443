//! Which files are uploaded, and under which ids.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::output;

/// A file to be uploaded.
pub(super) struct File {
    pub(super) path: PathBuf,
    /// The path below what was named, which goes into the id.
    pub(super) name: String,
}

/// The files that paths name, those below folders among them.
pub(super) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        collect(path, &name.unwrap_or_default(), 0, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &Path, name: &str, depth: usize, found: &mut Vec<File>) -> anyhow::Result<()> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !meta.is_dir() {
        // A pipe or a device may never end.
        if !meta.is_file() {
            let what = format!("{} is neither a file nor a folder", path.display());
            if depth == 0 {
                bail!(what);
            }
            output::note(&format!("left out: {what}"));
            return Ok(());
        }
        found.push(File {
            path: path.to_owned(),
            name: name.to_owned(),
        });
        return Ok(());
    }
    if depth > 32 {
        bail!("{}: folders nest deeper than 32", path.display());
    }
    let mut entries = Vec::new();
    for entry in
        std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?
    {
        entries.push(entry?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') {
            collect(
                &entry.path(),
                &format!("{name}/{file_name}"),
                depth + 1,
                found,
            )?;
        }
    }
    Ok(())
}

/// The id of a file: of its path below what was named, and its content. The same file sent
/// again has the same id.
pub(super) fn id_of(name: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name.as_bytes());
    hash.update(body);
    let id = URL_SAFE_NO_PAD.encode(&hash.finalize()[..18]);
    format!("file-{id}")
}
