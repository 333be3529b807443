//! The token and the keys of an installation on a laptop: made on the first run, 0600.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_model::ProductId;

use super::DataFolder;

/// Where they lie.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    folder: PathBuf,
}

/// A secret, and whether it was made just now.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) text: String,
    pub(crate) new: bool,
}

impl Secrets {
    pub(crate) fn new(data: &DataFolder) -> Self {
        Self {
            folder: data.secrets(),
        }
    }

    /// The bearer token of the query API.
    pub(crate) fn token(&self) -> anyhow::Result<Secret> {
        self.get_or_make("token", || Ok(format!("lbt_{}", random_text()?)))
    }

    /// The key that signs upload tickets.
    pub(crate) fn ticket_key(&self) -> anyhow::Result<[u8; 32]> {
        let secret = self.get_or_make("ticket-key", random_text)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(secret.text)
            .context("secrets/ticket-key is damaged")?;
        bytes
            .try_into()
            .map_err(|_| anyhow::anyhow!("secrets/ticket-key has not 32 bytes"))
    }

    /// The upload key of a product, if this installation made one.
    pub(crate) fn product_key(&self, product: &ProductId) -> anyhow::Result<Option<String>> {
        read(&self.folder.join(key_file(product)))
    }

    /// Keeps a product's upload key for the tools on this machine.
    pub(crate) fn keep_product_key(&self, product: &ProductId, key: &str) -> anyhow::Result<()> {
        let path = self.folder.join(key_file(product));
        let _ = std::fs::remove_file(&path);
        write_new(&path, key)
    }

    fn get_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<Secret> {
        let path = self.folder.join(name);
        if let Some(text) = read(&path)? {
            return Ok(Secret { text, new: false });
        }
        let text = make()?;
        write_new(&path, &text)?;
        Ok(Secret { text, new: true })
    }
}

fn key_file(product: &ProductId) -> String {
    format!("product-key-{product}")
}

fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    // Whole under its name, or not there: a process that dies over it leaves no empty secret.
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::hard_link(&temporary, path)?;
        std::fs::remove_file(&temporary)
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}
