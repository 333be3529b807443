//! Marks outside of the database: which products there is something to analyze of, so that nobody
//! has to open a database that is paused in order to see that there is nothing.
//!
//! Below `state/analyze/{product}/` in the archive bucket lie
//! - `dirty`: rows were committed that reports do not show yet;
//! - `due/{instant}`: at that instant silence ends a session, if nothing more comes of it.
//!
//! **Nothing is lost.** `dirty` is put after a commit and before the message goes. Who puts it
//! remembers that for [`KNOWN`] and puts it no second time within that; so a mark speaks of commits
//! up to [`KNOWN`] later than itself. Who has analyzed takes it away only if it is the very one that
//! was read before the database, and was older then than [`RIPE`], which is longer than [`KNOWN`] by
//! what clocks may differ: a commit that the analysis did not see has put another, or will.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use logbook_backends::{Metadata, ObjectStore, Put};
use logbook_model::{ProductId, Timestamp};

use crate::{Error, Result};

const PREFIX: &str = "state/analyze/";
const PAGE: usize = 1000;
/// For how long a mark that was put is not put again.
const KNOWN: Duration = Duration::from_mins(1);
/// How old a mark must have been when it was read to be taken away.
const RIPE: Duration = Duration::from_mins(3);

/// Puts marks and reads them.
#[derive(Debug)]
pub struct Marks {
    archive: ObjectStore,
    /// When this process last put a product's `dirty`.
    put: Mutex<HashMap<ProductId, Timestamp>>,
}

/// A mark as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    key: String,
    etag: String,
    put_at: Timestamp,
}

/// A product's marks, as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductMarks {
    dirty: Option<Seen>,
    due: BTreeMap<Timestamp, Seen>,
}

impl ProductMarks {
    /// Whether there is something to do, where silence can be judged up to `as_of`.
    pub fn calls(&self, as_of: Timestamp) -> bool {
        self.dirty.is_some() || self.due.keys().next().is_some_and(|due| *due < as_of)
    }

    /// Since when there has been something to do, at the latest.
    pub fn since(&self, as_of: Timestamp) -> Option<Timestamp> {
        let due = self.due.keys().next().filter(|due| **due < as_of);
        let dirty = self.dirty.as_ref().map(|seen| &seen.put_at);
        due.into_iter().chain(dirty).min().copied()
    }
}

impl Marks {
    /// The marks in an archive.
    pub fn new(archive: ObjectStore) -> Self {
        Self {
            archive,
            put: Mutex::default(),
        }
    }

    /// Marks that rows of a product were committed; does nothing where this process did so within
    /// the last minute.
    pub async fn put_dirty(&self, product: &ProductId, now: Timestamp) -> Result<()> {
        let known = self.known().get(product).copied();
        if known.is_some_and(|at| at <= now && now.0 - at.0 < KNOWN.as_micros() as i64) {
            return Ok(());
        }
        self.put(&format!("{PREFIX}{product}/dirty"), now).await?;
        self.known().insert(product.clone(), now);
        Ok(())
    }

    /// All marks there are, by product.
    pub async fn read(&self) -> Result<BTreeMap<ProductId, ProductMarks>> {
        let mut products = BTreeMap::<ProductId, ProductMarks>::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.archive.list(PREFIX, after.as_deref(), PAGE).await?;
            after = page.objects.last().map(|last| last.key.clone());
            for object in page.objects {
                let Some((product, due)) = named(&object.key) else {
                    tracing::warn!(key = object.key, "no mark");
                    continue;
                };
                let seen = Seen {
                    key: object.key,
                    etag: object.etag,
                    put_at: object.created_at,
                };
                let marks = products.entry(product).or_default();
                match due {
                    Some(due) => drop(marks.due.insert(due, seen)),
                    None => marks.dirty = Some(seen),
                }
            }
            if !page.more || after.is_none() {
                return Ok(products);
            }
        }
    }

    /// Takes a product's marks away after all was done that they called for, and leaves one for
    /// when silence calls next. `read_at` is when they were read, before the database was.
    pub async fn settle(
        &self,
        product: &ProductId,
        seen: &ProductMarks,
        next: Option<Timestamp>,
        read_at: Timestamp,
    ) -> Result<()> {
        // The new one first: if this breaks off, there is one too many.
        if let Some(next) = next.filter(|next| !seen.due.contains_key(next)) {
            let key = format!("{PREFIX}{product}/due/{:020}", next.0.max(0));
            self.put(&key, read_at).await?;
        }
        for (_, past) in seen.due.iter().filter(|(due, _)| Some(**due) != next) {
            self.archive.delete_if(&past.key, &past.etag).await?;
        }
        if let Some(dirty) = &seen.dirty
            && read_at.0 - dirty.put_at.0 >= RIPE.as_micros() as i64
        {
            self.archive.delete_if(&dirty.key, &dirty.etag).await?;
        }
        Ok(())
    }

    /// Puts a mark whose entity tag no other has.
    async fn put(&self, key: &str, now: Timestamp) -> Result<()> {
        let mut chance = [0; 8];
        getrandom::fill(&mut chance).map_err(logbook_backends::Error::Random)?;
        let body = format!("{now} {:016x}\n", u64::from_be_bytes(chance));
        let put = self
            .archive
            .put(key, body.into_bytes(), Metadata::new(), Put::Always);
        put.await.map(drop).map_err(Error::from)
    }

    /// A poisoned lock guards a map that is whole at every step: it is used on.
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<ProductId, Timestamp>> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a key names: a product, and the instant where it is one of those.
fn named(key: &str) -> Option<(ProductId, Option<Timestamp>)> {
    let (product, what) = key.strip_prefix(PREFIX)?.split_once('/')?;
    let due = match what.strip_prefix("due/") {
        Some(due) => Some(Timestamp(due.parse().ok()?)),
        None if what == "dirty" => None,
        None => return None,
    };
    Some((ProductId::new(product).ok()?, due))
}
