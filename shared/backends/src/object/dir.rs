//! A directory as a bucket.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Head, Metadata, Object, Page, Put, PutOutcome, file, key, list};
use crate::disk::{create_new, hex, make_directories, now, random};
use crate::{Durability, Error, Result};

/// Where bodies are written before they have a name. No key begins with a dot in its file
/// name, so none leads here.
const TEMPORARY: &str = ".tmp";
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

#[derive(Debug, Clone)]
pub(super) struct DirStore {
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    root: PathBuf,
    temporary: PathBuf,
    durability: Durability,
}

impl DirStore {
    pub(super) async fn open(root: &Path, durability: Durability) -> Result<Self> {
        let place = Arc::new(Place {
            root: root.to_owned(),
            temporary: root.join(TEMPORARY),
            durability,
        });
        let store = Self { place };
        store
            .blocking(move |place| {
                make_directories(&place.temporary, durability)?;
                remove_leftovers(&place.temporary)
            })
            .await?;
        Ok(store)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Place) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.place);
        tokio::task::spawn_blocking(move || work(&place)).await?
    }

    pub(super) async fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        metadata: Metadata,
        condition: Put,
    ) -> Result<PutOutcome> {
        let path = key::path_of(&self.place.root, key)?;
        self.blocking(move |place| place.put(&path, &body, metadata, &condition))
            .await
    }

    pub(super) async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Object>> {
        let path = key::path_of(&self.place.root, key)?;
        self.blocking(move |_| read(&path, max_bytes)).await
    }

    pub(super) async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let path = key::path_of(&self.place.root, key)?;
        self.blocking(move |_| read_range(&path, range)).await
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<Head>> {
        let path = key::path_of(&self.place.root, key)?;
        self.blocking(move |_| file::look(&path)).await
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let path = key::path_of(&self.place.root, key)?;
        self.blocking(move |place| {
            let _lock = place.lock()?;
            place.remove(&path)
        })
        .await
    }

    pub(super) async fn delete_if(&self, key: &str, etag: &str) -> Result<bool> {
        let path = key::path_of(&self.place.root, key)?;
        let etag = etag.to_owned();
        self.blocking(move |place| {
            let _lock = place.lock()?;
            match file::look(&path)? {
                Some(head) if head.etag != etag => Ok(false),
                _ => place.remove(&path).map(|()| true),
            }
        })
        .await
    }

    pub(super) async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        max: usize,
    ) -> Result<Page> {
        let (prefix, start_after) = (prefix.to_owned(), start_after.map(str::to_owned));
        self.blocking(move |place| list::page(&place.root, &prefix, start_after.as_deref(), max))
            .await
    }
}

impl Place {
    fn sync_parent(&self, path: &Path) -> Result<()> {
        path.parent()
            .map_or(Ok(()), |parent| self.durability.sync_directory(parent))
    }

    /// Waits until nobody else replaces or removes anything here, in other processes neither: what
    /// was compared is what is replaced. Held until it is dropped.
    fn lock(&self) -> Result<File> {
        let root = File::open(&self.root).map_err(Error::io("open", &self.root))?;
        root.lock().map_err(Error::io("lock", &self.root))?;
        Ok(root)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Ok(()) => self.sync_parent(path),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(())
            }
            Err(error) => Err(Error::io("remove", path)(error)),
        }
    }

    /// Writes under a name of no meaning, then gives the file its name in one step.
    fn put(
        &self,
        path: &Path,
        body: &[u8],
        metadata: Metadata,
        condition: &Put,
    ) -> Result<PutOutcome> {
        if *condition == Put::IfAbsent && path.exists() {
            return self.exists(path);
        }
        let etag = file::etag_of(body);
        let temporary = self.temporary.join(hex(&random::<16>()?));
        let head = Head {
            metadata,
            etag: etag.clone(),
            created_at: now(),
            size: body.len() as u64,
        };
        let published = self
            .write(&temporary, body, head)
            .and_then(|()| self.publish(&temporary, path, condition));
        if !matches!(published, Ok(Published::Renamed)) {
            // What cannot be removed now is a leftover for the next opening.
            let _ = fs::remove_file(&temporary);
        }
        match published? {
            Published::Refused => self.exists(path),
            Published::Linked | Published::Renamed => {
                self.sync_parent(path)?;
                Ok(PutOutcome::Created { etag })
            }
        }
    }

    /// An object that another has put: its name is flushed here too, because whoever learns
    /// that it exists may rely on it before that other has come to it.
    fn exists(&self, path: &Path) -> Result<PutOutcome> {
        self.sync_parent(path)?;
        Ok(PutOutcome::Exists)
    }

    fn write(&self, temporary: &Path, body: &[u8], head: Head) -> Result<()> {
        let mut open = create_new(temporary)?;
        file::write(&mut open, temporary, body, head)?;
        self.durability.sync_file(&open, temporary)
    }

    fn publish(&self, temporary: &Path, path: &Path, condition: &Put) -> Result<Published> {
        if let Some(parent) = path.parent() {
            make_directories(parent, self.durability)?;
        }
        if *condition == Put::IfAbsent {
            return match fs::hard_link(temporary, path) {
                Ok(()) => Ok(Published::Linked),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Published::Refused),
                Err(error) => Err(Error::io("link", path)(error)),
            };
        }
        let _lock = self.lock()?;
        if let Put::IfMatch(etag) = condition
            && !is_tagged(path, etag)?
        {
            return Ok(Published::Refused);
        }
        fs::rename(temporary, path).map_err(Error::io("replace", path))?;
        Ok(Published::Renamed)
    }
}

/// Whether an object is there and has this tag.
fn is_tagged(path: &Path, etag: &str) -> Result<bool> {
    Ok(file::look(path)?.is_some_and(|head| head.etag == etag))
}

/// What became of a temporary file.
enum Published {
    /// It has a second name now.
    Linked,
    /// It has its only name now.
    Renamed,
    /// What is under the name is not what the condition asks for.
    Refused,
}

fn read(path: &Path, max: u64) -> Result<Option<Object>> {
    let Some(mut open) = file::open(path)? else {
        return Ok(None);
    };
    let size = open.head.size;
    if size > max {
        return Err(Error::TooLarge { size, max });
    }
    let mut body = Vec::with_capacity(size as usize);
    open.file
        .read_to_end(&mut body)
        .map_err(Error::io("read", path))?;
    if file::etag_of(&body) != open.head.etag {
        return Err(Error::damaged("object", "its body does not fit its tag"));
    }
    Ok(Some(Object {
        body,
        metadata: open.head.metadata,
        etag: open.head.etag,
        created_at: open.head.created_at,
        size,
    }))
}

fn read_range(path: &Path, range: Range<u64>) -> Result<Option<Vec<u8>>> {
    let Some(mut open) = file::open(path)? else {
        return Ok(None);
    };
    let end = range.end.min(open.head.size);
    let start = range.start.min(end);
    let mut bytes = vec![0; (end - start) as usize];
    open.file
        .seek(SeekFrom::Start(open.body_at + start))
        .and_then(|_| open.file.read_exact(&mut bytes))
        .map_err(Error::io("read", path))?;
    Ok(Some(bytes))
}

fn remove_leftovers(temporary: &Path) -> Result<()> {
    for entry in fs::read_dir(temporary).map_err(Error::io("list", temporary))? {
        let entry = entry.map_err(Error::io("list", temporary))?;
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let old = modified
            .ok()
            .and_then(|at| at.elapsed().ok())
            .is_some_and(|age| age > LEFTOVER_AGE);
        if old {
            fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}
