//! HTTP to hosts outside: Slack, and where CloudFormation awaits its answer.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::{Environment, StartError};

/// Most bytes of an answer that are read: it is only ever quoted in an error.
const MAX_ANSWER_BYTES: u64 = 4096;

/// A client. Addresses are secrets to it: no error of its own speaks one out.
#[derive(Debug, Clone)]
pub struct Web {
    agent: Agent,
    tries: u32,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The other side refused, for good.
    #[error("the other side answered {status}: {answer}")]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// It could not be reached, or was not able to answer, however often it was asked.
    #[error("no answer after {tries} tries; the last: {last}")]
    Unreachable {
        /// How often it was asked.
        tries: u32,
        /// What came of the last.
        last: String,
    },
}

impl Web {
    /// A client that takes at most `timeout` a try, and tries `tries` times, at least once. It
    /// trusts the authorities that browsers trust.
    pub fn new(timeout: Duration, tries: u32) -> Self {
        Self::trusting(RootCerts::WebPki, timeout, tries)
    }

    /// Like [`Web::new`], but trusts the certificates in the file that `SSL_CERT_FILE` names,
    /// where it names one: AWS's own clients do so as well.
    pub fn open(
        environment: Environment,
        timeout: Duration,
        tries: u32,
    ) -> Result<Self, StartError> {
        let roots = match environment.text_or_none("SSL_CERT_FILE") {
            Some(path) => {
                let read = std::fs::read(&path);
                let pem = read.map_err(|error| StartError::Authorities {
                    path: path.clone(),
                    fault: error.to_string(),
                })?;
                authorities(&pem).map_err(|fault| StartError::Authorities { path, fault })?
            }
            None => RootCerts::WebPki,
        };
        Ok(Self::trusting(roots, timeout, tries))
    }

    fn trusting(roots: RootCerts, timeout: Duration, tries: u32) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(roots)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Self {
            agent,
            tries: tries.max(1),
        }
    }

    /// Posts a JSON text. What may pass (no connection, 429, 5xx) is tried again, up to the tries
    /// of [`Web::new`].
    pub async fn post_json(&self, url: &str, body: String) -> Result<(), WebError> {
        self.send("POST", url, "application/json", body).await
    }

    /// Puts a text without a content type, as an address presigned for that wants it; tried again
    /// like [`Web::post_json`].
    pub async fn put_untyped(&self, url: &str, body: String) -> Result<(), WebError> {
        self.send("PUT", url, "", body).await
    }

    /// Sends a request until it is taken: what may pass (no connection, 429, 5xx) is tried again
    /// after a pause that doubles, or that which the answer asks for; a longer one than two seconds
    /// is the caller's to make.
    async fn send(
        &self,
        method: &'static str,
        url: &str,
        content_type: &'static str,
        body: String,
    ) -> Result<(), WebError> {
        let mut pause = Duration::from_millis(500);
        let mut last = String::new();
        for attempt in 1..=self.tries {
            match self.attempt(method, url, content_type, &body).await {
                Attempt::Taken => return Ok(()),
                Attempt::Refused { status, answer } => {
                    return Err(WebError::Refused { status, answer });
                }
                Attempt::Later { after, why } => {
                    last = why;
                    // Whoever wants a longer pause is asked by whoever calls this again.
                    if after.is_some_and(|after| after > MAX_PAUSE) {
                        return Err(WebError::Unreachable {
                            tries: attempt,
                            last,
                        });
                    }
                    if attempt < self.tries {
                        tokio::time::sleep(after.unwrap_or(pause)).await;
                        pause = (pause * 2).min(MAX_PAUSE);
                    }
                }
            }
        }
        Err(WebError::Unreachable {
            tries: self.tries,
            last,
        })
    }

    async fn attempt(
        &self,
        method: &'static str,
        url: &str,
        content_type: &'static str,
        body: &str,
    ) -> Attempt {
        let (agent, url, body) = (self.agent.clone(), url.to_owned(), body.to_owned());
        let asked =
            tokio::task::spawn_blocking(move || ask(&agent, method, &url, content_type, &body));
        asked.await.unwrap_or_else(|_| Attempt::Later {
            after: None,
            why: "the request did not finish".to_owned(),
        })
    }
}

/// The longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(2);

enum Attempt {
    Taken,
    Refused {
        status: u16,
        answer: String,
    },
    Later {
        after: Option<Duration>,
        why: String,
    },
}

fn ask(agent: &Agent, method: &str, url: &str, content_type: &str, body: &str) -> Attempt {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    let asked = match request.body(body) {
        Ok(request) => agent.run(request),
        Err(_) => {
            return Attempt::Refused {
                status: 0,
                answer: "the address is not valid".to_owned(),
            };
        }
    };
    let mut response = match asked {
        Ok(response) => response,
        Err(error) => {
            return Attempt::Later {
                after: None,
                why: without_address(&error),
            };
        }
    };
    let status = response.status();
    if status.is_success() {
        return Attempt::Taken;
    }
    let after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let answer = response.body_mut().with_config().limit(MAX_ANSWER_BYTES);
    let answer: String = answer.read_to_string().unwrap_or_default();
    let answer = answer.chars().take(200).collect();
    if status.as_u16() == 429 || status.is_server_error() {
        Attempt::Later {
            after,
            why: format!("{} {answer}", status.as_u16()),
        }
    } else {
        Attempt::Refused {
            status: status.as_u16(),
            answer,
        }
    }
}

/// The certificates of a PEM file.
fn authorities(pem: &[u8]) -> Result<RootCerts, String> {
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(RootCerts::new_with_certs(&found))
}

/// An error's kind, without the address that some texts quote.
fn without_address(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => format!("input or output: {}", error.kind()),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "no secure connection".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        _ => "the request failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_that_is_missing_or_has_none_is_named() {
        let open = |read: fn(&str) -> Option<String>| {
            let environment = Environment::from_fn(read);
            let opened = Web::open(environment, Duration::from_secs(1), 1);
            opened.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(open(|_| None), Ok(()));
        let missing = open(|_| Some("/there/is/none.pem".to_owned())).unwrap_err();
        assert!(missing.contains("/there/is/none.pem"), "{missing}");
        let empty = open(|_| Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned()));
        assert!(
            empty
                .unwrap_err()
                .ends_with("there is no certificate in it")
        );
    }
}
