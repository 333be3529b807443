//! `logbook product`.

use std::process::ExitCode;

use anyhow::Context;
use logbook_backends::{Durability, ObjectStore};
use logbook_model::{Consent, ProductId};
use logbook_pipeline::{NewProduct, Registry, add_product, add_product_key, put_profile};

use super::{REFUSED, block_on};
use crate::cli::{DataArgs, ProductCommand};
use crate::host::{DataFolder, Secrets};
use crate::{log_file, output};

pub(super) fn run(command: ProductCommand) -> anyhow::Result<ExitCode> {
    block_on(async {
        match command {
            ProductCommand::List { data, json } => list(&data, json).await,
            ProductCommand::Add {
                id,
                data,
                profile,
                consent,
                min_users,
                readable_accounts,
            } => {
                let new = NewProduct {
                    id: ProductId::new(id)?,
                    profile,
                    consent: consent.parse::<Consent>()?,
                    min_users,
                    accounts_readable: readable_accounts,
                };
                add(&data, new).await
            }
            ProductCommand::Key { id, data } => key(&data, &ProductId::new(id)?).await,
            ProductCommand::Profile { file, data } => {
                let (_, archive) = open(&data).await?;
                let name = put_profile(&archive, &log_file::read_text(&file)?).await?;
                output::text(&format!("profile {name} is stored; products may use it\n"))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

async fn open(data: &DataArgs) -> anyhow::Result<(DataFolder, ObjectStore)> {
    let data = DataFolder::new(data.data.clone());
    data.make()?;
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    Ok((data, archive))
}

async fn list(data: &DataArgs, json: bool) -> anyhow::Result<ExitCode> {
    let data = DataFolder::existing(data.data.clone())?;
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    let snapshot = Registry::new(archive, std::time::Duration::ZERO)
        .snapshot()
        .await?;
    if json {
        let products: Vec<_> = snapshot
            .products()
            .map(|product| {
                serde_json::json!({
                    "id": product.id,
                    "profile": product.profile_reference(),
                    "consent": product.consent,
                    "min_users": product.min_users,
                    "session_timeout_secs": product.session_timeout_secs,
                    "accounts_readable": product.accounts_readable,
                })
            })
            .collect();
        output::json(&products)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = snapshot
        .products()
        .map(|product| {
            vec![
                product.id.to_string(),
                product.profile_reference(),
                product.consent.to_string(),
                product.min_users.to_string(),
            ]
        })
        .collect();
    output::text(&output::table(
        &["product", "profile", "consent", "min users"],
        &rows,
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn add(data: &DataArgs, new: NewProduct) -> anyhow::Result<ExitCode> {
    let (data, archive) = open(data).await?;
    let id = new.id.clone();
    if !add_product(&archive, new).await? {
        output::note(&format!(
            "product {id} is registered already; nothing was changed"
        ));
        return Ok(ExitCode::from(REFUSED));
    }
    let key = add_product_key(&archive, &id).await?;
    Secrets::new(&data)
        .keep_product_key(&id, &key)
        .context("keeping the key")?;
    output::text(&format!(
        "product {id} is registered; its upload key, shown once:\n{key}\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn key(data: &DataArgs, id: &ProductId) -> anyhow::Result<ExitCode> {
    let data = DataFolder::existing(data.data.clone())?;
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    let key = add_product_key(&archive, id).await?;
    output::text(&format!("{key}\n"))?;
    Ok(ExitCode::SUCCESS)
}
