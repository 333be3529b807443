//! The registry of products: `config/products.toml` and `config/profiles/*.toml` in the archive
//! bucket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_backends::{ObjectStore, Put};
use logbook_formats::{Profile, builtin};
use logbook_model::{Consent, ProductId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::attributes::hex;
use crate::{Error, Result};

const PRODUCTS_KEY: &str = "config/products.toml";
const PROFILES_PREFIX: &str = "config/profiles/";
const MAX_CONFIG_BYTES: u64 = 1 << 20;
pub(crate) const DEFAULT_TIMEOUT_SECS: u32 = 1800;
const DEFAULT_MIN_USERS: u32 = 5;
/// The profile name that stands for "the built-in one that fits".
const AUTO: &str = "auto";

/// What is wrong with the registry, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct ProductsError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

/// One product as its file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductEntry {
    id: ProductId,
    #[serde(default = "auto")]
    profile: String,
    #[serde(default = "usage")]
    consent: Consent,
    #[serde(default = "default_min_users")]
    min_users: u32,
    #[serde(default = "default_timeout")]
    session_timeout_secs: u32,
    #[serde(default)]
    accounts_readable: bool,
    /// `sha256:` and hex, of each key that may upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<String>,
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

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductsFile {
    #[serde(default)]
    product: Vec<ProductEntry>,
}

/// A registered product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The profile that reads its logs; `None` takes the built-in one that fits each.
    pub profile: Option<Profile>,
    /// The consent of logs that state none.
    pub consent: Consent,
    /// Groups of fewer persons are withheld from reports.
    pub min_users: u32,
    /// Silence after which a session is over, in seconds.
    pub session_timeout_secs: u32,
    /// Whether account ids are stored as they come.
    pub accounts_readable: bool,
    profiles: Arc<BTreeMap<String, Profile>>,
    key_hashes: Vec<[u8; 32]>,
}

impl Product {
    /// A product of which logs came though it is not registered.
    pub fn unregistered(id: ProductId) -> Self {
        Self {
            id,
            profile: None,
            consent: Consent::Usage,
            min_users: DEFAULT_MIN_USERS,
            session_timeout_secs: DEFAULT_TIMEOUT_SECS,
            accounts_readable: false,
            profiles: Arc::default(),
            key_hashes: Vec::new(),
        }
    }

    /// A profile by name: one of the registry's own, or a built-in one.
    pub fn profile_named(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name).or_else(|| builtin(name))
    }
}

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

/// The registry at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    products: BTreeMap<ProductId, Product>,
}

impl Snapshot {
    /// A product.
    pub fn product(&self, id: &ProductId) -> Option<&Product> {
        self.products.get(id)
    }

    /// All products.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// The product that a key may upload for. Compares the hashes of all keys of all products,
    /// each in constant time: how long it takes does not tell which one fits.
    pub fn product_of_key(&self, key: &str) -> Option<&Product> {
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = None;
        for product in self.products.values() {
            let mut fits = Choice::from(0);
            for held in &product.key_hashes {
                fits |= held[..].ct_eq(&hash[..]);
            }
            if bool::from(fits) {
                found = Some(product);
            }
        }
        found
    }
}

/// Reads the registry, and again when it is older than `max_age`.
#[derive(Debug)]
pub struct Registry {
    store: ObjectStore,
    max_age: Duration,
    held: Mutex<Option<(Instant, Arc<Snapshot>)>>,
}

impl Registry {
    /// A registry in an archive.
    pub fn new(store: ObjectStore, max_age: Duration) -> Self {
        Self {
            store,
            max_age,
            held: Mutex::default(),
        }
    }

    /// The registry as it is, or was at most `max_age` ago.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let fresh = |(since, _): &&(Instant, Arc<Snapshot>)| since.elapsed() < self.max_age;
        {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, snapshot)) = held.as_ref().filter(fresh) {
                return Ok(Arc::clone(snapshot));
            }
        }
        self.reload().await
    }

    /// The registry as it is now.
    pub async fn reload(&self) -> Result<Arc<Snapshot>> {
        let snapshot = Arc::new(read(&self.store).await?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((Instant::now(), Arc::clone(&snapshot)));
        Ok(snapshot)
    }
}

async fn read(store: &ObjectStore) -> Result<Snapshot> {
    let profiles = Arc::new(read_profiles(store).await?);
    let file = read_products(store).await?;
    let mut products = BTreeMap::new();
    for entry in file.product {
        let product = product_of(entry, &profiles)?;
        if let Some(twice) = products.insert(product.id.clone(), product) {
            return Err(Error::Registry(ProductsError {
                file: PRODUCTS_KEY.to_owned(),
                message: format!("product {}: it is registered twice", twice.id),
            }));
        }
    }
    Ok(Snapshot { products })
}

