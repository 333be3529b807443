//! An object store: one bucket of bodies with metadata under keys.

mod dir;
mod file;
mod key;
mod list;
#[cfg(feature = "aws")]
mod s3;
#[cfg(feature = "aws")]
mod s3_headers;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use logbook_model::Timestamp;
use tokio::sync::mpsc;

use crate::{Durability, Result};
use dir::DirStore;

/// What travels with a body: names in lower case, as S3 gives them back.
pub type Metadata = BTreeMap<String, String>;

/// One bucket.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    backend: Backend,
    created: Option<mpsc::UnboundedSender<Created>>,
}

#[derive(Debug, Clone)]
enum Backend {
    Dir(DirStore),
    #[cfg(feature = "aws")]
    S3(s3::S3Store),
}

/// Whether a put may replace what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It may.
    Always,
    /// It may not: of several at once exactly one creates the object.
    IfAbsent,
    /// It may replace the object of this entity tag only: of several at once exactly one does.
    IfMatch(String),
}

/// What a put did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is there, durably.
    Created {
        /// Its entity tag, without quotes.
        etag: String,
    },
    /// Nothing changed: with [`Put::IfAbsent`] there was one already, with [`Put::IfMatch`] there
    /// was another, or none. It may be this
    /// very one that is there, where S3 made it, its answer was lost, and the call was repeated.
    Exists,
}

/// An object with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The body.
    pub body: Vec<u8>,
    /// What travels with it.
    pub metadata: Metadata,
    /// Entity tag, without quotes: it changes where the body does. In a directory, and in S3
    /// without a KMS key, equal for equal bodies.
    pub etag: String,
    /// When it was put, by the store's clock; S3 tells it in whole seconds.
    pub created_at: Timestamp,
    /// Bytes of the body.
    pub size: u64,
}

/// An object without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What travels with it.
    pub metadata: Metadata,
    /// Entity tag, without quotes.
    pub etag: String,
    /// When it was put, by the store's clock.
    pub created_at: Timestamp,
    /// Bytes of the body.
    pub size: u64,
}

/// A request that whoever holds it may make once, without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedPut {
    /// Where to send the body by `PUT`. It is itself the permission: keep it out of logs.
    pub url: String,
    /// Headers to send with it, exactly so: they are signed.
    pub headers: BTreeMap<String, String>,
}

impl std::fmt::Debug for PresignedPut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresignedPut").finish_non_exhaustive()
    }
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// Bytes of the body.
    pub size: u64,
    /// Entity tag, without quotes.
    pub etag: String,
    /// When it was put, by the store's clock.
    pub created_at: Timestamp,
}

/// A page of a listing, in byte order of keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Listed>,
    /// Whether there are more; go on with `start_after` the last key of this page.
    pub more: bool,
}

/// An object that was just created: what S3 tells of it in an `ObjectCreated` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The key.
    pub key: String,
    /// Bytes of the body.
    pub size: u64,
    /// Entity tag, without quotes.
    pub etag: String,
}

impl ObjectStore {
    /// Most objects that one page lists.
    pub const MAX_PAGE: usize = 1000;

    /// Opens a directory as a bucket, and makes it (0700) if there is none. Files that a
    /// killed process left half-written more than an hour ago are removed.
    pub async fn open_dir(path: &Path, durability: Durability) -> Result<Self> {
        let store = DirStore::open(path, durability).await?;
        Ok(Self {
            backend: Backend::Dir(store),
            created: None,
        })
    }

    /// Opens an S3 bucket. It is not asked for: one that is missing shows at the first call,
    /// as a transient error.
    ///
    /// Who asks for an object that is not there needs `s3:ListBucket`, or S3 says 403 in place
    /// of 404; [`ObjectStore::delete_if`] needs `s3:GetObject` beside `s3:DeleteObject`.
    #[cfg(feature = "aws")]
    pub fn open_s3(clients: &crate::AwsClients, bucket: impl Into<String>) -> Self {
        Self {
            backend: Backend::S3(s3::S3Store::new(clients, bucket.into())),
            created: None,
        }
    }

