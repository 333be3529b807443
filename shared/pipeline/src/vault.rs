//! The archive with its keys: what sealing and opening need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use logbook_backends::{Keys, ObjectStore, WrappingKey};
use logbook_model::ProductId;
use logbook_seal::{DataKey, Envelope, LocalKey, SealingKey, WrappedKey};

use crate::Result;

/// How long one data key seals logs of a product.
const KEY_AGE: Duration = Duration::from_mins(5);
/// How many logs it seals at most.
const KEY_LOGS: u32 = 10_000;
/// How many opened data keys are remembered.
const OPENED_KEYS: usize = 256;

/// The archive, its keys, and the keys in use.
///
/// One data key serves one product for five minutes or 10,000 logs; opened keys are remembered
/// by product and wrapped form, as the key service would be asked: it is neither the cost nor
/// the limit.
#[derive(Debug)]
pub struct Vault {
    /// The archive's objects.
    pub archive: ObjectStore,
    keys: Keys,
    sealing: Mutex<HashMap<ProductId, InUse>>,
    opened: Mutex<HashMap<(ProductId, WrappedKey), DataKey>>,
}

#[derive(Debug)]
struct InUse {
    key: Arc<SealingKey>,
    since: Instant,
    logs: u32,
}

/// A poisoned lock guards a map that is whole at every step: it is used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vault {
    /// An archive and the keys to it.
    pub fn new(archive: ObjectStore, keys: Keys) -> Self {
        Self {
            archive,
            keys,
            sealing: Mutex::default(),
            opened: Mutex::default(),
        }
    }

    /// The keys.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key by which the next log of a product is sealed.
    pub(crate) fn sealing_key(&self, product: &ProductId) -> Result<Arc<SealingKey>> {
        let mut sealing = lock(&self.sealing);
        if let Some(held) = sealing.get_mut(product)
            && held.logs < KEY_LOGS
            && held.since.elapsed() < KEY_AGE
        {
            held.logs += 1;
            return Ok(Arc::clone(&held.key));
        }
        let key = Arc::new(SealingKey::local(product.as_str(), &self.local_key()?)?);
        let in_use = InUse {
            key: Arc::clone(&key),
            since: Instant::now(),
            logs: 1,
        };
        sealing.insert(product.clone(), in_use);
        Ok(key)
    }

    /// The data key of a sealed log.
    pub(crate) fn data_key(&self, envelope: &Envelope, product: &ProductId) -> Result<DataKey> {
        let asked = (product.clone(), envelope.wrapped_key().clone());
        if let Some(key) = lock(&self.opened).get(&asked) {
            return Ok(key.clone());
        }
        let key = self.local_key()?.unwrap(&asked.1, product.as_str())?;
        let mut opened = lock(&self.opened);
        if opened.len() >= OPENED_KEYS {
            opened.clear();
        }
        opened.insert(asked, key.clone());
        Ok(key)
    }

    fn local_key(&self) -> Result<LocalKey> {
        match self.keys.wrapping_key() {
            WrappingKey::Local(secret) => Ok(LocalKey::from_slice(secret.expose())?),
            _ => Err(crate::Error::Attributes(
                "no such kind of wrapping key".to_owned(),
            )),
        }
    }
}