fn product_of(entry: ProductEntry, profiles: &Arc<BTreeMap<String, Profile>>) -> Result<Product> {
    let fault = |message: String| {
        Error::Registry(ProductsError {
            file: PRODUCTS_KEY.to_owned(),
            message: format!("product {}: {message}", entry.id),
        })
    };
    let profile = match entry.profile.as_str() {
        AUTO => None,
        name => {
            let known = profiles.get(name).or_else(|| builtin(name));
            Some(
                known
                    .cloned()
                    .ok_or_else(|| fault(format!("there is no profile {name:?}")))?,
            )
        }
    };
    let mut key_hashes = Vec::new();
    for key in &entry.keys {
        let hash = key.strip_prefix("sha256:").and_then(unhex);
        key_hashes
            .push(hash.ok_or_else(|| fault("a key is no sha256: and 64 hex digits".to_owned()))?);
    }
    Ok(Product {
        profile,
        consent: entry.consent,
        min_users: entry.min_users,
        session_timeout_secs: entry.session_timeout_secs,
        accounts_readable: entry.accounts_readable,
        profiles: Arc::clone(profiles),
        key_hashes,
        id: entry.id,
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

async fn text_of(store: &ObjectStore, key: &str) -> Result<Option<String>> {
    let Some(object) = store.get(key, MAX_CONFIG_BYTES).await? else {
        return Ok(None);
    };
    String::from_utf8(object.body).map(Some).map_err(|_| {
        Error::Registry(ProductsError {
            file: key.to_owned(),
            message: "is not UTF-8".to_owned(),
        })
    })
}

async fn read_products(store: &ObjectStore) -> Result<ProductsFile> {
    let Some(text) = text_of(store, PRODUCTS_KEY).await? else {
        return Ok(ProductsFile::default());
    };
    toml::from_str(&text).map_err(|error| {
        Error::Registry(ProductsError {
            file: PRODUCTS_KEY.to_owned(),
            message: error.to_string(),
        })
    })
}

async fn read_profiles(store: &ObjectStore) -> Result<BTreeMap<String, Profile>> {
    let mut profiles = BTreeMap::new();
    for object in store.list(PROFILES_PREFIX, None, 1000).await?.objects {
        let Some(text) = text_of(store, &object.key).await? else {
            continue;
        };
        let profile = Profile::from_toml(&text).map_err(|error| {
            Error::Registry(ProductsError {
                file: object.key.clone(),
                message: error.to_string(),
            })
        })?;
        profiles.insert(profile.id().to_owned(), profile);
    }
    Ok(profiles)
}

/// Registers a product; `false` where there is one of its id, which stays as it is.
pub async fn add_product(store: &ObjectStore, new: NewProduct) -> Result<bool> {
    let mut file = read_products(store).await?;
    if file.product.iter().any(|entry| entry.id == new.id) {
        return Ok(false);
    }
    let entry = ProductEntry {
        id: new.id,
        profile: new.profile,
        consent: new.consent,
        min_users: new.min_users,
        session_timeout_secs: DEFAULT_TIMEOUT_SECS,
        accounts_readable: new.accounts_readable,
        keys: Vec::new(),
    };
    product_of(entry.clone(), &Arc::new(read_profiles(store).await?))?;
    file.product.push(entry);
    write(store, &file).await?;
    Ok(true)
}

/// Makes a key by which uploads for a product are let in, and keeps its hash only.
pub async fn add_product_key(store: &ObjectStore, product: &ProductId) -> Result<String> {
    let mut file = read_products(store).await?;
    let Some(entry) = file.product.iter_mut().find(|entry| entry.id == *product) else {
        return Err(Error::Registry(ProductsError {
            file: PRODUCTS_KEY.to_owned(),
            message: format!("there is no product {product}"),
        }));
    };
    let mut random = [0; 24];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Store(logbook_backends::Error::Random(error)))?;
    let key = format!("lbk_{product}_{}", URL_SAFE_NO_PAD.encode(random));
    entry
        .keys
        .push(format!("sha256:{}", hex(&Sha256::digest(key.as_bytes()))));
    write(store, &file).await?;
    Ok(key)
}

/// Stores a profile under its own name, for products to use.
pub async fn put_profile(store: &ObjectStore, text: &str) -> Result<String> {
    let profile = Profile::from_toml(text).map_err(|error| {
        Error::Registry(ProductsError {
            file: "profile".to_owned(),
            message: error.to_string(),
        })
    })?;
    let key = format!("{PROFILES_PREFIX}{}.toml", profile.id());
    store
        .put(&key, text.as_bytes().to_vec(), BTreeMap::new(), Put::Always)
        .await?;
    Ok(profile.id().to_owned())
}

async fn write(store: &ObjectStore, file: &ProductsFile) -> Result<()> {
    let text = toml::to_string(file).map_err(|error| {
        Error::Registry(ProductsError {
            file: PRODUCTS_KEY.to_owned(),
            message: error.to_string(),
        })
    })?;
    store
        .put(
            PRODUCTS_KEY,
            text.into_bytes(),
            BTreeMap::new(),
            Put::Always,
        )
        .await?;
    Ok(())
}
