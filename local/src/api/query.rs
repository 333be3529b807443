//! The query API, by a token.

use anyhow::{Context, bail};
use ureq::{Body, RequestBuilder, http::Response};

use super::{Connection, ProblemDocument, ReceiptState, text};

/// A client of an analyst.
#[derive(Debug)]
pub(crate) struct QueryClient {
    connection: Connection,
    token: String,
}

impl QueryClient {
    pub(crate) fn new(base: &str, token: String) -> anyhow::Result<Self> {
        let connection = Connection::new(base)?;
        Ok(Self { connection, token })
    }

    /// The body of an answer to a question, as a media type.
    pub(crate) fn get(
        &self,
        path: &str,
        parameters: &[(String, String)],
        accept: &str,
    ) -> anyhow::Result<String> {
        let response = self.ask(path, parameters, accept)?;
        match response.status().as_u16() {
            200 => text(response),
            status => bail!(self.refusal(status, response)),
        }
    }

    /// How far a log of a product has come; `None` where it is not known.
    pub(crate) fn receipt(
        &self,
        product: &str,
        log_id: &str,
    ) -> anyhow::Result<Option<ReceiptState>> {
        let product = [("product".to_owned(), product.to_owned())];
        let path = format!("/v1/logs/{log_id}/receipt");
        let response = self.ask(&path, &product, "application/json")?;
        match response.status().as_u16() {
            200 => {
                let receipt = text(response)?;
                let receipt = serde_json::from_str(&receipt).context("the receipt is no JSON")?;
                Ok(Some(receipt))
            }
            404 => Ok(None),
            status => bail!(self.refusal(status, response)),
        }
    }

    /// The path of a thing, `/v1/` and segments, each percent-encoded.
    pub(crate) fn path(segments: &[&str]) -> String {
        let mut path = "/v1".to_owned();
        for segment in segments {
            path.push('/');
            for byte in segment.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                    path.push(char::from(byte));
                } else {
                    path.push_str(&format!("%{byte:02X}"));
                }
            }
        }
        path
    }

    /// The JSON of a thing; `None` where there is none.
    pub(crate) fn find(
        &self,
        segments: &[&str],
        parameters: &[(String, String)],
    ) -> anyhow::Result<Option<String>> {
        let response = self.ask(&Self::path(segments), parameters, "application/json")?;
        match response.status().as_u16() {
            200 => text(response).map(Some),
            404 => Ok(None),
            status => bail!(self.refusal(status, response)),
        }
    }

    /// Puts a body at a path; the answer's body.
    pub(crate) fn put(
        &self,
        path: &str,
        parameters: &[(String, String)],
        media: &str,
        body: &str,
    ) -> anyhow::Result<String> {
        let Connection { agent, base, .. } = &self.connection;
        let response = self.connection.retried(|| {
            let request = agent.put(format!("{base}{path}"));
            self.bearing(request, parameters)
                .content_type(media)
                .send(body)
        })?;
        match response.status().as_u16() {
            200 => text(response),
            status => bail!(self.refusal(status, response)),
        }
    }

    /// Deletes a thing; `false` where there was none.
    pub(crate) fn delete(
        &self,
        segments: &[&str],
        parameters: &[(String, String)],
    ) -> anyhow::Result<bool> {
        let Connection { agent, base, .. } = &self.connection;
        let path = Self::path(segments);
        let response = self.connection.retried(|| {
            let request = agent.delete(format!("{base}{path}"));
            self.bearing(request, parameters).call()
        })?;
        match response.status().as_u16() {
            200 | 204 => Ok(true),
            404 => Ok(false),
            status => bail!(self.refusal(status, response)),
        }
    }

    /// A request with its parameters and the token.
    fn bearing<B>(
        &self,
        request: RequestBuilder<B>,
        parameters: &[(String, String)],
    ) -> RequestBuilder<B> {
        let pairs = parameters.iter();
        request
            .query_pairs(pairs.map(|(name, value)| (name.as_str(), value.as_str())))
            .header("authorization", format!("Bearer {}", self.token))
    }

    fn ask(
        &self,
        path: &str,
        parameters: &[(String, String)],
        accept: &str,
    ) -> anyhow::Result<Response<Body>> {
        let Connection { agent, base, .. } = &self.connection;
        self.connection.retried(|| {
            let request = agent.get(format!("{base}{path}"));
            self.bearing(request, parameters)
                .header("accept", accept)
                .call()
        })
    }

    fn refusal(&self, status: u16, response: Response<Body>) -> String {
        let detail = ProblemDocument::of(response).detail;
        let base = &self.connection.base;
        match status {
            401 => format!(
                "{base} does not accept the token, or it has expired ({detail}): give another with \
                 --token or LOGBOOK_TOKEN"
            ),
            403 => format!("the token does not allow that: {detail}"),
            400 | 404 => detail,
            _ => format!("{base} answers {status}: {detail}"),
        }
    }
}
