//! The query API, by a token.

use anyhow::{Context, bail};
use ureq::{Body, http::Response};

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

    fn ask(
        &self,
        path: &str,
        parameters: &[(String, String)],
        accept: &str,
    ) -> anyhow::Result<Response<Body>> {
        let Connection { agent, base, .. } = &self.connection;
        let pairs = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        self.connection.retried(|| {
            agent
                .get(format!("{base}{path}"))
                .query_pairs(pairs.clone())
                .header("authorization", format!("Bearer {}", self.token))
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
