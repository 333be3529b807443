//! The registry's files, read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use logbook_backends::ObjectStore;
use logbook_formats::Profile;
use logbook_model::{Consent, ProductId};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{DEFAULT_MIN_USERS, DEFAULT_TIMEOUT_SECS, Product, ProductsError, Profiles, Snapshot};
use crate::attributes::unhex;
use crate::{Error, Result};

pub(super) const PRODUCTS_KEY: &str = "config/products.toml";
pub(super) const PROFILES_PREFIX: &str = "config/profiles/";
pub(super) const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// The profile name that stands for "the built-in one that fits".
pub(super) const AUTO: &str = "auto";

/// One product as its file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductEntry {
    pub(super) id: ProductId,
    #[serde(default = "auto")]
    pub(super) profile: String,
    #[serde(default = "usage")]
    pub(super) consent: Consent,
    #[serde(default = "default_min_users")]
    pub(super) min_users: u32,
    #[serde(default = "default_timeout")]
    pub(super) session_timeout_secs: u32,
    #[serde(default)]
    pub(super) accounts_readable: bool,
    /// `sha256:` and hex, of each key that may upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<String>,
}

fn auto() -> String {
    AUTO.to_owned()
}
const fn usage() -> Consent {
    Consent::Usage
}
const fn default_min_users() -> u32 {
    DEFAULT_MIN_USERS
}
const fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT_SECS
}

/// All products, each without fault: what is changed and written back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductsFile {
    #[serde(default)]
    pub(super) product: Vec<ProductEntry>,
}

/// All products, each still to be understood.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(default)]
    product: Vec<Spanned<toml::Table>>,
}

pub(crate) fn fault(file: &str, message: impl Into<String>) -> ProductsError {
    ProductsError {
        file: file.to_owned(),
        message: message.into(),
    }
}

pub(super) async fn read(store: &ObjectStore) -> Result<Snapshot> {
    let profiles = Arc::new(read_profiles(store).await?);
    let mut snapshot = Snapshot {
        profiles: profiles
            .0
            .values()
            .filter_map(|p| p.clone().err())
            .collect(),
        ..Snapshot::default()
    };
    let object = match store.get(PRODUCTS_KEY, MAX_CONFIG_BYTES).await {
        Ok(Some(object)) => object,
        Ok(None) => {
            snapshot.missing = true;
            return Ok(snapshot);
        }
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => return Err(fault(PRODUCTS_KEY, error.to_string()).into()),
    };
    let text = text_of(PRODUCTS_KEY, object.body)?;
    let entries: Entries =
        toml::from_str(&text).map_err(|error| fault(PRODUCTS_KEY, error.to_string()))?;
    let mut seen = BTreeSet::new();
    for entry in entries.product {
        let line = text[..entry.span().start].lines().count() + 1;
        let table = entry.into_inner();
        let id = table.get("id").and_then(toml::Value::as_str);
        let id = id.and_then(|id| ProductId::new(id).ok());
        if let Some(id) = &id
            && !seen.insert(id.clone())
        {
            let twice = format!("product {id}: it is registered twice");
            snapshot
                .unreadable
                .push((Some(id.clone()), fault(PRODUCTS_KEY, twice)));
            continue;
        }
        match product_of_table(table, line, &profiles) {
            Ok(product) => {
                snapshot.products.insert(product.id.clone(), product);
            }
            Err(fault) => snapshot.unreadable.push((id, fault)),
        }
    }
    // Of two entries of one id neither is guessed at.
    for id in snapshot.unreadable.iter().filter_map(|(id, _)| id.as_ref()) {
        snapshot.products.remove(id);
    }
    Ok(snapshot)
}

fn product_of_table(
    table: toml::Table,
    line: usize,
    profiles: &Arc<Profiles>,
) -> std::result::Result<Product, ProductsError> {
    let name = table
        .get("id")
        .map_or_else(String::new, |id| format!(" {id}"));
    let entry: ProductEntry = table.try_into().map_err(|error: toml::de::Error| {
        let what = error.message();
        fault(PRODUCTS_KEY, format!("line {line}: product{name}: {what}"))
    })?;
    product_of(entry, profiles)
}

/// A product; one whose profile cannot be used says so of itself.
pub(super) fn product_of(
    entry: ProductEntry,
    profiles: &Arc<Profiles>,
) -> std::result::Result<Product, ProductsError> {
    let at = |message: String| fault(PRODUCTS_KEY, format!("product {}: {message}", entry.id));
    let (profile, unusable) = match entry.profile.as_str() {
        AUTO => (None, None),
        name => match profiles.named(name) {
            Ok(Some(profile)) => (Some(profile.clone()), None),
            Ok(None) => (
                None,
                Some(at(format!(
                    "there is no profile {name:?}: `logbook profile list` names the built-in ones, \
                     `logbook product profile FILE` stores another"
                ))),
            ),
            Err(faulty) => (None, Some(at(format!("its profile is faulty: {faulty}")))),
        },
    };
    let mut key_hashes = Vec::new();
    for key in &entry.keys {
        let hash = key.strip_prefix("sha256:").and_then(unhex);
        key_hashes.push(hash.ok_or_else(|| at("a key is no sha256: and 64 hex digits".into()))?);
    }
    Ok(Product {
        profile,
        fault: unusable,
        consent: entry.consent,
        min_users: entry.min_users,
        session_timeout_secs: entry.session_timeout_secs,
        accounts_readable: entry.accounts_readable,
        profiles: Arc::clone(profiles),
        key_hashes,
        id: entry.id,
    })
}

pub(super) fn text_of(key: &str, body: Vec<u8>) -> std::result::Result<String, ProductsError> {
    String::from_utf8(body).map_err(|_| fault(key, "is not UTF-8"))
}

pub(super) async fn read_profiles(store: &ObjectStore) -> Result<Profiles> {
    let mut profiles = BTreeMap::new();
    for object in store.list(PROFILES_PREFIX, None, 1000).await?.objects {
        let key = object.key;
        match read_profile(store, &key).await {
            Ok(Some(profile)) => {
                profiles.insert(profile.id().to_owned(), Ok(profile));
            }
            Ok(None) => {}
            Err(Error::Registry(fault)) => {
                let name = key.trim_start_matches(PROFILES_PREFIX);
                let name = name.trim_end_matches(".toml").to_owned();
                profiles.entry(name).or_insert(Err(fault));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Profiles(profiles))
}

async fn read_profile(store: &ObjectStore, key: &str) -> Result<Option<Profile>> {
    let object = match store.get(key, MAX_CONFIG_BYTES).await {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(None),
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => return Err(fault(key, error.to_string()).into()),
    };
    let profile = Profile::from_toml(&text_of(key, object.body)?);
    Ok(Some(
        profile.map_err(|error| fault(key, error.to_string()))?,
    ))
}
