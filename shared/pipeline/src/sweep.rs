//! What fell through is found again: a put event that never came, an intake that died.

use std::collections::BTreeSet;
use std::time::Duration;

use logbook_backends::sql::{ListedLog, Listing, Missing, Reopen, set_edge_duplicates};
use logbook_backends::{Boxed, Database, Listed, ObjectStore, Queue};
use logbook_model::{Day, LogId, ProductId, Timestamp};

use crate::{
    ARCHIVE_PREFIX, INBOX_PREFIX, Result, edge_prefix, is_folder, log_of_archive_key, queue_log,
};

/// Objects asked for at once.
const PAGE: usize = 1000;
const DAY: Duration = Duration::from_hours(24);

/// What a sweep over one product's archive found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Objects in the archive.
    pub archived: u64,
    /// Logs without a row that were queued again.
    pub queued: Vec<LogId>,
}

/// How a sweep queues logs without a row again, and settled ones that must be settled anew: those
/// refused because nobody knew their product, once it is registered; and duplicates of logs that are
/// refused or have no row.
///
/// A log is queued again when it reaches the age `first`, then when it is a day old, two days, four,
/// and so on; and at once where it had a row and lost it. So a message that got lost is made up
/// for, and a log whose message fails again and again, and lies among the dead letters, is sent a
/// dozen times in ten years and not with each sweep. It needs no word from the queue, and no memory
/// but the listing before.
#[derive(Debug, Clone, Copy)]
pub struct Requeue<'q> {
    /// The parse queue.
    pub queue: &'q Queue,
    /// How old a log must be: younger ones are left to the ordinary way.
    pub first: Duration,
    /// The process that was to queue the young ones is gone: no age is asked of those which the
    /// listing before did not find at age `first`.
    pub at_start: bool,
    /// Whether the product is registered.
    pub registered: bool,
    /// The clock.
    pub now: Timestamp,
}

impl Requeue<'_> {
    /// Whether a log is due that has no row at a listing, or none that counts.
    fn is_due(&self, log: &Missing, previous: Option<Timestamp>, as_of: Timestamp) -> bool {
        if log.reopened {
            return true;
        }
        let turns = |at: Timestamp| turns(at.0 - log.archived_at.0, self.first);
        let before = match previous {
            Some(previous) if log.noted => turns(previous),
            _ => 0,
        };
        turns(as_of).max(u32::from(self.at_start)) > before
    }
}

/// How often a log of an age is to have been queued again.
fn turns(age_us: i64, first: Duration) -> u32 {
    let age = Duration::from_micros(u64::try_from(age_us).unwrap_or(0));
    if age_us < 0 || age < first {
        return 0;
    }
    let days = age.as_secs() / DAY.as_secs();
    1 + days.checked_ilog2().map_or(0, |doubled| doubled + 1)
}

/// Lists a product's archive into the ledger, and queues logs without a row again.
///
/// `as_of` is the instant of the listing: the ledger speaks of what was received before it.
pub fn sweep_archive<'a>(
    archive: &'a ObjectStore,
    database: &'a Database,
    product: &'a ProductId,
    as_of: Timestamp,
    requeue: Option<Requeue<'a>>,
) -> Boxed<'a, Result<Swept>> {
    Box::pin(async move {
        let mut swept = Swept::default();
        let reopen = requeue.map(|requeue| Reopen {
            unknown_product: requeue.registered,
        });
        let mut listing = Listing::begin(database, product, as_of, reopen).await?;
        let prefix = format!("{ARCHIVE_PREFIX}{product}/");
        let mut after: Option<String> = None;
        loop {
            let page = archive.list(&prefix, after.as_deref(), PAGE).await?;
            let listed: Vec<ListedLog> = page
                .objects
                .iter()
                .filter(|object| object.created_at < as_of)
                .filter_map(|object| {
                    let (_, log) = log_of_archive_key(&object.key)?;
                    Some(ListedLog {
                        log,
                        archived_at: object.created_at,
                    })
                })
                .collect();
            swept.archived += listed.len() as u64;
            let missing = listing.add(database, &listed).await?;
            if let Some(requeue) = &requeue {
                let previous = listing.previous();
                for log in missing {
                    if requeue.is_due(&log, previous, as_of) {
                        let log = log.log;
                        tracing::info!(%product, log_id = %log, "queued again");
                        queue_log(
                            requeue.queue,
                            product.clone(),
                            log.clone(),
                            requeue.now,
                            None,
                        )
                        .await?;
                        swept.queued.push(log);
                    }
                }
            }
            match (page.more, page.objects.last()) {
                (true, Some(last)) => after = Some(last.key.clone()),
                _ => break,
            }
        }
        count_edge(archive, database, product, as_of).await?;
        // Last: what could not be queued is due again at the next sweep.
        listing.finish(database).await?;
        Ok(swept)
    })
}

/// Counts the deliveries that the edge noted, by day.
async fn count_edge(
    archive: &ObjectStore,
    database: &Database,
    product: &ProductId,
    as_of: Timestamp,
) -> Result<()> {
    let prefix = edge_prefix(product, None);
    let mut days = std::collections::BTreeMap::<Day, u64>::new();
    let mut after: Option<String> = None;
    loop {
        let page = archive.list(&prefix, after.as_deref(), PAGE).await?;
        for object in &page.objects {
            if object.created_at < as_of {
                *days.entry(object.created_at.day()).or_insert(0) += 1;
            }
        }
        match (page.more, page.objects.last()) {
            (true, Some(last)) => after = Some(last.key.clone()),
            _ => break,
        }
    }
    for (day, duplicates) in days {
        set_edge_duplicates(database, product, day, duplicates).await?;
    }
    Ok(())
}

/// The products of which the archive holds logs, registered or not.
pub async fn archived_products(archive: &ObjectStore) -> Result<BTreeSet<ProductId>> {
    let mut products = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = archive.list(ARCHIVE_PREFIX, after.as_deref(), 1).await?;
        let Some(object) = page.objects.first() else {
            return Ok(products);
        };
        after = Some(match log_of_archive_key(&object.key) {
            // `0` follows `/`: past all logs of the product.
            Some((product, _)) => {
                let past = format!("{ARCHIVE_PREFIX}{product}0");
                products.insert(product);
                past
            }
            None => object.key.clone(),
        });
    }
}

/// Keys of inbox objects made before `before`: intake did not see them, or died over them.
pub async fn sweep_inbox(inbox: &ObjectStore, before: Timestamp) -> Result<Vec<String>> {
    let all = list_inbox(inbox, usize::MAX).await?;
    let old = all.into_iter().filter(|object| object.created_at < before);
    Ok(old.map(|object| object.key).collect())
}

/// The objects of the inbox, about `max` at most; folders are none.
pub async fn list_inbox(inbox: &ObjectStore, max: usize) -> Result<Vec<Listed>> {
    let mut objects: Vec<Listed> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = inbox.list(INBOX_PREFIX, after.as_deref(), PAGE).await?;
        after = page.objects.last().map(|last| last.key.clone());
        let found = page.objects.into_iter();
        objects.extend(found.filter(|object| !is_folder(&object.key, object.size)));
        if !page.more || after.is_none() || objects.len() >= max {
            return Ok(objects);
        }
    }
}
