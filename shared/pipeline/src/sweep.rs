//! What fell through is found again: a put event that never came, an intake that died.

use std::collections::BTreeSet;

use logbook_backends::sql::{ListedLog, Listing, set_edge_duplicates};
use logbook_backends::{Database, ObjectStore};
use logbook_model::{Day, LogId, ProductId, Timestamp};

use crate::{ARCHIVE_PREFIX, INBOX_PREFIX, Result, Vault, edge_prefix, log_of_archive_key};

/// Objects asked for at once.
const PAGE: usize = 1000;

/// What a sweep over one product's archive found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Objects in the archive.
    pub archived: u64,
    /// Logs without a row that were archived before the bound: to be queued again.
    pub without_row: Vec<LogId>,
}

/// Lists a product's archive into the ledger, and names the logs without a row that were
/// archived before `requeue_before`.
///
/// `as_of` is the instant of the listing: the ledger speaks of what was received before it.
pub async fn sweep_archive(
    vault: &Vault,
    database: &Database,
    product: &ProductId,
    as_of: Timestamp,
    requeue_before: Timestamp,
) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut listing = Listing::begin(database, product, as_of).await?;
    let prefix = format!("{ARCHIVE_PREFIX}{product}/");
    let mut after: Option<String> = None;
    loop {
        let page = vault.archive.list(&prefix, after.as_deref(), PAGE).await?;
        let mut old = Vec::new();
        let listed: Vec<ListedLog> = page
            .objects
            .iter()
            .filter(|object| object.created_at < as_of)
            .filter_map(|object| {
                let (_, log) = log_of_archive_key(&object.key)?;
                if object.created_at < requeue_before {
                    old.push(log.clone());
                }
                Some(ListedLog {
                    log,
                    archived_at: object.created_at,
                })
            })
            .collect();
        swept.archived += listed.len() as u64;
        let missing = listing.add(database, &listed).await?;
        swept
            .without_row
            .extend(missing.into_iter().filter(|log| old.contains(log)));
        match (page.more, page.objects.last()) {
            (true, Some(last)) => after = Some(last.key.clone()),
            _ => break,
        }
    }
    count_edge(vault, database, product, as_of).await?;
    listing.finish(database).await?;
    Ok(swept)
}

/// Counts the deliveries that the edge noted, by day.
async fn count_edge(
    vault: &Vault,
    database: &Database,
    product: &ProductId,
    as_of: Timestamp,
) -> Result<()> {
    let prefix = edge_prefix(product, None);
    let mut days = std::collections::BTreeMap::<Day, u64>::new();
    let mut after: Option<String> = None;
    loop {
        let page = vault.archive.list(&prefix, after.as_deref(), PAGE).await?;
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
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = inbox.list(INBOX_PREFIX, after.as_deref(), PAGE).await?;
        let old = page
            .objects
            .iter()
            .filter(|object| object.created_at < before);
        keys.extend(old.map(|object| object.key.clone()));
        match (page.more, page.objects.last()) {
            (true, Some(last)) => after = Some(last.key.clone()),
            _ => return Ok(keys),
        }
    }
}
