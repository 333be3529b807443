//! `logbook account`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::Contract;
use logbook_pipeline::{
    Contracts, Product, Registry, account_of, change_contracts, contracts_from_csv, read_contracts,
};
use serde_json::Value;

use super::{REFUSED, block_on, product};
use crate::api::QueryClient;
use crate::cli::{AccountCommand, AtArgs, ContractArgs};
use crate::host::{DataFolder, require_keys};
use crate::{log_file, output};

/// Where contracts are kept.
enum Place {
    Folder {
        archive: ObjectStore,
        keys: Keys,
        product: Box<Product>,
    },
    Api {
        client: QueryClient,
        /// The parameters of each request.
        product: Vec<(String, String)>,
    },
}

pub(super) fn run(command: AccountCommand) -> anyhow::Result<ExitCode> {
    let place = match &command.at().url {
        Some(url) => Place::api(command.at(), url)?,
        None => Place::folder(command.at())?,
    };
    place.run(command)
}

/// Of the query API of a stack.
#[cfg(feature = "aws")]
pub(super) fn on_stack(
    command: AccountCommand,
    stack: &crate::stack::Stack,
) -> anyhow::Result<ExitCode> {
    let url = command.at().url.as_deref();
    let url = url.map_or_else(|| stack.need("QueryUrl"), Ok)?;
    Place::api(command.at(), url)?.run(command)
}

impl Place {
    fn api(args: &AtArgs, url: &str) -> anyhow::Result<Self> {
        Ok(Self::Api {
            client: args.client(url)?,
            product: args.asked(),
        })
    }

    fn folder(args: &AtArgs) -> anyhow::Result<Self> {
        block_on(async {
            let data = DataFolder::existing(args.data.data.clone())?;
            require_keys(&data).await?;
            let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
            let registry = Registry::new(archive.clone(), Duration::ZERO);
            let snapshot = registry.snapshot().await?;
            let product = product::chosen(&snapshot, args.product.as_deref())?.clone();
            let keys = Keys::open_dir(&data.keys()).await;
            Ok(Self::Folder {
                archive,
                keys: keys.context("the data folder's keys")?,
                product: Box::new(product),
            })
        })
    }

