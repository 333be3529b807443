//! `POST /v1/uploads`: a ticket for an upload that goes past this function into the inbox.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use logbook_backends::ObjectStore;
use logbook_bootstrap::http::{parameters, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{LogId, ProductId, Timestamp};
use logbook_pipeline::{pseudonym, ticket_key};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::logs::{consent, minted};
use crate::{Context, caller, given};

/// How long a ticket holds at most.
const VALID: Duration = Duration::from_mins(15);
/// Largest upload under a ticket: what intake can seal.
const MAX_TICKET_BYTES: u64 = 256 << 20;
const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// Who writes tickets and honours them.
#[derive(Debug)]
pub struct Tickets {
    backend: Backend,
    valid: Duration,
}

#[derive(Debug)]
enum Backend {
    Local { base_url: String, key: [u8; 32] },
    Presigned(ObjectStore),
}

/// An upload that a ticket allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUpload {
    /// The inbox key to put it under.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// The metadata to put with it.
    pub metadata: BTreeMap<String, String>,
}

/// Why an upload is not what its ticket allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The signature does not fit.
    #[error("the ticket is not one of ours, or was altered")]
    Signature,
    /// It has expired.
    #[error("the ticket has expired; ask for a new one")]
    Expired,
}

impl Tickets {
    /// Tickets that the embedded runner honours under `base_url`, signed with `key`.
    pub const fn local(base_url: String, key: [u8; 32]) -> Self {
        Self {
            backend: Backend::Local { base_url, key },
            valid: VALID,
        }
    }

    /// Tickets that the inbox itself honours: signed requests of S3.
    pub const fn presigned(inbox: ObjectStore) -> Self {
        Self {
            backend: Backend::Presigned(inbox),
            valid: VALID,
        }
    }

    /// The same, holding for less than a quarter of an hour.
    #[must_use]
    pub fn holding(mut self, valid: Duration) -> Self {
        self.valid = valid.min(VALID);
        self
    }

    /// When a ticket expires that holds from `now` on.
    const fn expiry(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + self.valid.as_micros() as i64)
    }

    /// A ticket from an instant on: where to send the upload, and the headers to send with it.
    async fn issue(
        &self,
        upload: &TicketUpload,
        now: Timestamp,
    ) -> Result<(String, BTreeMap<String, String>), Problem> {
        let (base_url, key) = match &self.backend {
            Backend::Local { base_url, key } => (base_url, key),
            Backend::Presigned(inbox) => {
                return presign(inbox, upload, now, self.valid).await;
            }
        };
        let packed = pack(upload, self.expiry(now));
        let signature = URL_SAFE_NO_PAD.encode(sign(key, packed.as_bytes()));
        let ticket = URL_SAFE_NO_PAD.encode(&packed);
        let url = format!("{base_url}/local/inbox/{ticket}.{signature}");
        let headers = BTreeMap::from([
            ("content-length".to_owned(), upload.bytes.to_string()),
            ("if-none-match".to_owned(), "*".to_owned()),
        ]);
        Ok((url, headers))
    }

    /// What a ticket out of a local URL allows at an instant. Of tickets that S3 honours none is
    /// ours to redeem.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Result<TicketUpload, TicketError> {
        let Backend::Local { key, .. } = &self.backend else {
            return Err(TicketError::Signature);
        };
        let (packed, signature) = ticket.split_once('.').ok_or(TicketError::Signature)?;
        let packed = URL_SAFE_NO_PAD
            .decode(packed)
            .map_err(|_| TicketError::Signature)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TicketError::Signature)?;
        if !bool::from(sign(key, &packed)[..].ct_eq(&signature[..])) {
            return Err(TicketError::Signature);
        }
        let (upload, expires_at) = unpack(&packed).ok_or(TicketError::Signature)?;
        if now >= expires_at {
            return Err(TicketError::Expired);
        }
        Ok(upload)
    }
}

async fn presign(
    inbox: &ObjectStore,
    upload: &TicketUpload,
    now: Timestamp,
    valid: Duration,
) -> Result<(String, BTreeMap<String, String>), Problem> {
    let put = inbox
        .presign_put(&upload.key, upload.bytes, &upload.metadata, now, valid)
        .await?;
    let put = put.ok_or_else(|| {
        Problem::internal(&"the inbox can sign no requests: it is a directory", false)
    })?;
    Ok((put.url, put.headers))
}

