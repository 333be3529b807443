//! The embedded runner: the functions of the pipeline in one process, over a data folder.
//!
//! It builds the very events that S3 and SQS would send, hands them to the functions' own
//! handlers, and honours what they answer: visibility timeouts, partial batch failures, dead
//! letters, all durably.

mod analyzer;
mod data;
mod drop_folder;
mod events;
mod loops;
mod page;
mod secrets;
mod server;
mod unread;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use logbook_backends::{Created, Database, Durability, Keys, ObjectStore, Queue, QueuePolicy};
use logbook_model::Timestamp;
use logbook_pipeline::{ARCHIVE_PREFIX, Registry, Vault};
use logbook_upload::Tickets;
use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) use analyzer::Analyzer;
pub(crate) use data::DataFolder;
pub(crate) use drop_folder::strays;
pub(crate) use loops::{Loops, Pace};
pub(crate) use secrets::Secrets;
pub(crate) use server::{Server, bind};

/// The stores of a data folder, open.
pub(crate) struct Host {
    pub(crate) data: DataFolder,
    pub(crate) vault: Arc<Vault>,
    pub(crate) inbox: ObjectStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) queue: Queue,
    pub(crate) sessions: Database,
    pub(crate) analytics: Database,
    /// What is put into the archive and the inbox, as it happens.
    pub(crate) archived: Option<UnboundedReceiver<Created>>,
    pub(crate) dropped: Option<UnboundedReceiver<Created>>,
}

/// Times a message is received before it is a dead letter.
const MAX_RECEIVES: u32 = 5;

impl Host {
    /// Opens the stores of a folder, making what is not there.
    ///
    /// The folder's lock must be held.
    pub(crate) async fn open(data: DataFolder, durability: Durability) -> anyhow::Result<Self> {
        data.make()?;
        require_keys(&data).await?;
        let (archive_tells, archived) = tokio::sync::mpsc::unbounded_channel();
        let (inbox_tells, dropped) = tokio::sync::mpsc::unbounded_channel();
        let archive = ObjectStore::open_dir(&data.archive(), durability).await?;
        let archive = archive.telling(archive_tells);
        let inbox = ObjectStore::open_dir(&data.inbox_bucket(), durability).await?;
        let keys = Keys::open_dir(&data.keys())
            .await
            .context("the data folder's keys")?;
        let policy = QueuePolicy {
            max_receives: MAX_RECEIVES,
            durability: Durability::Process,
        };
        let sessions = Database::open_file(&data.sessions(), durability).await;
        let sessions = sessions.with_context(|| unusable(&data.sessions(), "`logbook rebuild`"))?;
        logbook_backends::sql::migrate(&sessions).await?;
        let analytics = open_analytics(&data, durability).await?;
        // Whoever has the folder's lock runs alone on it.
        logbook_reports::take_back_leases(&analytics).await?;
        let queue = Queue::open_file(&data.queue(), policy).await;
        Ok(Self {
            queue: queue.with_context(|| unusable(&data.queue(), "the next sweep"))?,
            registry: Arc::new(Registry::new(archive.clone(), REGISTRY_AGE)),
            vault: Arc::new(Vault::new(archive, keys)),
            inbox: inbox.telling(inbox_tells),
            sessions,
            analytics,
            archived: Some(archived),
            dropped: Some(dropped),
            data,
        })
    }

    pub(crate) fn intake(&self) -> logbook_intake::Context {
        logbook_intake::Context {
            vault: Arc::clone(&self.vault),
            inbox: self.inbox.clone(),
            registry: Arc::clone(&self.registry),
            queue: self.queue.clone(),
            bulk: None,
            budget: Duration::from_mins(1),
            now,
        }
    }

    pub(crate) fn parse(&self) -> logbook_parse::Context {
        logbook_parse::Context {
            vault: Arc::clone(&self.vault),
            registry: Arc::clone(&self.registry),
            database: self.sessions.clone(),
            marks: None,
            patience: Duration::ZERO,
            reading: None,
            now,
        }
    }

