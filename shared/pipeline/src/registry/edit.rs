//! Changes to the registry. Of several at once none is lost: each replaces just what it read.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_backends::{ObjectStore, Put, PutOutcome};
use logbook_formats::{Profile, builtin};
use logbook_model::{Consent, ProductId};
use sha2::{Digest, Sha256};

use super::DEFAULT_TIMEOUT_SECS;
use super::file::{
    MAX_CONFIG_BYTES, PRODUCTS_KEY, PROFILES_PREFIX, ProductEntry, ProductsFile, fault, product_of,
    read_profiles, text_of,
};
use crate::attributes::hex;
use crate::{Error, Result};

/// How often a change is made anew because another came first. Each time one of them gets
/// through.
const MAX_TRIES: usize = 100;

/// A new product, for [`add_product`].
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// Its id.
    pub id: ProductId,
    /// The profile's name, or `auto`.
    pub profile: String,
    /// Default consent.
    pub consent: Consent,
    /// Groups of fewer persons are withheld.
    pub min_users: u32,
    /// Whether account ids are stored as they come.
    pub accounts_readable: bool,
}

/// What to change of a product; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductChange {
    /// The profile's name, or `auto`.
    pub profile: Option<String>,
    /// Default consent.
    pub consent: Option<Consent>,
    /// Groups of fewer persons are withheld.
    pub min_users: Option<u32>,
    /// Silence after which a session is over, in seconds.
    pub session_timeout_secs: Option<u32>,
    /// Whether account ids are stored as they come.
    pub accounts_readable: Option<bool>,
}

/// Registers a product; `false` where there is one of its id, which stays as it is.
///
/// # Errors
/// [`Error::Registry`] for a profile that there is not, or where the registry is faulty: mend it
/// before it is changed.
pub async fn add_product(store: &ObjectStore, new: NewProduct) -> Result<bool> {
    add(store, new, None).await
}

/// Registers a product with its first upload key, in one step, and gives the key; `None` where
/// there is one of its id, which stays as it is.
///
/// # Errors
/// See [`add_product`].
pub async fn add_product_with_key(store: &ObjectStore, new: NewProduct) -> Result<Option<String>> {
    let key = new_key(&new.id)?;
    let added = add(store, new, Some(&key)).await?;
    Ok(added.then_some(key))
}

async fn add(store: &ObjectStore, new: NewProduct, key: Option<&str>) -> Result<bool> {
    let entry = ProductEntry {
        id: new.id,
        profile: new.profile,
        consent: new.consent,
        min_users: new.min_users,
        session_timeout_secs: DEFAULT_TIMEOUT_SECS,
        accounts_readable: new.accounts_readable,
        keys: key.map(hash_of).into_iter().collect(),
    };
    check_profile(store, &entry).await?;
    edit(store, |file| {
        if file.product.iter().any(|held| held.id == entry.id) {
            return Ok(false);
        }
        file.product.push(entry.clone());
        Ok(true)
    })
    .await
}

/// Changes a product's settings.
///
/// # Errors
/// [`Error::Registry`] for a product or a profile that there is not, or where the registry is
/// faulty in another way than this mends.
pub async fn change_product(
    store: &ObjectStore,
    product: &ProductId,
    change: ProductChange,
) -> Result<()> {
    if let Some(profile) = &change.profile {
        let entry = ProductEntry {
            id: product.clone(),
            profile: profile.clone(),
            consent: Consent::Usage,
            min_users: 0,
            session_timeout_secs: 0,
            accounts_readable: false,
            keys: Vec::new(),
        };
        check_profile(store, &entry).await?;
    }
    edit(store, |file| {
        let entry = entry_of(file, product)?;
        let ProductChange {
            profile,
            consent,
            min_users,
            session_timeout_secs,
            accounts_readable,
        } = change.clone();
        entry.profile = profile.unwrap_or_else(|| entry.profile.clone());
        entry.consent = consent.unwrap_or(entry.consent);
        entry.min_users = min_users.unwrap_or(entry.min_users);
        entry.session_timeout_secs = session_timeout_secs.unwrap_or(entry.session_timeout_secs);
        entry.accounts_readable = accounts_readable.unwrap_or(entry.accounts_readable);
        Ok(true)
    })
    .await
    .map(drop)
}