fn sign(key: &[u8; 32], packed: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(b"logbook ticket 1\0");
    mac.update(packed);
    mac.finalize().into_bytes().into()
}

fn pack(upload: &TicketUpload, expires_at: Timestamp) -> String {
    json!([upload.key, upload.bytes, upload.metadata, expires_at.0]).to_string()
}

fn unpack(packed: &[u8]) -> Option<(TicketUpload, Timestamp)> {
    let (key, bytes, metadata, expires_at) = serde_json::from_slice(packed).ok()?;
    let upload = TicketUpload {
        key,
        bytes,
        metadata,
    };
    Some((upload, Timestamp(expires_at)))
}

pub(crate) async fn create(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let product = caller::product(&context, &headers).await?;
    parameters(query.as_deref(), &[])?;
    let body = read_body(body, MAX_REQUEST_BYTES).await?;
    let (mut given, bytes) = request(&body, given::from_headers(&headers)?)?;
    given::check(&given)?;
    let consent = consent(&given, &product)?;
    let log = given.log.clone().unwrap_or_else(minted);
    // A ticket goes into a URL, and URLs are logged on their way.
    let key = context.vault.keys().pseudonym_key(&product.id).await?;
    for (name, value) in &mut given.metadata {
        let account = name == "account" && !product.accounts_readable;
        if account || matches!(name.as_str(), "user" | "installation") {
            *value = pseudonym(&key, name, value);
        }
    }
    let mut metadata: BTreeMap<String, String> = given
        .metadata
        .into_iter()
        .map(|(name, value)| (object_name(&name), value))
        .collect();
    metadata.insert(object_name("consent"), consent.name().to_owned());
    let upload = TicketUpload {
        key: ticket_key(&product.id, &log),
        bytes,
        metadata,
    };
    let now = (context.now)();
    let (url, headers) = context.tickets.issue(&upload, now).await?;
    let expires_at = context.tickets.expiry(now);
    Ok(answer(&product.id, &log, &url, &headers, expires_at))
}

/// The name under which an object bears what was given.
fn object_name(name: &str) -> String {
    format!("logbook-{}", name.replace('_', "-"))
}

fn answer(
    product: &ProductId,
    log: &LogId,
    url: &str,
    headers: &BTreeMap<String, String>,
    expires_at: Timestamp,
) -> Response {
    let body = json!({
        "product": product,
        "log_id": log,
        "method": "PUT",
        "url": url,
        "headers": headers,
        "expires_at": expires_at,
        "receipt": format!("/v1/logs/{log}/receipt"),
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

/// What a ticket is asked for, over what the headers say.
fn request(body: &[u8], mut given: given::Given) -> Result<(given::Given, u64), Problem> {
    let bad = |detail: &str| Problem::new(ProblemKind::BadRequest, detail.to_owned());
    let document: Value = serde_json::from_slice(body)
        .map_err(|error| bad(&format!("the body is no JSON: {error}")))?;
    let members = document
        .as_object()
        .ok_or_else(|| bad("the body must be a JSON object"))?;
    let mut bytes = None;
    for (name, value) in members {
        if name == "bytes" {
            bytes = value.as_u64();
            continue;
        }
        let text = value.as_str();
        if text.is_none() && given::is_known(name) {
            return Err(bad(&format!("{name} must be a text")));
        }
        // What is not known is said to be so, whatever its value.
        let text = text.unwrap_or_default();
        given::set(&mut given, name, text)?;
    }
    let bytes = bytes.ok_or_else(|| {
        bad("bytes, the exact size of the upload, must be given as a whole number")
    })?;
    if bytes > MAX_TICKET_BYTES {
        let detail = format!("at most {MAX_TICKET_BYTES} bytes are taken; split the log");
        return Err(Problem::new(ProblemKind::TooLarge, detail).with("max_bytes", MAX_TICKET_BYTES));
    }
    Ok((given, bytes))
}
