//! The archive with its keys: what sealing and opening need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use logbook_backends::{Keys, KmsKey, ObjectStore, WrappingKey};
use logbook_model::ProductId;
use logbook_seal::{
    DataKey, EncryptionContext, Envelope, LocalKey, SealError, SealingKey, Wrap, WrappedKey,
};
use tokio::sync::OnceCell;

use crate::{Error, Meter, Result};

/// How long one data key seals logs of a product.
const KEY_AGE: Duration = Duration::from_mins(5);
/// How many logs it seals at most.
const KEY_LOGS: u32 = 10_000;
/// How many opened data keys are remembered.
const OPENED_KEYS: usize = 256;
/// Memory of a process where nothing says how much it may use, in MB.
pub const MEMORY_MB: u32 = 1024;

/// The archive, its keys, and the keys in use.
///
/// One data key serves one product for five minutes or 10,000 logs; opened keys are remembered
/// by product and wrapped form, as the key service would be asked: it is neither the cost nor
/// the limit. Of several that need the same key at once, one asks and the others wait for it.
#[derive(Debug)]
pub struct Vault {
    /// The archive's objects.
    pub archive: ObjectStore,
    /// How long the stages of this process work.
    pub meter: Arc<Meter>,
    keys: Keys,
    sealing: Mutex<HashMap<ProductId, Arc<Slot>>>,
    opened: Mutex<HashMap<Asked, Arc<OnceCell<DataKey>>>>,
}

/// What a key service is asked to unwrap.
type Asked = (ProductId, WrappedKey);

/// The key in use of one product; locked while the next is fetched.
type Slot = tokio::sync::Mutex<Option<InUse>>;

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
    /// An archive and the keys to it, for a process of 1,024 MB of memory.
    pub fn new(archive: ObjectStore, keys: Keys) -> Self {
        Self::of_process(archive, keys, MEMORY_MB)
    }

    /// An archive and the keys to it, for a process that may use so much memory.
    pub fn of_process(archive: ObjectStore, keys: Keys, memory_mb: u32) -> Self {
        Self {
            archive,
            meter: Arc::new(Meter::new(memory_mb)),
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
    pub(crate) async fn sealing_key(&self, product: &ProductId) -> Result<Arc<SealingKey>> {
        let slot = Arc::clone(lock(&self.sealing).entry(product.clone()).or_default());
        let mut slot = slot.lock().await;
        if let Some(held) = slot.as_mut()
            && held.logs < KEY_LOGS
            && held.since.elapsed() < KEY_AGE
        {
            held.logs += 1;
            return Ok(Arc::clone(&held.key));
        }
        let key = Arc::new(self.new_key(product).await?);
        // What was sealed here is often opened here: no need to ask for its key.
        let opened = self.opened(product, key.wrapped_key());
        opened.get_or_init(async || key.data_key().clone()).await;
        *slot = Some(InUse {
            key: Arc::clone(&key),
            since: Instant::now(),
            logs: 1,
        });
        Ok(key)
    }

    async fn new_key(&self, product: &ProductId) -> Result<SealingKey> {
        match self.keys.wrapping_key() {
            WrappingKey::Local(secret) => {
                let local = LocalKey::from_slice(secret.expose())?;
                Ok(SealingKey::local(product.as_str(), &local)?)
            }
            WrappingKey::Kms(kms) => {
                let context = EncryptionContext::of_product(product.as_str(), Wrap::Kms)?;
                let made = kms.generate(context.pairs()).await?;
                let key = DataKey::from_slice(made.key.expose())?;
                let wrapped = WrappedKey::kms(made.wrapped);
                Ok(SealingKey::new(product.as_str(), key, wrapped)?)
            }
        }
    }

    /// The data key of a sealed log, whose envelope was checked.
    pub(crate) async fn data_key(
        &self,
        envelope: &Envelope,
        product: &ProductId,
    ) -> Result<DataKey> {
        let wrapped = envelope.wrapped_key();
        let opened = self.opened(product, wrapped);
        let key = opened.get_or_try_init(async || match self.keys.wrapping_key() {
            WrappingKey::Local(secret) => {
                let local = LocalKey::from_slice(secret.expose())?;
                Ok(local.unwrap(wrapped, product.as_str())?)
            }
            WrappingKey::Kms(kms) => unwrap(&kms, envelope).await,
        });
        key.await.cloned()
    }

    /// The place of an opened data key. A place stays empty where its key does not open, and is
    /// filled by the next who asks.
    fn opened(&self, product: &ProductId, wrapped: &WrappedKey) -> Arc<OnceCell<DataKey>> {
        let mut opened = lock(&self.opened);
        let asked = (product.clone(), wrapped.clone());
        if opened.len() >= OPENED_KEYS && !opened.contains_key(&asked) {
            opened.clear();
        }
        Arc::clone(opened.entry(asked).or_default())
    }
}

/// What KMS refuses for good, it refuses because of the envelope: it is not our key's.
async fn unwrap(kms: &KmsKey<'_>, envelope: &Envelope) -> Result<DataKey> {
    let wrapped = envelope.wrapped_key();
    if wrapped.wrap() != Wrap::Kms {
        return Err(SealError::WrongWrap.into());
    }
    let context = envelope.context().pairs();
    match kms.unwrap(wrapped.as_bytes(), context).await {
        Ok(key) => Ok(DataKey::from_slice(key.expose())?),
        Err(error) if error.is_transient() => Err(Error::Store(error)),
        Err(_) => Err(SealError::UnwrapFailed.into()),
    }
}