    fn run(&self, command: AccountCommand) -> anyhow::Result<ExitCode> {
        match command {
            AccountCommand::List { json, .. } => self.list(json)?,
            AccountCommand::Import { file, .. } => {
                let table = log_file::read_text(&file)?;
                let accounts = self.import(&table);
                let accounts = accounts.with_context(|| file.display().to_string())?;
                output::text(&format!("{accounts} accounts are taken; {SHOWN}\n"))?;
            }
            AccountCommand::Set { id, contract, .. } => {
                let contract = changed(self.get(&id)?.unwrap_or_default(), contract)?;
                self.put(&id, &contract.checked()?)?;
                output::text(&format!("account {id} is kept; {SHOWN}\n"))?;
            }
            AccountCommand::Remove { id, .. } => {
                if !self.remove(&id)? {
                    output::note(&format!("nothing is agreed with the account {id}"));
                    return Ok(ExitCode::from(REFUSED));
                }
                output::text(&format!("account {id} is forgotten; {SHOWN}\n"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, as_json: bool) -> anyhow::Result<()> {
        let contracts = self.contracts()?;
        if as_json {
            return output::json(&contracts);
        }
        let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let rows: Vec<Vec<String>> = contracts
            .accounts
            .into_iter()
            .map(|(account, contract)| {
                vec![
                    account,
                    cell(contract.name),
                    cell(contract.seats.map(|seats| seats.to_string())),
                    cell(Some(contract.modules.join(";")).filter(|text| !text.is_empty())),
                    cell(contract.owner),
                    cell(contract.renews_on.map(|day| day.to_string())),
                ]
            })
            .collect();
        let header = ["account", "name", "seats", "modules", "owner", "renews on"];
        output::text(&output::table(&header, &rows))
    }

    fn contracts(&self) -> anyhow::Result<Contracts> {
        match self {
            Self::Folder {
                archive, product, ..
            } => block_on(async {
                let read = read_contracts(archive, &product.id, None).await?;
                Ok(read.map(|read| read.contracts).unwrap_or_default())
            }),
            Self::Api { client, product } => {
                let reply = client.get("/v1/accounts", product, "application/json")?;
                let mut reply: Value = json(&reply)?;
                let accounts = serde_json::from_value(reply["accounts"].take());
                Ok(Contracts {
                    accounts: accounts.context("the answer is none of Logbook's")?,
                })
            }
        }
    }

    fn import(&self, table: &str) -> anyhow::Result<u64> {
        match self {
            Self::Folder { .. } => {
                let rows = contracts_from_csv(table.as_bytes())?;
                let rows = rows
                    .into_iter()
                    .map(|(id, contract)| Ok((self.account(&id)?, contract)))
                    .collect::<anyhow::Result<Vec<_>>>()?;
                self.change(|held| {
                    held.accounts.extend(rows.iter().cloned());
                    true
                })?;
                Ok(rows.len() as u64)
            }
            Self::Api { client, product } => {
                let reply = client.put("/v1/accounts", product, "text/csv", table)?;
                let reply: Value = json(&reply)?;
                Ok(reply["accounts"].as_u64().unwrap_or_default())
            }
        }
    }

    fn get(&self, id: &str) -> anyhow::Result<Option<Contract>> {
        match self {
            Self::Folder { .. } => Ok(self.contracts()?.accounts.remove(&self.account(id)?)),
            Self::Api { client, product } => {
                let Some(reply) = client.find(&["accounts", id], product)? else {
                    return Ok(None);
                };
                let mut reply: Value = json(&reply)?;
                reply.as_object_mut().map(|reply| reply.remove("account"));
                let contract = serde_json::from_value(reply);
                Ok(Some(contract.context("the answer is none of Logbook's")?))
            }
        }
    }

    fn put(&self, id: &str, contract: &Contract) -> anyhow::Result<()> {
        match self {
            Self::Folder { .. } => {
                let account = self.account(id)?;
                self.change(|held| {
                    held.accounts.insert(account.clone(), contract.clone());
                    true
                })
                .map(drop)
            }
            Self::Api { client, product } => {
                let path = QueryClient::path(&["accounts", id]);
                let body = serde_json::to_string(contract)?;
                client
                    .put(&path, product, "application/json", &body)
                    .map(drop)
            }
        }
    }

    fn remove(&self, id: &str) -> anyhow::Result<bool> {
        match self {
            Self::Folder { .. } => {
                let account = self.account(id)?;
                self.change(|held| held.accounts.remove(&account).is_some())
            }
            Self::Api { client, product } => client.delete(&["accounts", id], product),
        }
    }

    /// The account as sessions name it.
    fn account(&self, id: &str) -> anyhow::Result<String> {
        let Self::Folder { keys, product, .. } = self else {
            return Ok(id.to_owned());
        };
        let account = block_on(async { Ok(account_of(keys, product, id).await?) })?;
        account.context("the account is empty")
    }

    fn change(&self, change: impl Fn(&mut Contracts) -> bool) -> anyhow::Result<bool> {
        match self {
            Self::Folder {
                archive, product, ..
            } => block_on(async { Ok(change_contracts(archive, &product.id, change).await?) }),
            Self::Api { .. } => bail!("the API changes what it keeps"),
        }
    }
}

/// When a change is seen.
const SHOWN: &str = "reports show it after the next run of the analytics";

fn json(reply: &str) -> anyhow::Result<Value> {
    serde_json::from_str(reply).context("the answer is no JSON")
}

/// A contract with what a command line says of it.
fn changed(held: Contract, args: ContractArgs) -> anyhow::Result<Contract> {
    let day = args.renews_on.map(|day| day.parse()).transpose();
    let modules = args.modules.map(|text| {
        let modules = text.split(';').map(str::trim);
        let modules = modules.filter(|module| !module.is_empty());
        modules.map(str::to_owned).collect()
    });
    Ok(Contract {
        name: args.name.or(held.name),
        seats: args.seats.or(held.seats),
        modules: modules.unwrap_or(held.modules),
        owner: args.owner.or(held.owner),
        renews_on: day?.or(held.renews_on),
    })
}
