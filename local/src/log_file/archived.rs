//! A log out of a data folder's archive.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::{LogId, ProductId};
use logbook_pipeline::{Error, LogAttributes, Registry, Vault, log_context, open_log};
use logbook_seal::Inflate;

use super::{LogFile, Refused};
use crate::host::DataFolder;

/// Opens `PRODUCT/LOG` out of the archive of a data folder.
pub(crate) fn open(data: &Path, name: &str, max_inflated: u64) -> anyhow::Result<LogFile> {
    let data = DataFolder::existing(data.to_owned())?;
    let (product, log) = name
        .split_once('/')
        .with_context(|| format!("{name:?} is not PRODUCT/LOG"))?;
    let (product, log) = (ProductId::new(product)?, LogId::new(log)?);
    if !data.has_keys() {
        bail!(
            "{} holds no keys: the archive cannot be opened",
            data.keys().display()
        );
    }
    let opened = crate::commands::block_on(async {
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let registry = Registry::new(archive.clone(), Duration::ZERO);
        let vault = Vault::new(archive, Keys::open_dir(&data.keys()).await?);
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
        Ok((opened, profile))
    });
    let (opened, profile) = opened?;
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
