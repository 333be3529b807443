//! The registry of products: `config/products.toml` and `config/profiles/*.toml` in the archive
//! bucket.
//!
//! What is faulty in it holds up the products that it concerns, and no other.

mod edit;
mod file;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use logbook_backends::ObjectStore;
use logbook_formats::{Profile, builtin};
use logbook_model::{Consent, ProductId};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::{Error, Result};

pub use edit::{
    NewProduct, ProductChange, add_product, add_product_key, add_product_with_key, change_product,
    put_profile,
};

pub(crate) use edit::replace;
pub(crate) use file::fault;

pub(crate) const DEFAULT_TIMEOUT_SECS: u32 = 1800;
const DEFAULT_MIN_USERS: u32 = 5;
/// How old a registry may be that refuses a key.
const REFUSING_AGE: Duration = Duration::from_millis(100);

/// What is wrong with the registry, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct ProductsError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

/// The registry's own profiles by name; of a file that is none, its fault under the file's name.
#[derive(Debug, Default)]
struct Profiles(BTreeMap<String, std::result::Result<Profile, ProductsError>>);

impl Profiles {
    /// A profile of the registry, or else a built-in one.
    fn named(&self, name: &str) -> std::result::Result<Option<&Profile>, ProductsError> {
        match self.0.get(name) {
            Some(Ok(profile)) => Ok(Some(profile)),
            Some(Err(fault)) => Err(fault.clone()),
            None => Ok(builtin(name)),
        }
    }
}

/// A registered product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The profile that reads its logs; `None` takes the built-in one that fits each.
    pub profile: Option<Profile>,
    /// Why its profile cannot be used: its logs are taken, and parsed when that is mended.
    pub fault: Option<ProductsError>,
    /// The consent of logs that state none.
    pub consent: Consent,
    /// Groups of fewer persons are withheld from reports.
    pub min_users: u32,
    /// Silence after which a session is over, in seconds.
    pub session_timeout_secs: u32,
    /// Whether account ids are stored as they come.
    pub accounts_readable: bool,
    profiles: Arc<Profiles>,
    key_hashes: Vec<[u8; 32]>,
}

impl Product {
    /// A product of which logs came though it is not registered.
    pub fn unregistered(id: ProductId) -> Self {
        Self {
            id,
            profile: None,
            fault: None,
            consent: Consent::Usage,
            min_users: DEFAULT_MIN_USERS,
            session_timeout_secs: DEFAULT_TIMEOUT_SECS,
            accounts_readable: false,
            profiles: Arc::default(),
            key_hashes: Vec::new(),
        }
    }

    /// A profile by name: one of the registry's own, or a built-in one.
    ///
    /// # Errors
    /// [`Error::Registry`] where the registry's own is faulty.
    pub fn profile_named(&self, name: &str) -> Result<Option<&Profile>> {
        Ok(self.profiles.named(name)?)
    }

    /// The profile as people write it: `name@version`, or `auto`.
    pub fn profile_reference(&self) -> String {
        let profile = self.profile.as_ref();
        profile.map_or_else(|| file::AUTO.to_owned(), Profile::reference)
    }
}

/// The registry at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    products: BTreeMap<ProductId, Product>,
    /// Entries that are no product, with their id if that can be read.
    unreadable: Vec<(Option<ProductId>, ProductsError)>,
    /// Faults of profiles, used or not.
    profiles: Vec<ProductsError>,
    /// There is no registry: nobody knows which products there are.
    missing: bool,
}

impl Snapshot {
    /// A product; `None` for one that is not registered.
    ///
    /// # Errors
    /// [`Error::Registry`] where an entry cannot be read that is this product's, or may be, or where
    /// there is no registry at all.
    pub fn product(&self, id: &ProductId) -> Result<Option<&Product>> {
        self.is_there()?;
        let concerned = |entry: &&(Option<ProductId>, _)| match &entry.0 {
            Some(unreadable) => unreadable == id,
            None => !self.products.contains_key(id),
        };
        match self.unreadable.iter().find(concerned) {
            Some((_, fault)) => Err(Error::Registry(fault.clone())),
            None => Ok(self.products.get(id)),
        }
    }

