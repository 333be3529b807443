//! What is agreed with the customers of a product: `config/accounts/{product}.json` in the archive
//! bucket, by account as sessions name it.

mod table;

use std::collections::BTreeMap;

use logbook_backends::{Keys, ObjectStore};
use logbook_model::{Contract, ProductId, SessionFacts};
use serde::{Deserialize, Serialize};

use crate::pseudonym::is_pseudonym;
use crate::registry::{ProductsError, fault, replace};
use crate::{Error, Product, Result, pseudonym};

pub use table::{ContractsError, contracts_from_csv};

/// Accounts of a product at most.
pub const MAX_CONTRACTS: usize = 10_000;
/// Bytes of them at most: an answer holds them all.
const MAX_BYTES: u64 = 3 << 20;

/// The contracts of a product, by account as sessions name it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// By account.
    pub accounts: BTreeMap<String, Contract>,
}

/// The contracts of a product as they were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractsRead {
    /// The contracts.
    pub contracts: Contracts,
    /// Which state of them this is; empty before there was any.
    pub version: String,
}

fn key(product: &ProductId) -> String {
    format!("config/accounts/{product}.json")
}

/// Reads the contracts of a product; `None` where they are still those of `known`.
///
/// # Errors
/// [`Error::Registry`] where the file is not what it should be.
pub async fn read_contracts(
    archive: &ObjectStore,
    product: &ProductId,
    known: Option<&str>,
) -> Result<Option<ContractsRead>> {
    let key = key(product);
    if let Some(known) = known {
        let head = archive.head(&key).await?;
        if head.map_or(String::new(), |head| head.etag) == known {
            return Ok(None);
        }
    }
    let Some(object) = archive.get(&key, MAX_BYTES).await? else {
        return Ok(Some(ContractsRead::default()));
    };
    Ok(Some(ContractsRead {
        contracts: read(&key, &object.body)?,
        version: object.etag,
    }))
}

/// Changes the contracts of a product. Of several changes at once none is lost. A change that
/// answers `false` changed nothing, and is not written.
///
/// # Errors
/// [`Error::Registry`] where the file is not what it should be, [`Error::TooManyContracts`] where it
/// would hold more than [`MAX_CONTRACTS`], or more bytes than are read.
pub async fn change_contracts(
    archive: &ObjectStore,
    product: &ProductId,
    change: impl Fn(&mut Contracts) -> bool,
) -> Result<bool> {
    let key = key(product);
    replace(archive, &key, MAX_BYTES, |held| {
        let mut contracts = match held {
            Some(body) => read(&key, &body)?,
            None => Contracts::default(),
        };
        if !change(&mut contracts) {
            return Ok(None);
        }
        let body = serde_json::to_vec(&contracts);
        let body = body.map_err(|error| fault(&key, error.to_string()))?;
        if contracts.accounts.len() > MAX_CONTRACTS || body.len() as u64 > MAX_BYTES {
            return Err(Error::TooManyContracts);
        }
        Ok(Some(body))
    })
    .await
}

fn read(key: &str, body: &[u8]) -> std::result::Result<Contracts, ProductsError> {
    serde_json::from_slice(body).map_err(|error| fault(key, error.to_string()))
}

/// An account as sessions name it: as it came where the product keeps accounts readable, else its
/// pseudonym. `None` for a text that names none.
///
/// # Errors
/// [`Error::Store`] where the keys cannot be had.
pub async fn account_of(keys: &Keys, product: &Product, text: &str) -> Result<Option<String>> {
    let Some(text) = SessionFacts::bounded(text) else {
        return Ok(None);
    };
    if product.accounts_readable || is_pseudonym(&text) {
        return Ok(Some(text));
    }
    let key = keys
        .pseudonym_key(&product.id)
        .await
        .map_err(Error::Store)?;
    Ok(Some(pseudonym(&key, "account", &text)))
}
