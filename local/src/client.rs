//! The upload API's client: what an application would do, with retries.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use ureq::{Agent, Body, http::Response};

/// Tries before a transient failure is given up.
const TRIES: u32 = 6;
/// Bodies above this size go by ticket.
const MAX_BODY_BYTES: usize = 4 << 20;

/// A client of one product.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    key: String,
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

/// What the CLI needs of a receipt.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReceiptState {
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) sessions: Option<u64>,
    pub(crate) records: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct ProblemDocument {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    detail: String,
}

#[derive(Debug, Deserialize)]
struct Ticket {
    url: String,
    headers: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn new(base: &str, key: String) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") {
            bail!("{base}: this build speaks plain http:// to an embedded Logbook only");
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .new_agent();
        Ok(Self { agent, base, key })
    }

    /// Sends a log, by ticket where it is large. The log's id makes sending it again harmless.
    pub(crate) fn send(&self, sending: &Sending<'_>) -> anyhow::Result<Sent> {
        if sending.body.len() > MAX_BODY_BYTES {
            return self.send_by_ticket(sending);
        }
        let response = self.retried(|| {
            let mut request = self
                .agent
                .post(format!("{}/v1/logs", self.base))
                .header("authorization", format!("Bearer {}", self.key))
                .header("x-logbook-log-id", sending.log_id);
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
        let response = self.retried(|| {
            self.agent
                .post(format!("{}/v1/uploads", self.base))
                .header("authorization", format!("Bearer {}", self.key))
                .header("content-type", "application/json")
                .send(asked.as_bytes())
        })?;
        if response.status() != 201 {
            return sent(response);
        }
        let ticket: Ticket =
            serde_json::from_str(&text(response)?).context("the ticket is no JSON")?;
        let response = self.retried(|| {
            let mut request = self.agent.put(&ticket.url);
            for (name, value) in ticket
                .headers
                .iter()
                .filter(|(name, _)| *name != "content-length")
            {
                request = request.header(name, value);
            }
            request.send(sending.body)
        })?;
        match response.status().as_u16() {
            412 => Ok(Sent::Duplicate),
            _ => sent(response),
        }
    }

    /// How far a log has come; `None` where it is not known.
    pub(crate) fn receipt(&self, log_id: &str) -> anyhow::Result<Option<ReceiptState>> {
        let response = self.retried(|| {
            self.agent
                .get(format!("{}/v1/logs/{log_id}/receipt", self.base))
                .header("authorization", format!("Bearer {}", self.key))
                .call()
        })?;
        match response.status().as_u16() {
            200 => Ok(Some(
                serde_json::from_str(&text(response)?).context("the receipt is no JSON")?,
            )),
            404 => Ok(None),
            status => {
                let problem = problem(response);
                bail!("the receipt cannot be had: {status}: {}", problem.detail)
            }
        }
    }

    /// Tries again what may pass: no connection, 429, 5xx.
    fn retried(
        &self,
        call: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> anyhow::Result<Response<Body>> {
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            let retry_after = match call() {
                Ok(response) if attempt == TRIES => return Ok(response),
                Ok(response) if response.status() == 429 || response.status().is_server_error() => {
                    let header = response.headers().get("retry-after");
                    header
                        .and_then(|value| value.to_str().ok()?.parse().ok())
                        .map(Duration::from_secs)
                }
                Ok(response) => return Ok(response),
                Err(error) if attempt == TRIES => {
                    return Err(error).with_context(|| format!("{} does not answer", self.base));
                }
                Err(_) => None,
            };
            sleep(retry_after.unwrap_or(wait).min(Duration::from_secs(30)));
            wait *= 2;
        }
        bail!("{} does not answer", self.base)
    }
}

fn text(mut response: Response<Body>) -> anyhow::Result<String> {
    response
        .body_mut()
        .read_to_string()
        .context("the answer ended too early")
}

fn problem(response: Response<Body>) -> ProblemDocument {
    let document = text(response)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    document.unwrap_or(ProblemDocument {
        kind: String::new(),
        detail: "the answer says no more".to_owned(),
    })
}

fn sent(response: Response<Body>) -> anyhow::Result<Sent> {
    let status = response.status().as_u16();
    if status >= 500 || status == 429 {
        let problem = problem(response);
        bail!("the server answers {status}: {}", problem.detail);
    }
    Ok(match status {
        201 => Sent::Taken,
        200 => {
            let duplicate = text(response)?.contains("\"duplicate\":true");
            if duplicate {
                Sent::Duplicate
            } else {
                Sent::Taken
            }
        }
        _ => {
            let problem = problem(response);
            Sent::Refused {
                status,
                kind: problem
                    .kind
                    .rsplit(':')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                detail: problem.detail,
            }
        }
    })
}
