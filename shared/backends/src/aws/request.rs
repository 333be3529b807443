//! Signed requests to services that are asked too seldom for a client of the SDK's, each of
//! which is generated code by the megabyte.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use ureq::{Agent, AsSendBody, http};

use super::{ATTEMPTS, CONNECT, Call, Signer, https};
use crate::{Error, Result};

/// Most bytes of an answer: what a function may answer.
const MAX_ANSWER_BYTES: u64 = 6 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(300);

/// Asks.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    signer: Signer,
    endpoint: Option<String>,
    /// Made when something is asked: it reads the machine's certificates.
    agent: Arc<OnceLock<Agent>>,
}

/// What is asked. [`Call::service`] is the name by which it is signed, and the host's.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// Path and query, already encoded.
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// How long one attempt may take.
    pub(super) timeout: Duration,
}

/// An answer that is no error.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: String,
    /// The kind of error of a function that failed.
    pub(super) function_error: Option<String>,
}

/// Why an attempt came to nothing, and whether another may help.
enum Failed {
    Later(Error),
    ForGood(Error),
}

impl Requests {
    pub(super) fn new(signer: Signer, endpoint: Option<String>) -> Self {
        Self {
            signer,
            endpoint,
            agent: Arc::default(),
        }
    }

    pub(super) const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Asks, and asks again where the service is busy or cannot be reached.
    pub(super) async fn send(&self, call: Call, request: &Request) -> Result<Answer> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.attempt(call, request).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Later(error)) if attempt == ATTEMPTS => return Err(error),
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::Later(_)) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        Err(call.error("Unreachable", ""))
    }

    async fn attempt(&self, call: Call, request: &Request) -> std::result::Result<Answer, Failed> {
        let signed = self.signed(call, request).await.map_err(Failed::ForGood)?;
        let (agent, timeout) = (Arc::clone(&self.agent), request.timeout);
        let asked = tokio::task::spawn_blocking(move || {
            let agent = agent.get_or_init(new_agent);
            if signed.method() == http::Method::GET {
                run(agent, signed.map(drop), timeout)
            } else {
                run(agent, signed, timeout)
            }
        });
        let asked = asked.await.map_err(|error| Failed::Later(error.into()))?;
        let response = asked.map_err(|error| Failed::Later(unreachable(call, &error)))?;
        read(call, response)
    }

    async fn signed(&self, call: Call, request: &Request) -> Result<http::Request<String>> {
        let failed = |what: &str| call.error("NotSigned", what);
        let (credentials, region) = self.signer.identity(call).await?;
        let identity = credentials.into();
        let base = match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{}.{region}.{}", call.service, suffix(region)),
        };
        let url = format!("{base}{}", request.path);
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(call.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| failed("the signature's parameters are not whole"))?
            .into();
        let headers = [("content-type", request.content_type)];
        let body = SignableBody::Bytes(request.body.as_bytes());
        let signable = SignableRequest::new(request.method, &url, headers.into_iter(), body)
            .map_err(|_| failed("the address is not valid"))?;
        let (instructions, _) = sign(signable, &parameters)
            .map_err(|_| failed("the request cannot be signed"))?
            .into_parts();
        let mut signed = http::Request::builder()
            .method(request.method)
            .uri(&url)
            .header("content-type", request.content_type);
        for (name, value) in instructions.headers() {
            signed = signed.header(name, value);
        }
        signed
            .body(request.body.clone())
            .map_err(|_| failed("the address is not valid"))
    }
}

fn run<Body: AsSendBody>(
    agent: &Agent,
    request: http::Request<Body>,
    timeout: Duration,
) -> std::result::Result<http::Response<ureq::Body>, ureq::Error> {
    let config = agent.configure_request(request);
    agent.run(config.timeout_global(Some(timeout)).build())
}

fn new_agent() -> Agent {
    Agent::config_builder()
        .tls_config(https::tls_config())
        .timeout_connect(Some(CONNECT))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent()
}

/// The domain of a region's hosts.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

fn read(
    call: Call,
    mut response: http::Response<ureq::Body>,
) -> std::result::Result<Answer, Failed> {
    let header = |response: &http::Response<ureq::Body>, name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let status = response.status();
    let function_error = header(&response, "x-amz-function-error");
    let kind = header(&response, "x-amzn-errortype");
    let request = header(&response, "x-amzn-requestid");
    let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES);
    let body = body
        .read_to_string()
        .map_err(|error| Failed::Later(unreachable(call, &error)))?;
    if status.is_success() {
        return Ok(Answer {
            body,
            function_error,
        });
    }
    let code = kind.or_else(|| code_in(&body));
    let code = code.unwrap_or_else(|| status.as_u16().to_string());
    let code = code.split([':', '#']).next().unwrap_or(&code);
    let detail = request.map(|id| format!("request {id}"));
    let error = call.error(code, detail.unwrap_or_default());
    if status.is_server_error() || status.as_u16() == 429 || code.starts_with("Throttling") {
        Err(Failed::Later(error))
    } else {
        Err(Failed::ForGood(error))
    }
}

/// The code of an error in XML.
fn code_in(body: &str) -> Option<String> {
    let (_, after) = body.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    let is_code = code.len() <= 100 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    is_code.then(|| code.to_owned())
}

fn unreachable(call: Call, error: &ureq::Error) -> Error {
    let code = match error {
        ureq::Error::Timeout(_) => "Timeout",
        _ => "Unreachable",
    };
    call.error(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_xml_gives_its_code_and_not_its_words() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                    <Message>User arn:aws:… is not</Message></Error></ErrorResponse>";
        assert_eq!(code_in(body).as_deref(), Some("AccessDenied"));
        assert_eq!(code_in("<Code>a b</Code>"), None);
        assert_eq!(code_in("{}"), None);
    }

    #[test]
    fn regions_of_china_have_a_domain_of_their_own() {
        assert_eq!(suffix("cn-north-1"), "amazonaws.com.cn");
        assert_eq!(suffix("eu-central-1"), "amazonaws.com");
    }
}
