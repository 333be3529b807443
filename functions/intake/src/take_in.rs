//! From the inbox to the archive.

use std::collections::BTreeMap;

use logbook_backends::Object;
use logbook_backends::sql::Via;
use logbook_model::{Consent, LogId, ProductId};
use logbook_pipeline::{
    Archived, Attempt, InboxKey, NewLog, Result, StatedError, archive_log, stated_consent, steps,
};

use crate::Context;

/// Largest object taken in.
const MAX_OBJECT_BYTES: u64 = 256 << 20;
/// The product under which objects lie whose key names none.
const NO_PRODUCT: &str = "unknown";
/// What an object's metadata may say of a log, with the prefix `logbook-`.
const NAMES: &[&str] = &[
    "session",
    "version",
    "os",
    "runtime",
    "user",
    "installation",
    "account",
    "environment",
    "file-name",
    "modified-at",
];

/// What became of an inbox object. In each case it is gone from the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// It was gone before: another event of the same object came first.
    Gone,
    /// Its consent is `off`: nothing of it was kept.
    ConsentOff,
    /// It is in the archive, or was settled there.
    Archived(ProductId, LogId, Archived),
}

/// Moves an inbox object into the archive.
pub async fn take_in(context: &Context, key: &str) -> Result<TakenIn> {
    let Some(object) = context.inbox.get(key, MAX_OBJECT_BYTES).await? else {
        return Ok(TakenIn::Gone);
    };
    let etag = object.etag.clone();
    let Some(new) = new_log(context, key, object).await? else {
        tracing::info!(metric = "consent_off", "inbox object dropped");
        context.inbox.delete_if(key, &etag).await?;
        return Ok(TakenIn::ConsentOff);
    };
    let (product, mut log) = (new.product.clone(), new.log.clone());
    steps::reach("intake.before_archive");
    let mut archived = archive_log(&context.vault, new).await?;
    if archived == Archived::Conflict {
        tracing::warn!(metric = "id_conflict", product = %product, "inbox object rejected");
        (log, archived) = keep_apart(context, key, &log).await?;
    }
    steps::reach("intake.before_delete");
    // What was put in its place meanwhile stays: it is told of by an event of its own.
    context.inbox.delete_if(key, &etag).await?;
    Ok(TakenIn::Archived(product, log, archived))
}

/// Nobody waits for an answer to an inbox object: one whose id is taken by other content is
/// archived under an id of its own, and rejected there for all to see.
async fn keep_apart(context: &Context, key: &str, taken: &LogId) -> Result<(LogId, Archived)> {
    let new = match context.inbox.get(key, MAX_OBJECT_BYTES).await? {
        Some(object) => new_log(context, key, object).await?,
        None => None,
    };
    let Some(mut new) = new else {
        return Ok((taken.clone(), Archived::Conflict));
    };
    let log = LogId::new(new.attempt.0.clone())
        .map_err(|error| logbook_pipeline::Error::Attributes(error.to_string()))?;
    new.log.clone_from(&log);
    new.conflict_with = Some(taken.clone());
    Ok((log, archive_log(&context.vault, new).await?))
}

/// What is to be archived; `None` where its user did not agree.
async fn new_log(context: &Context, key: &str, object: Object) -> Result<Option<NewLog>> {
    let named = InboxKey::parse(key);
    let product = named.as_ref().and_then(|named| named.product.clone());
    let product = match product {
        Some(product) => product,
        None => ProductId::new(NO_PRODUCT)
            .map_err(|error| logbook_pipeline::Error::Attributes(error.to_string()))?,
    };
    let snapshot = context.registry.snapshot().await?;
    let default = snapshot
        .product(&product)
        .map_or(Consent::Usage, |product| product.consent);
    let stated = object.metadata.get("logbook-consent");
    // A consent that cannot be read is taken for none.
    let mut consent = stated.map_or(default, |text| text.parse().unwrap_or(Consent::Off));
    if let Some(stated) = stated_consent(&object.body).unwrap_or_else(StatedError::read) {
        consent = consent.min(stated);
    }
    if consent == Consent::Off {
        return Ok(None);
    }
    let of_object = LogId::of_object(&product, key, &object.etag);
    let product_id = product.clone();
    let ticket = named.as_ref().and_then(|named| named.ticket.clone());
    let mut metadata = given(&object.metadata);
    if ticket.is_none()
        && let Some(named) = &named
    {
        metadata
            .entry("file_name".to_owned())
            .or_insert_with(|| named.name.clone());
    }
    Ok(Some(NewLog {
        via: if ticket.is_some() {
            Via::Ticket
        } else {
            Via::Inbox
        },
        attempt: Attempt(of_object.to_string()),
        log: ticket.unwrap_or(of_object),
        product,
        received_at: object.created_at,
        consent,
        profile: None,
        conflict_with: None,
        readable_accounts: snapshot
            .product(&product_id)
            .is_some_and(|product| product.accounts_readable),
        metadata,
        body: object.body,
    }))
}

fn given(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    NAMES
        .iter()
        .filter_map(|name| {
            let value = metadata.get(&format!("logbook-{name}"))?;
            Some((name.replace('-', "_"), value.clone()))
        })
        .collect()
}
