//! From the inbox to the archive.

use std::collections::BTreeMap;

use logbook_backends::Head;
use logbook_backends::sql::Via;
use logbook_model::{Consent, LogId, ProductId};
use logbook_pipeline::{
    Archived, Attempt, BULK, Error, InboxKey, MAX_INFLATED_BYTES, NewLog, Product, Refusal, Result,
    SAID, StatedError, archive_log, stated_consent, steps,
};

use crate::Context;

/// Largest object taken in, in bytes: it is sealed in memory.
pub const MAX_OBJECT_BYTES: u64 = 256 << 20;
/// The product under which objects lie whose key names none.
const NO_PRODUCT: &str = "unknown";
/// What became of an inbox object. In each case it is gone from the inbox, unless another has
/// replaced it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// It was gone before: another event of the same object came first.
    Gone,
    /// Its consent is `off`: nothing of it was kept.
    ConsentOff,
    /// It is in the archive, or was settled there.
    Archived(ProductId, LogId, Archived),
}

/// An inbox object; without its body where that is larger than is taken in.
struct Found {
    head: Head,
    body: Option<Vec<u8>>,
}

/// Moves an inbox object into the archive. One that is too large leaves a note there, which parsing
/// rejects: it ends like all others, for all to see.
pub async fn take_in(context: &Context, key: &str) -> Result<TakenIn> {
    let Some(found) = find(context, key).await? else {
        return Ok(TakenIn::Gone);
    };
    let etag = found.head.etag.clone();
    let taken = archive(context, key, found).await?;
    steps::reach("intake.before_delete");
    // What has replaced it meanwhile is another delivery, of which another event tells.
    context.inbox.delete_if(key, &etag).await?;
    Ok(taken)
}

/// Archives the note on an object that is larger than is taken in, without reading or removing it.
pub async fn refuse_too_large(context: &Context, key: &str, head: Head) -> Result<TakenIn> {
    archive(context, key, Found { head, body: None }).await
}

async fn find(context: &Context, key: &str) -> Result<Option<Found>> {
    match context.inbox.get(key, MAX_OBJECT_BYTES).await {
        Ok(object) => Ok(object.map(|object| Found {
            head: Head {
                metadata: object.metadata,
                etag: object.etag,
                created_at: object.created_at,
                size: object.size,
            },
            body: Some(object.body),
        })),
        Err(logbook_backends::Error::TooLarge { .. }) => {
            let head = context.inbox.head(key).await?;
            Ok(head.map(|head| Found { head, body: None }))
        }
        Err(error) => Err(error.into()),
    }
}

async fn archive(context: &Context, key: &str, found: Found) -> Result<TakenIn> {
    let (head, is_whole) = (found.head.clone(), found.body.is_some());
    let Some(new) = new_log(context, key, found).await? else {
        tracing::info!(metric = "consent_off", "inbox object dropped");
        return Ok(TakenIn::ConsentOff);
    };
    let (product, mut log) = (new.product.clone(), new.log.clone());
    steps::reach("intake.before_archive");
    let mut archived = match archive_log(&context.vault, new).await {
        // It inflates to more than can be sealed.
        Err(Error::Rejected { .. }) if is_whole => {
            let note = Found { head, body: None };
            return Box::pin(archive(context, key, note)).await;
        }
        archived => archived?,
    };
    if archived == Archived::Conflict {
        tracing::warn!(metric = "id_conflict", product = %product, "inbox object rejected");
        (log, archived) = keep_apart(context, key, &log).await?;
    }
    Ok(TakenIn::Archived(product, log, archived))
}

/// Nobody waits for an answer to an inbox object: one whose id is taken by other content is
/// archived under an id of its own, and rejected there for all to see.
async fn keep_apart(context: &Context, key: &str, taken: &LogId) -> Result<(LogId, Archived)> {
    let new = match find(context, key).await? {
        Some(found) => new_log(context, key, found).await?,
        None => None,
    };
    let Some(mut new) = new else {
        return Ok((taken.clone(), Archived::Conflict));
    };
    let log =
        LogId::new(new.attempt.0.clone()).map_err(|error| Error::Attributes(error.to_string()))?;
    new.log.clone_from(&log);
    new.refused = Some(Refusal::IdTaken(taken.clone()));
    Ok((log, archive_log(&context.vault, new).await?))
}

/// What is to be archived; `None` where its user did not agree.
async fn new_log(context: &Context, key: &str, found: Found) -> Result<Option<NewLog>> {
    let Found { head, body } = found;
    let named = InboxKey::parse(key);
    let product = named.as_ref().and_then(|named| named.product.clone());
    let product = match product {
        Some(product) => product,
        None => ProductId::new(NO_PRODUCT).map_err(|error| Error::Attributes(error.to_string()))?,
    };
    let snapshot = context.registry.covering(&[&product]).await?;
    let registered = snapshot.product(&product)?;
    let consent = consent(registered, &head, body.as_deref());
    if consent == Consent::Off {
        return Ok(None);
    }
    let of_object = LogId::of_object(&product, key, &head.etag);
    let ticket = named.as_ref().and_then(|named| named.ticket.clone());
    let via = if ticket.is_some() {
        Via::Ticket
    } else {
        Via::Inbox
    };
    let mut metadata = given(&head.metadata);
    if ticket.is_none()
        && let Some(named) = named
    {
        metadata.entry("file_name".to_owned()).or_insert(named.name);
    }
    let too_large = body.is_none();
    Ok(Some(NewLog {
        via,
        attempt: Attempt(of_object.to_string()),
        log: ticket.unwrap_or(of_object),
        readable_accounts: registered.is_some_and(|product| product.accounts_readable),
        product,
        received_at: head.created_at,
        consent,
        profile: None,
        bulk: head.metadata.contains_key(BULK),
        refused: too_large.then_some(Refusal::TooLarge { bytes: head.size }),
        // Of a log that is not kept nothing is said.
        metadata: if too_large { BTreeMap::new() } else { metadata },
        body: body.unwrap_or_else(|| note(&head).into_bytes()),
    }))
}

/// The consent of an object: what its metadata and its body state, or else the product's default.
/// One that cannot be read is taken for none.
fn consent(product: Option<&Product>, head: &Head, body: Option<&[u8]>) -> Consent {
    // What nobody registered, nobody agreed to: no more than a crash is ever read of it.
    let default = product.map_or(Consent::Crash, |product| product.consent);
    let stated = head.metadata.get("logbook-consent");
    let consent = stated.map_or(default, |text| text.parse().unwrap_or(Consent::Off));
    let inside = body.map_or(Ok(None), |body| stated_consent(body, MAX_INFLATED_BYTES));
    match inside.unwrap_or_else(StatedError::strictest) {
        Some(inside) => consent.min(inside),
        None => consent,
    }
}

/// What is kept of an object that is too large: another for each object.
fn note(head: &Head) -> String {
    format!("too large: {} bytes, entity tag {}\n", head.size, head.etag)
}

fn given(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    SAID.iter()
        .filter_map(|name| {
            let value = metadata.get(&format!("logbook-{}", name.replace('_', "-")))?;
            Some(((*name).to_owned(), value.clone()))
        })
        .collect()
}
