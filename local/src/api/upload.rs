//! The upload API's client: what an application would do.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use ureq::{Body, RequestBuilder, http::Response, typestate::WithBody};

use super::{Connection, ProblemDocument, ReceiptState, TIMEOUT, text};

/// Bodies above this size go by ticket.
const MAX_BODY_BYTES: usize = 4 << 20;
/// The slowest line that an upload is waited for on.
const SLOWEST_BYTES_PER_SEC: u64 = 50_000;

/// A client of one product.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    key: String,
    /// What a gateway before the API asks for.
    api_key: Option<String>,
}

/// A log to be sent.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) log_id: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) consent: Option<&'a str>,
    /// What else is said of it, as in `file_name`.
    pub(crate) given: &'a BTreeMap<String, String>,
}

/// What became of a log that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was taken.
    Taken,
    /// It was there already.
    Duplicate,
    /// Refused for good.
    Refused {
        status: u16,
        kind: String,
        detail: String,
    },
}

#[derive(Debug, Deserialize)]
struct Ticket {
    url: String,
    headers: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn new(base: &str, key: String, api_key: Option<String>) -> anyhow::Result<Self> {
        let connection = Connection::new(base)?;
        Ok(Self {
            connection,
            key,
            api_key,
        })
    }

    fn post(&self, path: &str) -> RequestBuilder<WithBody> {
        let Connection { agent, base, .. } = &self.connection;
        let request = agent
            .post(format!("{base}{path}"))
            .header("authorization", format!("Bearer {}", self.key));
        match &self.api_key {
            Some(api_key) => request.header("x-api-key", api_key),
            None => request,
        }
    }

    /// Sends a log, by ticket where it is large. The log's id makes sending it again harmless.
    pub(crate) fn send(&self, sending: &Sending<'_>) -> anyhow::Result<Sent> {
        if sending.body.len() > MAX_BODY_BYTES {
            return self.send_by_ticket(sending);
        }
        let response = self.connection.retried(|| {
            let request = self.post("/v1/logs");
            let mut request = request.header("x-logbook-log-id", sending.log_id);
            if let Some(consent) = sending.consent {
                request = request.header("x-logbook-consent", consent);
            }
            for (name, value) in sending.given {
                request = request.header(format!("x-logbook-{}", name.replace('_', "-")), value);
            }
            request.send(sending.body)
        })?;
        sent(response)
    }

    /// Asks for a ticket, and puts the log under it.
    pub(crate) fn send_by_ticket(&self, sending: &Sending<'_>) -> anyhow::Result<Sent> {
        let mut asked =
            serde_json::json!({ "bytes": sending.body.len(), "log_id": sending.log_id });
        if let Some(members) = asked.as_object_mut() {
            let consent = sending.consent.map(|consent| ("consent", consent));
            let given = sending
                .given
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            for (name, value) in given.chain(consent) {
                members.insert(name.to_owned(), value.into());
            }
        }
        let asked = asked.to_string();
        let response = self.connection.retried(|| {
            self.post("/v1/uploads")
                .header("content-type", "application/json")
                .send(asked.as_bytes())
        })?;
        if response.status() != 201 {
            return sent(response);
        }
        let ticket: Ticket =
            serde_json::from_str(&text(response)?).context("the ticket is no JSON")?;
        let bytes = sending.body.len() as u64;
        let patience = TIMEOUT + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SEC);
        let response = self.connection.retried(|| {
            let mut request = self.connection.agent.put(&ticket.url);
            for (name, value) in ticket
                .headers
                .iter()
                .filter(|(name, _)| *name != "content-length")
            {
                request = request.header(name, value);
            }
            let request = request.config().timeout_global(Some(patience)).build();
            request.send(sending.body)
        })?;
        match response.status().as_u16() {
            412 => Ok(Sent::Duplicate),
            // The bucket's own words are no problem document.
            403 => Ok(Sent::Refused {
                status: 403,
                kind: "ticket-invalid".to_owned(),
                detail: "its ticket does not hold any more; run the same command again".to_owned(),
            }),
            _ => sent(response),
        }
    }

    /// How far a log has come; `None` where it is not known.
    pub(crate) fn receipt(&self, log_id: &str) -> anyhow::Result<Option<ReceiptState>> {
        let Connection { agent, base, .. } = &self.connection;
        let response = self.connection.retried(|| {
            agent
                .get(format!("{base}/v1/logs/{log_id}/receipt"))
                .header("authorization", format!("Bearer {}", self.key))
                .call()
        })?;
        match response.status().as_u16() {
            200 => Ok(Some(
                serde_json::from_str(&text(response)?).context("the receipt is no JSON")?,
            )),
            404 => Ok(None),
            401 => bail!(WRONG_KEY),
            status => {
                let problem = ProblemDocument::of(response);
                bail!("the receipt cannot be had: {status}: {}", problem.detail)
            }
        }
    }
}

/// What to say where a key does not let in.
const WRONG_KEY: &str = "the receipt is refused with 401: is the product's key (--key, or the one in the \
    data folder) the right one?";

fn sent(response: Response<Body>) -> anyhow::Result<Sent> {
    let status = response.status().as_u16();
    if status == 201 {
        return Ok(Sent::Taken);
    }
    if status == 200 {
        let is_duplicate = text(response)?.contains("\"duplicate\":true");
        return Ok(if is_duplicate {
            Sent::Duplicate
        } else {
            Sent::Taken
        });
    }
    let problem = ProblemDocument::of(response);
    if status >= 500 || status == 429 {
        bail!("the server answers {status}: {}", problem.detail);
    }
    // No other log would fare better.
    if status == 401 || (status == 403 && problem.kind.is_empty()) {
        bail!(
            "the upload is refused with {status} ({}): are the product's key (--key) and, for a \
             stack, the API key (--api-key) the right ones?",
            problem.detail
        );
    }
    Ok(Sent::Refused {
        status,
        kind: problem.name().to_owned(),
        detail: problem.detail,
    })
}
