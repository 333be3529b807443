//! `logbook product`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use logbook_backends::{Durability, ObjectStore};
use logbook_model::{Consent, ProductId};
use logbook_pipeline::{
    Marks, NewProduct, Product, ProductChange, Registry, Snapshot, add_product_key,
    add_product_with_key, change_product, put_profile,
};
use serde_json::json;

use super::{REFUSED, block_on};
use crate::cli::{ProductCommand, ProductSetArgs};
use crate::host::{DataFolder, Secrets, now};
use crate::{log_file, output};

/// Where products are registered.
struct Registered {
    archive: ObjectStore,
    /// Where upload keys are kept for the tools of this machine, which know no stack.
    secrets: Option<Secrets>,
}

pub(super) fn run(command: ProductCommand) -> anyhow::Result<ExitCode> {
    block_on(async {
        let data = command.data().data.clone();
        let data = match &command {
            ProductCommand::Add { .. } | ProductCommand::Profile { .. } => {
                let data = DataFolder::new(data);
                data.make()?;
                data
            }
            _ => DataFolder::existing(data)?,
        };
        let registered = Registered {
            archive: ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?,
            secrets: Some(Secrets::new(&data)),
        };
        registered.run(command).await
    })
}

/// The same, of a stack.
#[cfg(feature = "aws")]
pub(super) async fn on_stack(
    command: ProductCommand,
    stack: &crate::stack::Stack,
) -> anyhow::Result<ExitCode> {
    let registered = Registered {
        archive: stack.archive()?,
        secrets: None,
    };
    registered.run(command).await
}

impl Registered {
    async fn run(self, command: ProductCommand) -> anyhow::Result<ExitCode> {
        match command {
            ProductCommand::List { json, .. } => list(self.archive, json).await,
            ProductCommand::Add {
                id,
                profile,
                consent,
                min_users,
                readable_accounts,
                json,
                ..
            } => {
                let new = NewProduct {
                    id: ProductId::new(id)?,
                    profile,
                    consent: consent.parse::<Consent>()?,
                    min_users,
                    accounts_readable: readable_accounts,
                };
                self.add(new, json).await
            }
            ProductCommand::Show { id, json, .. } => {
                show(self.archive, &ProductId::new(id)?, json).await
            }
            ProductCommand::Set(args) => set(self.archive, args).await,
            ProductCommand::Key { id, json, .. } => self.key(&ProductId::new(id)?, json).await,
            ProductCommand::Profile { file, json, .. } => {
                let name = put_profile(&self.archive, &log_file::read_text(&file)?).await?;
                let said = format!("profile {name} is stored; products may use it\n");
                output::outcome(json, &said, &json!({ "profile": name }))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    async fn add(&self, new: NewProduct, json: bool) -> anyhow::Result<ExitCode> {
        let id = new.id.clone();
        let Some(key) = add_product_with_key(&self.archive, new).await? else {
            output::note(&format!(
                "product {id} is registered already; nothing was changed (`logbook product set`)"
            ));
            return Ok(ExitCode::from(REFUSED));
        };
        self.keep(&id, &key)?;
        let said = format!("product {id} is registered; its upload key, shown once:\n{key}\n");
        output::outcome(json, &said, &json!({ "product": id, "upload_key": key }))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn key(&self, id: &ProductId, json: bool) -> anyhow::Result<ExitCode> {
        let key = add_product_key(&self.archive, id).await?;
        self.keep(id, &key)?;
        let document = json!({ "product": id, "upload_key": key });
        output::outcome(json, &format!("{key}\n"), &document)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Keeps a key for the tools on this machine; an earlier one goes on to let in.
    fn keep(&self, id: &ProductId, key: &str) -> anyhow::Result<()> {
        let Some(secrets) = &self.secrets else {
            return Ok(());
        };
        let kept = secrets.keep_product_key(id, key);
        kept.context("keeping the key")
    }
}

async fn snapshot(archive: ObjectStore) -> anyhow::Result<Arc<Snapshot>> {
    let snapshot = Registry::new(archive, Duration::ZERO).snapshot().await?;
    for fault in snapshot.faults() {
        output::note(&format!("faulty: {fault}"));
    }
    Ok(snapshot)
}

/// The product that is named, or else the only one.
pub(super) fn chosen<'s>(
    snapshot: &'s Snapshot,
    named: Option<&str>,
) -> anyhow::Result<&'s Product> {
    let products: Vec<&Product> = snapshot.products().collect();
    match (named, products.as_slice()) {
        (Some(id), _) => {
            let id = ProductId::new(id)?;
            snapshot.product(&id)?.with_context(|| unknown(&id))
        }
        (None, [only]) => Ok(only),
        (None, all) => {
            let ids: Vec<_> = all.iter().map(|product| product.id.as_str()).collect();
            bail!(
                "name one of the products with --product: {}",
                ids.join(", ")
            );
        }
    }
}

fn unknown(id: &ProductId) -> String {
    format!("there is no product {id}; `logbook product list` lists them")
}

async fn list(archive: ObjectStore, json: bool) -> anyhow::Result<ExitCode> {
    let snapshot = snapshot(archive).await?;
    if json {
        let products: Vec<_> = snapshot.products().map(as_json).collect();
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

fn as_json(product: &Product) -> serde_json::Value {
    let mut json = json!({
        "id": product.id,
        "profile": product.profile_reference(),
        "consent": product.consent,
        "min_users": product.min_users,
        "session_timeout_secs": product.session_timeout_secs,
        "accounts_readable": product.accounts_readable,
    });
    if let Some(fault) = &product.fault {
        json["fault"] = fault.to_string().into();
    }
    json
}

async fn show(archive: ObjectStore, id: &ProductId, json: bool) -> anyhow::Result<ExitCode> {
    let snapshot = snapshot(archive).await?;
    let product = snapshot.product(id)?.with_context(|| unknown(id))?;
    if json {
        output::json(&as_json(product))?;
        return Ok(ExitCode::SUCCESS);
    }
    let accounts = if product.accounts_readable {
        "as they come"
    } else {
        "as pseudonyms"
    };
    output::text(&format!(
        "product          {}\nprofile          {}\nconsent          {}\nmin users        {}\n\
         session timeout  {} s\naccounts         {accounts}\n",
        product.id,
        product.profile_reference(),
        product.consent,
        product.min_users,
        product.session_timeout_secs,
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn set(archive: ObjectStore, args: ProductSetArgs) -> anyhow::Result<ExitCode> {
    let id = ProductId::new(args.id)?;
    let settings = args.settings;
    let change = ProductChange {
        profile: settings.profile,
        consent: settings.consent.map(|text| text.parse()).transpose()?,
        min_users: settings.min_users,
        session_timeout_secs: settings.session_timeout,
        accounts_readable: settings.readable_accounts,
    };
    let registry = Registry::new(archive.clone(), Duration::ZERO);
    let held = registry.snapshot().await?;
    held.product(&id)?.with_context(|| unknown(&id))?;
    let of_reports = change.min_users.is_some();
    change_product(&archive, &id, change).await?;
    if of_reports {
        // Views of the database follow with the next analysis, which comes for what is marked.
        Marks::new(archive.clone()).put_dirty(&id, now()).await?;
    }
    show(archive, &id, args.json).await
}
