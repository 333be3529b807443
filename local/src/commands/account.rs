//! `logbook account`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::Contract;
use logbook_pipeline::{
    Contracts, Product, Registry, account_of, change_contracts, contracts_from_csv, read_contracts,
};
use serde_json::{Value, json};

use super::{REFUSED, block_on, product};
use crate::api::QueryClient;
use crate::cli::{AccountCommand, AtArgs, ContractArgs};
use crate::host::{DataFolder, require_keys};
use crate::{log_file, output};

/// Where contracts are kept.
enum Place {
    Folder(Box<Folder>),
    Api {
        client: QueryClient,
        /// The parameters of each request.
        product: Vec<(String, String)>,
    },
}

/// A product of a data folder.
struct Folder {
    archive: ObjectStore,
    keys: Keys,
    product: Product,
}

pub(super) fn run(command: AccountCommand) -> anyhow::Result<ExitCode> {
    let place = match &command.at().url {
        Some(url) => Place::api(command.at(), url)?,
        None => Place::Folder(Box::new(block_on(Folder::open(command.at()))?)),
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

    fn run(&self, command: AccountCommand) -> anyhow::Result<ExitCode> {
        match command {
            AccountCommand::List { json, .. } => self.list(json)?,
            AccountCommand::Import { file, json, .. } => {
                let table = log_file::read_text(&file)?;
                let accounts = self.import(&table);
                let accounts = accounts.with_context(|| file.display().to_string())?;
                let said = format!("{accounts} accounts are taken; {SHOWN}\n");
                output::outcome(json, &said, &json!({ "accounts": accounts }))?;
            }
            AccountCommand::Set {
                id, contract, json, ..
            } => {
                let contract = changed(self.get(&id)?.unwrap_or_default(), contract)?;
                let contract = contract.checked()?;
                self.put(&id, &contract)?;
                let said = format!("account {id} is kept; {SHOWN}\n");
                output::outcome(json, &said, &json!({ "account": id, "contract": contract }))?;
            }
            AccountCommand::Remove { id, json, .. } => {
                if !self.remove(&id)? {
                    output::note(&format!("nothing is agreed with the account {id}"));
                    return Ok(ExitCode::from(REFUSED));
                }
                let said = format!("account {id} is forgotten; {SHOWN}\n");
                output::outcome(json, &said, &json!({ "account": id, "removed": true }))?;
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
            Self::Folder(folder) => block_on(folder.contracts()),
            Self::Api { client, product } => {
                let reply = client.get("/v1/accounts", product, "application/json")?;
                let mut reply: Value = parsed(&reply)?;
                let accounts = serde_json::from_value(reply["accounts"].take());
                Ok(Contracts {
                    accounts: accounts.context("the answer is none of Logbook's")?,
                })
            }
        }
    }

    fn import(&self, table: &str) -> anyhow::Result<u64> {
        match self {
            Self::Folder(folder) => block_on(folder.import(table)),
            Self::Api { client, product } => {
                let reply = client.put("/v1/accounts", product, "text/csv", table)?;
                let reply: Value = parsed(&reply)?;
                Ok(reply["accounts"].as_u64().unwrap_or_default())
            }
        }
    }

    fn get(&self, id: &str) -> anyhow::Result<Option<Contract>> {
        match self {
            Self::Folder(folder) => block_on(async {
                let account = folder.account(id).await?;
                Ok(folder.contracts().await?.accounts.remove(&account))
            }),
            Self::Api { client, product } => {
                let Some(reply) = client.find(&["accounts", id], product)? else {
                    return Ok(None);
                };
                let mut reply: Value = parsed(&reply)?;
                reply.as_object_mut().map(|reply| reply.remove("account"));
                let contract = serde_json::from_value(reply);
                Ok(Some(contract.context("the answer is none of Logbook's")?))
            }
        }
    }

    fn put(&self, id: &str, contract: &Contract) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => block_on(async {
                let account = folder.account(id).await?;
                let put = |held: &mut Contracts| {
                    held.accounts.insert(account.clone(), contract.clone());
                    true
                };
                folder.change(put).await.map(drop)
            }),
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
            Self::Folder(folder) => block_on(async {
                let account = folder.account(id).await?;
                let remove = |held: &mut Contracts| held.accounts.remove(&account).is_some();
                folder.change(remove).await
            }),
            Self::Api { client, product } => client.delete(&["accounts", id], product),
        }
    }
}

impl Folder {
    async fn open(args: &AtArgs) -> anyhow::Result<Self> {
        let data = DataFolder::existing(args.data.data.clone())?;
        require_keys(&data).await?;
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let registry = Registry::new(archive.clone(), Duration::ZERO);
        let snapshot = registry.snapshot().await?;
        let product = product::chosen(&snapshot, args.product.as_deref())?.clone();
        let keys = Keys::open_dir(&data.keys()).await;
        Ok(Self {
            archive,
            keys: keys.context("the data folder's keys")?,
            product,
        })
    }

    async fn contracts(&self) -> anyhow::Result<Contracts> {
        let read = read_contracts(&self.archive, &self.product.id, None).await?;
        Ok(read.map(|read| read.contracts).unwrap_or_default())
    }

    async fn import(&self, table: &str) -> anyhow::Result<u64> {
        let mut rows = contracts_from_csv(table.as_bytes())?;
        for (account, _) in &mut rows {
            *account = self.account(account).await?;
        }
        let import = |held: &mut Contracts| {
            held.accounts.extend(rows.iter().cloned());
            true
        };
        self.change(import).await?;
        Ok(rows.len() as u64)
    }

    /// The account as sessions name it.
    async fn account(&self, id: &str) -> anyhow::Result<String> {
        let account = account_of(&self.keys, &self.product, id).await?;
        account.context("the account is empty")
    }

    async fn change(&self, change: impl Fn(&mut Contracts) -> bool) -> anyhow::Result<bool> {
        Ok(change_contracts(&self.archive, &self.product.id, change).await?)
    }
}

/// When a change is seen.
const SHOWN: &str = "reports show it after the next run of the analytics";

fn parsed(reply: &str) -> anyhow::Result<Value> {
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