    /// The same store, telling of every object that is created through it or a clone of it.
    /// As with S3, the news may be lost with the process: a sweep makes up for it.
    #[must_use]
    pub fn telling(mut self, created: mpsc::UnboundedSender<Created>) -> Self {
        self.created = Some(created);
        self
    }

    /// Puts an object. Success means durable: see [`Durability`].
    ///
    /// # Errors
    /// [`crate::Error::InvalidKey`] for a key that is empty or longer than 1,024 bytes; in a
    /// directory also for one that has an empty, `.` or `..` segment or one too long for a file
    /// name.
    pub async fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        metadata: Metadata,
        condition: Put,
    ) -> Result<PutOutcome> {
        let size = body.len() as u64;
        let outcome = match &self.backend {
            Backend::Dir(store) => store.put(key, body, metadata, condition).await?,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.put(key, body, &metadata, &condition).await?,
        };
        if let (Some(listener), PutOutcome::Created { etag }) = (&self.created, &outcome) {
            // Nobody listening any more is the same as news lost: the sweep finds the object.
            let _ = listener.send(Created {
                key: key.to_owned(),
                size,
                etag: etag.clone(),
            });
        }
        Ok(outcome)
    }

    /// Reads an object of at most `max_bytes`; `None` if there is none.
    ///
    /// # Errors
    /// [`crate::Error::TooLarge`] before any of the body is read;
    /// [`crate::Error::Damaged`] if the body no longer fits its entity tag.
    pub async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Object>> {
        match &self.backend {
            Backend::Dir(store) => store.get(key, max_bytes).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.get(key, max_bytes).await,
        }
    }

    /// Reads the bytes of the body within `range`, as far as there are any; `None` if there is
    /// no object.
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        match &self.backend {
            Backend::Dir(store) => store.get_range(key, range).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.get_range(key, range).await,
        }
    }

    /// Reads what is known of an object without its body; `None` if there is none. Of one whose
    /// header is damaged that is its size and its time: neither tag nor metadata.
    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        match &self.backend {
            Backend::Dir(store) => store.head(key).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.head(key).await,
        }
    }

    /// Removes an object; whether there was one does not matter.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match &self.backend {
            Backend::Dir(store) => store.delete(key).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.delete(key).await,
        }
    }

    /// Removes an object if it still bears the entity tag. `false`: another has taken its place
    /// since, and stays. `true`: no object of that tag is there any more.
    pub async fn delete_if(&self, key: &str, etag: &str) -> Result<bool> {
        match &self.backend {
            Backend::Dir(store) => store.delete_if(key, etag).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.delete_if(key, etag).await,
        }
    }

    /// A request by which its holder may put one object of exactly `bytes` bytes with exactly
    /// this metadata under the key, if there is none, from `now` on for as long as `valid` says.
    /// It ends sooner where the credentials that sign it do. `None` for a directory, which
    /// answers no requests.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "a directory signs nothing")
    )]
    pub async fn presign_put(
        &self,
        key: &str,
        bytes: u64,
        metadata: &Metadata,
        now: Timestamp,
        valid: Duration,
    ) -> Result<Option<PresignedPut>> {
        match &self.backend {
            Backend::Dir(_) => {
                let _ = (key, bytes, metadata, now, valid);
                Ok(None)
            }
            #[cfg(feature = "aws")]
            Backend::S3(store) => {
                let put = store.presign_put(key, bytes, metadata, now, valid).await?;
                Ok(Some(put))
            }
        }
    }

    /// Lists the objects whose key begins with `prefix` and lies after `start_after` in byte
    /// order, at most `max` (and never more than [`ObjectStore::MAX_PAGE`]).
    pub async fn list(&self, prefix: &str, start_after: Option<&str>, max: usize) -> Result<Page> {
        let max = max.min(Self::MAX_PAGE);
        match &self.backend {
            Backend::Dir(store) => store.list(prefix, start_after, max).await,
            #[cfg(feature = "aws")]
            Backend::S3(store) => store.list(prefix, start_after, max).await,
        }
    }
}