    /// A registry that is gone says nothing of its products: what concerns them waits.
    fn is_there(&self) -> Result<()> {
        if self.missing {
            let message = "there are no products: register one (`logbook product add`), or bring \
                           the file back";
            return Err(Error::Registry(fault(file::PRODUCTS_KEY, message)));
        }
        Ok(())
    }

    /// All products whose entry can be read.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// All that is faulty.
    pub fn faults(&self) -> Vec<&ProductsError> {
        let of_products = self.products.values().filter_map(|one| one.fault.as_ref());
        let mut faults: Vec<_> = self.unreadable.iter().map(|(_, fault)| fault).collect();
        faults.extend(&self.profiles);
        faults.extend(of_products);
        let mut seen = std::collections::BTreeSet::new();
        faults.retain(|fault| seen.insert(fault.to_string()));
        faults
    }

    /// The product that a key may upload for. Compares the hashes of all keys of all products,
    /// each in constant time: how long it takes does not tell which one fits.
    ///
    /// # Errors
    /// [`Error::Registry`] where the key fits none, and there is an entry that cannot be read: it
    /// may be that one's; or where there is no registry at all.
    pub fn product_of_key(&self, key: &str) -> Result<Option<&Product>> {
        self.is_there()?;
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
        match self.unreadable.first() {
            Some((_, fault)) if found.is_none() => Err(Error::Registry(fault.clone())),
            _ => Ok(found),
        }
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

    /// The archive that it is in.
    pub const fn archive(&self) -> &ObjectStore {
        &self.store
    }

    /// The registry as it is, or was at most `max_age` ago.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        self.no_older_than(self.max_age).await
    }

    /// The registry, as it is now if some of these products are not in what is held: they may have
    /// been registered since.
    pub async fn covering(&self, products: &[&ProductId]) -> Result<Arc<Snapshot>> {
        let snapshot = self.snapshot().await?;
        let is_known = |id: &&ProductId| !matches!(snapshot.product(id), Ok(None));
        if products.iter().all(is_known) {
            return Ok(snapshot);
        }
        self.reload().await
    }

    /// The registry, read anew if what is held is older than this.
    pub async fn no_older_than(&self, age: Duration) -> Result<Arc<Snapshot>> {
        let held = {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let young = held.as_ref().filter(|(since, _)| since.elapsed() < age);
            young.map(|(_, snapshot)| Arc::clone(snapshot))
        };
        match held {
            Some(snapshot) => Ok(snapshot),
            None => self.reload().await,
        }
    }

    /// The product that a key may upload for, see [`Snapshot::product_of_key`]. A key that fits none may
    /// have been made a moment ago: the registry that refuses one is a tenth of a second old at most.
    pub async fn product_of_key(&self, key: &str) -> Result<Option<Product>> {
        let snapshot = self.snapshot().await?;
        if let Some(product) = snapshot.product_of_key(key)? {
            return Ok(Some(product.clone()));
        }
        // Whoever tries keys has the registry read no more often.
        let snapshot = self.no_older_than(REFUSING_AGE).await?;
        Ok(snapshot.product_of_key(key)?.cloned())
    }

    /// The registry as it is now.
    pub async fn reload(&self) -> Result<Arc<Snapshot>> {
        let snapshot = Arc::new(file::read(&self.store).await?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.replace((Instant::now(), Arc::clone(&snapshot)));
        let known = before.as_ref().map(|(_, before)| before.faults());
        for fault in snapshot.faults() {
            // Once, and not at each reading.
            if known.as_ref().is_none_or(|known| !known.contains(&fault)) {
                tracing::error!(error = %fault, "the registry is faulty: what it concerns waits");
            }
        }
        Ok(snapshot)
    }
}
