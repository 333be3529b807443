//! The HTTP doors of a running Logbook, as an application and an analyst use them.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::{Agent, Body, http::Response};

use super::logs::usage;
use super::{PATIENCE, eventually};

/// What a door answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The short name of the problem that it states.
    pub(crate) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        match self.body["message"].as_str() {
            // OTLP is refused by a google.rpc.Status.
            Some(message) => message.split(':').next().unwrap_or_default(),
            None => kind.strip_prefix("urn:logbook:problem:").unwrap_or(kind),
        }
    }
}

/// The doors, for one product.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    agent: Agent,
    base: String,
    product: String,
    key: String,
    token: String,
}

type Headers<'a> = &'a [(&'a str, &'a str)];

impl Door {
    pub(crate) fn new(port: u16, product: &str, key: &str, token: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .max_idle_connections(0)
            .build()
            .new_agent();
        Self {
            agent,
            base: format!("http://127.0.0.1:{port}"),
            product: product.to_owned(),
            key: key.to_owned(),
            token: token.to_owned(),
        }
    }

    /// The same doors, with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn alive(&self) -> bool {
        matches!(self.read("/v1/products"), Ok(answer) if answer.status == 200)
    }

    fn read(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let bearer = format!("Bearer {}", self.token);
        answer(request.header("authorization", bearer).call()?)
    }

    /// Asks the query API about the product.
    pub(crate) fn ask(&self, path: &str) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{joint}product={}", self.product);
        self.patiently(|| self.read(&path))
    }

    /// Sends a body to a path of the upload API, once.
    pub(crate) fn send(
        &self,
        path: &str,
        body: &[u8],
        headers: Headers<'_>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body)?)
    }

    /// Uploads a log by the API, again and again until there is an answer.
    pub(crate) fn upload(&self, id: &str, body: &[u8]) -> Answer {
        self.patiently(|| self.send("/v1/logs", body, &[("x-logbook-log-id", id)]))
    }

    /// Uploads OTLP/JSON, as an exporter would.
    pub(crate) fn export(&self, id: &str, body: &[u8]) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("x-logbook-log-id", id),
        ];
        self.patiently(|| self.send("/v1/otlp/v1/logs", body, &headers))
    }

    /// Uploads a log by a ticket.
    pub(crate) fn upload_by_ticket(&self, id: &str, body: &[u8]) -> Answer {
        let asked = json!({ "bytes": body.len(), "log_id": id }).to_string();
        let ticket = self.patiently(|| self.send("/v1/uploads", asked.as_bytes(), &[]));
        let Some(url) = ticket.body["url"].as_str() else {
            return ticket;
        };
        self.patiently(|| {
            let request = self.agent.put(url).header("if-none-match", "*");
            answer(request.send(body)?)
        })
    }

    /// A log's receipt; an answer of 404 is one, too.
    pub(crate) fn receipt(&self, id: &str) -> Answer {
        self.ask(&format!("/v1/logs/{id}/receipt"))
    }

    /// The receipt of a log once it is settled.
    pub(crate) fn settled(&self, id: &str) -> Value {
        let mut receipt = Value::Null;
        eventually(&format!("{id} is settled"), || {
            let answer = self.receipt(id);
            let state = answer.body["state"].as_str().unwrap_or("pending");
            let settled = answer.status == 200 && state != "pending";
            receipt = answer.body.clone();
            settled
        });
        receipt
    }

    /// A good log passes.
    pub(crate) fn passes(&self, id: &str) {
        assert_eq!(self.upload(id, &usage(id)).status, 201);
        assert_eq!(self.settled(id)["state"], "parsed");
    }

    /// The ledger, summed over its days; what a day shows as not balanced is `false` here.
    pub(crate) fn ledger(&self) -> Ledger {
        let answer = self.ask("/v1/ledger");
        assert_eq!(answer.status, 200, "{answer:?}");
        let days = answer.body["days"].as_array().unwrap();
        let sum = |name: &str| days.iter().map(|day| day[name].as_u64().unwrap()).sum();
        Ledger {
            balanced: answer.body["balanced"].as_bool(),
            received: sum("received"),
            parsed: sum("parsed"),
            duplicate: sum("duplicate"),
            rejected: sum("rejected"),
            pending: sum("pending"),
            lost: sum("lost"),
        }
    }

    /// How many logs of the product were rejected, by reason, by its ledger.
    pub(crate) fn rejected(&self) -> BTreeMap<String, u64> {
        let answer = self.ask("/v1/ledger");
        let mut rejected = BTreeMap::new();
        for day in answer.body["days"].as_array().into_iter().flatten() {
            for (reason, n) in day["rejected_by_reason"].as_object().unwrap() {
                *rejected.entry(reason.clone()).or_default() += n.as_u64().unwrap();
            }
        }
        rejected
    }

    /// All sessions, in order of their ids.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        let mut sessions = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/v1/sessions?from=0001-01-01&to=9999-12-31&limit=500{after}");
            let answer = self.ask(&path);
            assert_eq!(answer.status, 200, "{answer:?}");
            sessions.extend(answer.body["sessions"].as_array().unwrap().iter().cloned());
            match answer.body["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        sessions.sort_by_key(|session| session["session_id"].to_string());
        sessions
    }

    /// Goes on asking while nobody answers, or not for now.
    pub(crate) fn patiently(&self, call: impl Fn() -> Result<Answer, ureq::Error>) -> Answer {
        let began = Instant::now();
        loop {
            let answer = call();
            match &answer {
                Ok(answer) if answer.status < 500 => return answer.clone(),
                _ => assert!(began.elapsed() < PATIENCE, "{}: {answer:?}", self.base),
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A product's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) balanced: Option<bool>,
    pub(crate) received: u64,
    pub(crate) parsed: u64,
    pub(crate) duplicate: u64,
    pub(crate) rejected: u64,
    pub(crate) pending: u64,
    pub(crate) lost: u64,
}

fn answer(mut response: Response<Body>) -> Result<Answer, ureq::Error> {
    let text = response.body_mut().read_to_string()?;
    Ok(Answer {
        status: response.status().as_u16(),
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}