    /// What the query API needs; `token` opens it.
    pub(crate) fn query(&self, token: &str) -> logbook_query::Context {
        logbook_query::Context {
            vault: Arc::clone(&self.vault),
            sessions: self.sessions.clone(),
            analytics: self.analytics.clone(),
            registry: Arc::clone(&self.registry),
            marks: None,
            auth: logbook_query::Auth::local(token),
            now,
        }
    }

    pub(crate) fn analyzer(&self) -> Analyzer {
        Analyzer {
            analytics: self.analytics.clone(),
            registry: Arc::clone(&self.registry),
            queue: self.queue.clone(),
            meter: Arc::clone(&self.vault.meter),
        }
    }

    pub(crate) fn sweeper(&self) -> loops::Sweeper {
        loops::Sweeper {
            intake: self.intake(),
            database: self.sessions.clone(),
        }
    }

    pub(crate) fn upload(&self, tickets: Arc<Tickets>) -> logbook_upload::Context {
        logbook_upload::Context {
            vault: Arc::clone(&self.vault),
            registry: Arc::clone(&self.registry),
            tickets,
            now,
        }
    }
}

/// Refuses to go on where logs are archived and a key is gone. New keys are made for a new folder
/// only: beside an archive, they would let no log be opened, and make everybody a stranger.
pub(crate) async fn require_keys(data: &DataFolder) -> anyhow::Result<()> {
    if data.has_keys() || !data.exists() {
        return Ok(());
    }
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    if archive
        .list(ARCHIVE_PREFIX, None, 1)
        .await?
        .objects
        .is_empty()
    {
        return Ok(());
    }
    bail!(
        "{} lacks the keys (kek.key, hmac.key) under which the archive's logs are sealed: bring \
         them back from your backup, or name a new folder with --data",
        data.keys().display()
    )
}

/// Refuses to make a new, empty sessions schema where logs are archived: it would look as if none of
/// them were there.
pub(crate) async fn open_sessions(data: &DataFolder) -> anyhow::Result<Database> {
    if !data.sessions().is_file() {
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let logs = archive.list(ARCHIVE_PREFIX, None, 1).await?.objects;
        if !logs.is_empty() {
            bail!(
                "{} is missing, though there are logs: `logbook rebuild` makes it anew from the \
                 archive",
                data.sessions().display()
            );
        }
    }
    let sessions = Database::open_file(&data.sessions(), Durability::Fsync).await;
    let sessions = sessions.with_context(|| unusable(&data.sessions(), "`logbook rebuild`"))?;
    let migrated = logbook_backends::sql::migrate(&sessions).await;
    migrated.with_context(|| unusable(&data.sessions(), "`logbook rebuild`"))?;
    Ok(sessions)
}

/// What to say where a file that can be made anew cannot be used.
pub(crate) fn unusable(file: &Path, maker: &str) -> String {
    let file = file.display();
    format!("{file} cannot be used: where it is damaged, move it away; {maker} makes up for it")
}

/// How long the registry is believed before it is read again.
const REGISTRY_AGE: std::time::Duration = std::time::Duration::from_secs(2);

/// The analytics schema, with the sessions schema beside it.
pub(crate) async fn open_analytics(
    data: &DataFolder,
    durability: Durability,
) -> anyhow::Result<Database> {
    let attached = logbook_backends::Attached {
        name: "sessions".to_owned(),
        path: data.sessions(),
    };
    let unusable = || unusable(&data.analytics(), "the next analysis of `logbook run`");
    let analytics = Database::open_file_with(&data.analytics(), durability, vec![attached]).await;
    let analytics = analytics.with_context(unusable)?;
    let migrated = logbook_reports::migrate(&analytics).await;
    migrated.with_context(unusable)?;
    Ok(analytics)
}

/// The clock.
pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
