//! A log out of an archive.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::{LogId, ProductId};
use logbook_pipeline::{Error, LogAttributes, Registry, Vault, log_context, open_log};
use logbook_seal::Inflate;

use super::{LogFile, Refused};
use crate::host::DataFolder;

/// A log as people name it.
pub(crate) struct Named {
    product: ProductId,
    log: LogId,
}

impl FromStr for Named {
    type Err = anyhow::Error;

    /// Reads `PRODUCT/LOG`.
    fn from_str(name: &str) -> anyhow::Result<Self> {
        let (product, log) = name
            .split_once('/')
            .with_context(|| format!("{name:?} is not PRODUCT/LOG"))?;
        Ok(Self {
            product: ProductId::new(product)?,
            log: LogId::new(log)?,
        })
    }
}

/// Opens a log out of the archive of a data folder.
pub(crate) fn open(data: &Path, name: &str, max_inflated: u64) -> anyhow::Result<LogFile> {
    let data = DataFolder::existing(data.to_owned())?;
    let named: Named = name.parse()?;
    if !data.has_keys() {
        bail!(
            "{} holds no keys: the archive cannot be opened",
            data.keys().display()
        );
    }
    crate::commands::block_on(async {
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let keys = Keys::open_dir(&data.keys()).await?;
        open_in(archive, keys, named, max_inflated).await
    })
}

/// Opens a log out of an archive.
pub(crate) async fn open_in(
    archive: ObjectStore,
    keys: Keys,
    named: Named,
    max_inflated: u64,
) -> anyhow::Result<LogFile> {
    let Named { product, log } = named;
    let registry = Registry::new(archive.clone(), Duration::ZERO);
    let vault = Vault::new(archive, keys);
    let opened = match open_log(&vault, &product, &log).await {
        Err(Error::Rejected { reason, detail }) => {
            return Err(Refused { reason, detail }.into());
        }
        Err(Error::NotFound) => bail!("the archive has no log {log} of product {product}"),
        opened => opened?,
    };
    let snapshot = registry.snapshot().await?;
    let profile = match snapshot.product(&product)? {
        Some(found) => match (&opened.attributes.profile, &found.fault) {
            (Some(name), _) => found.profile_named(name)?.cloned(),
            (None, Some(fault)) => bail!("{fault}"),
            (None, None) => found.profile.clone(),
        },
        None => None,
    };
    let attributes: LogAttributes = opened.attributes;
    let context = log_context(&product, &log, &attributes);
    let reader = Inflate::new(opened.log.into_reader(max_inflated), max_inflated);
    let mut file = LogFile {
        product: Some(product),
        log: Some(log),
        metadata: context.metadata,
        modified_at: context.modified_at,
        file_name: context.file_name,
        received_at: Some(attributes.received_at),
        profile,
        ..LogFile::new(reader)
    };
    file.peek()?;
    Ok(file)
}
