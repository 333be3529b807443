//! A file that is there under its name only when it is whole.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use tempfile::{Builder, NamedTempFile, TempPath};

use super::folder_of;

/// What is being written, beside the file that it becomes; it is removed if it does not.
#[derive(Debug)]
pub(super) struct Target(TempPath);

impl Target {
    /// An empty file in the folder of another.
    pub(super) fn beside(path: &Path) -> anyhow::Result<Self> {
        let folder = folder_of(path)?;
        let mut builder = Builder::new();
        builder.prefix(".logbook-export-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As other programs make files; the process's umask takes away from it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file: NamedTempFile = builder
            .tempfile_in(folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(Self(file.into_temp_path()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file, to be written.
    pub(super) fn file(&self) -> anyhow::Result<File> {
        let file = File::create(&self.0);
        file.with_context(|| format!("cannot write {}", self.0.display()))
    }

    /// Puts the file in its place, once it is on the disk.
    pub(super) fn publish(self, path: &Path) -> anyhow::Result<()> {
        let put = || format!("cannot write {}", path.display());
        File::open(&self.0)
            .and_then(|file| file.sync_all())
            .with_context(put)?;
        self.0.persist(path).with_context(put)
    }
}
