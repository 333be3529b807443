//! Logbook's own APIs, as an application or an analyst asks them: with retries.

mod query;
mod upload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;
use ureq::{Agent, Body, http::Response};

pub(crate) use query::QueryClient;
pub(crate) use upload::{Client, Sending, Sent};

use crate::output;

/// Tries before a transient failure is given up.
const TRIES: u32 = 6;
/// How long a server is waited for that says when to come again, as one does whose database
/// resumes from a pause.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_mins(2);

/// What the CLI needs of a receipt.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReceiptState {
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) sessions: Option<u64>,
    pub(crate) records: Option<u64>,
}

/// A problem document, or what a gateway says in its place.
#[derive(Debug, Default, Deserialize)]
struct ProblemDocument {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, alias = "message")]
    detail: String,
}

impl ProblemDocument {
    fn of(response: Response<Body>) -> Self {
        let document = text(response).ok();
        let document = document.and_then(|text| serde_json::from_str(&text).ok());
        let mut document: Self = document.unwrap_or_default();
        if document.detail.is_empty() {
            "the answer says no more".clone_into(&mut document.detail);
        }
        document
    }

    /// The last part of its type.
    fn name(&self) -> &str {
        self.kind.rsplit(':').next().unwrap_or_default()
    }
}

/// One of the APIs.
#[derive(Debug)]
struct Connection {
    agent: Agent,
    base: String,
    has_waited: AtomicBool,
}

/// Refuses an address that this build can send nothing to.
pub(crate) fn check_address(base: &str) -> anyhow::Result<()> {
    Connection::new(base).map(|_| ())
}

impl Connection {
    fn new(base: &str) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let is_secure = base.starts_with("https://");
        if is_secure && cfg!(not(feature = "aws")) {
            bail!(
                "{base}: this build speaks plain http:// to an embedded Logbook only; for https:// \
                 build it with `cargo build --release -p logbook --features aws`"
            );
        }
        if !is_secure && !base.starts_with("http://") {
            bail!("{base}: the address must begin with http:// or https://");
        }
        Ok(Self {
            agent: agent(),
            base,
            has_waited: AtomicBool::new(false),
        })
    }

    /// Tries again what may pass: no connection, 429, 5xx.
    fn retried(
        &self,
        call: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> anyhow::Result<Response<Body>> {
        let started = Instant::now();
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            let retry_after = match call() {
                Ok(response) if response.status() == 429 || response.status().is_server_error() => {
                    let after = retry_after(&response);
                    let is_awaited = after.is_some() && started.elapsed() < PATIENCE;
                    if attempt >= TRIES && !is_awaited {
                        return Ok(response);
                    }
                    if response.status() == 503 && after.is_some() {
                        self.say_that_it_waits();
                    }
                    after
                }
                Ok(response) => return Ok(response),
                Err(error) if attempt >= TRIES => {
                    return Err(error).with_context(|| {
                        format!("{} does not answer{}", self.base, self.advice())
                    });
                }
                Err(_) => None,
            };
            sleep(retry_after.unwrap_or(wait).min(MAX_PAUSE));
            wait = (wait * 2).min(MAX_PAUSE);
        }
        bail!("{} does not answer{}", self.base, self.advice())
    }

    /// What to do where nobody answers on this machine.
    fn advice(&self) -> &'static str {
        let is_here = self.base.contains("//127.0.0.1") || self.base.contains("//localhost");
        if is_here {
            ": is `logbook run` under way, and on this address (--url)?"
        } else {
            ""
        }
    }

    fn say_that_it_waits(&self) {
        if !self.has_waited.swap(true, Ordering::Relaxed) {
            output::note(&format!(
                "{} is not ready yet, perhaps because its database resumes; waiting",
                self.base
            ));
        }
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT));
    #[cfg(feature = "aws")]
    let config = config.tls_config(logbook_backends::tls_config());
    config.build().new_agent()
}

/// The status that an address answers with.
#[cfg(feature = "aws")]
pub(crate) fn answers(url: &str) -> anyhow::Result<u16> {
    let connection = Connection::new(url)?;
    let response = connection.agent.get(url).call();
    let response = response.with_context(|| format!("{url} does not answer"))?;
    Ok(response.status().as_u16())
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let header = response.headers().get("retry-after")?;
    header.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

fn text(mut response: Response<Body>) -> anyhow::Result<String> {
    response
        .body_mut()
        .read_to_string()
        .context("the answer ended too early")
}