/// Makes a key by which uploads for a product are let in, and keeps its hash only.
pub async fn add_product_key(store: &ObjectStore, product: &ProductId) -> Result<String> {
    let key = new_key(product)?;
    edit(store, |file| {
        entry_of(file, product)?.keys.push(hash_of(&key));
        Ok(true)
    })
    .await?;
    Ok(key)
}

/// Stores a profile under its own name, for products to use. A stored one of the same version is
/// never changed: each session remembers the name and version of the profile that read it.
///
/// # Errors
/// [`Error::Registry`] for a text that is no profile, for the name of a built-in one, and for
/// another profile than is stored under the same name and version.
pub async fn put_profile(store: &ObjectStore, text: &str) -> Result<String> {
    let profile = Profile::from_toml(text).map_err(|error| fault("profile", error.to_string()))?;
    let id = profile.id();
    if builtin(id).is_some() {
        let detail = format!("{id:?} is the name of a built-in profile: give yours another");
        return Err(fault("profile", detail).into());
    }
    let key = format!("{PROFILES_PREFIX}{id}.toml");
    replace(store, &key, MAX_CONFIG_BYTES, |held| {
        let held = held.and_then(|body| String::from_utf8(body).ok());
        if held.as_deref() == Some(text) {
            return Ok(None);
        }
        let before = held.and_then(|held| Profile::from_toml(&held).ok());
        if before.is_some_and(|before| before.reference() == profile.reference()) {
            let reference = profile.reference();
            let detail =
                format!("another profile is stored as {reference}: raise `version` in the file");
            return Err(fault("profile", detail).into());
        }
        Ok(Some(text.as_bytes().to_vec()))
    })
    .await?;
    Ok(id.to_owned())
}

fn new_key(product: &ProductId) -> Result<String> {
    let mut random = [0; 24];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Store(logbook_backends::Error::Random(error)))?;
    Ok(format!("lbk_{product}_{}", URL_SAFE_NO_PAD.encode(random)))
}

fn hash_of(key: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(key.as_bytes())))
}

async fn check_profile(store: &ObjectStore, entry: &ProductEntry) -> Result<()> {
    let profiles = Arc::new(read_profiles(store).await?);
    match product_of(entry.clone(), &profiles)?.fault {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

fn entry_of<'f>(file: &'f mut ProductsFile, product: &ProductId) -> Result<&'f mut ProductEntry> {
    let found = file.product.iter_mut().find(|entry| entry.id == *product);
    found.ok_or_else(|| fault(PRODUCTS_KEY, format!("there is no product {product}")).into())
}

/// Changes the file of products. A change that answers `false` is not written.
async fn edit(
    store: &ObjectStore,
    change: impl Fn(&mut ProductsFile) -> Result<bool>,
) -> Result<bool> {
    replace(store, PRODUCTS_KEY, MAX_CONFIG_BYTES, |held| {
        let mut file = match held {
            Some(body) => toml::from_str(&text_of(PRODUCTS_KEY, body)?)
                .map_err(|error| fault(PRODUCTS_KEY, error.to_string()))?,
            None => ProductsFile::default(),
        };
        if !change(&mut file)? {
            return Ok(None);
        }
        let text = toml::to_string(&file);
        let text = text.map_err(|error| fault(PRODUCTS_KEY, error.to_string()))?;
        if text.len() as u64 > MAX_CONFIG_BYTES {
            // Nobody would read it any more.
            let full = format!("it would have more than {MAX_CONFIG_BYTES} bytes");
            return Err(fault(PRODUCTS_KEY, full).into());
        }
        Ok(Some(text.into_bytes()))
    })
    .await
}

/// Reads an object, changes it, and puts it in the place of just what was read; begins anew where
/// another change came first. A change that answers `None` is not written.
pub(crate) async fn replace(
    store: &ObjectStore,
    key: &str,
    max_bytes: u64,
    change: impl Fn(Option<Vec<u8>>) -> Result<Option<Vec<u8>>>,
) -> Result<bool> {
    for _ in 0..MAX_TRIES {
        let (held, condition) = match store.get(key, max_bytes).await? {
            Some(object) => (Some(object.body), Put::IfMatch(object.etag)),
            None => (None, Put::IfAbsent),
        };
        let Some(body) = change(held)? else {
            return Ok(false);
        };
        let put = store.put(key, body, BTreeMap::new(), condition);
        if put.await? != PutOutcome::Exists {
            return Ok(true);
        }
    }
    Err(fault(key, "others change it all the time; try again").into())
}
