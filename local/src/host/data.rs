//! The data folder: where everything of an installation lies.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A data folder.
///
/// `inbox/{product}/` takes plain files; `store/archive` and `store/inbox` are the two buckets;
/// `keys/` and `secrets/` are for their owner only.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn archive(&self) -> PathBuf {
        self.root.join("store/archive")
    }

    pub(crate) fn inbox_bucket(&self) -> PathBuf {
        self.root.join("store/inbox")
    }

    pub(crate) fn drop_folder(&self) -> PathBuf {
        self.root.join("inbox")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.root.join("queue.db")
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.root.join("sessions.db")
    }

    pub(crate) fn analytics(&self) -> PathBuf {
        self.root.join("analytics.db")
    }

    /// Whether the keys are there, without which the archive cannot be opened.
    pub(crate) fn has_keys(&self) -> bool {
        let file = |name: &str| self.keys().join(name).is_file();
        file("kek.key") && file("hmac.key")
    }

    /// Whether there is an installation.
    pub(crate) fn exists(&self) -> bool {
        self.archive().is_dir()
    }

    /// The folder, or an error that says how to make one.
    pub(crate) fn existing(root: PathBuf) -> anyhow::Result<Self> {
        let data = Self::new(root);
        if data.exists() {
            return Ok(data);
        }
        bail!(
            "{} is no data folder: start one with `logbook run --data {0}`, or name yours with --data",
            data.root.display()
        );
    }

    /// Makes the folders.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        if self.root.exists() && !self.root.is_dir() {
            bail!(
                "{} is a file: name a folder with --data, which is made where there is none",
                self.root.display()
            );
        }
        for path in [
            self.root.clone(),
            self.drop_folder(),
            self.secrets(),
            self.root.join("store"),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .with_context(|| format!("cannot make {}", path.display()))?;
        }
        Ok(())
    }

    /// Locks the folder for one process; the lock goes with the process, however it ends.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        self.make()?;
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "{} is in use by another logbook: stop it first, or use another folder (--data)",
                self.root.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// Moves both schemas away, to be made anew from the archive.
    pub(crate) fn set_schemas_aside(&self) -> anyhow::Result<()> {
        let files = self.schema_files();
        // What lies there was set aside by a process that died over making new ones.
        let is_again = files.iter().any(|(_, aside)| aside.exists());
        files.iter().try_for_each(|(file, aside)| {
            if is_again {
                remove(file)
            } else {
                moved(file, aside)
            }
        })
    }

    /// Puts what was set aside back in place of what was made.
    pub(crate) fn restore_schemas(&self) -> anyhow::Result<()> {
        for (file, aside) in self.schema_files() {
            remove(&file)?;
            moved(&aside, &file)?;
        }
        Ok(())
    }

    /// Removes what was set aside.
    pub(crate) fn drop_schemas_aside(&self) -> anyhow::Result<()> {
        self.schema_files()
            .iter()
            .try_for_each(|(_, aside)| remove(aside))
    }

    /// The files of both schemas, and where each is set aside.
    fn schema_files(&self) -> Vec<(PathBuf, PathBuf)> {
        let named = |file: &PathBuf, suffix: &str| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let files = [self.sessions(), self.analytics()];
        let files = files
            .iter()
            .flat_map(|file| ["", "-wal", "-shm"].map(|suffix| named(file, suffix)));
        files
            .map(|file| {
                let aside = named(&file, ".before-rebuild");
                (file, aside)
            })
            .collect()
    }
}

fn remove(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

fn moved(from: &Path, to: &Path) -> anyhow::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot move {}", from.display()))
        }
        _ => Ok(()),
    }
}

/// Held as long as the process has the folder to itself.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}
