//! Which product, in a data folder or behind a query API.

use anyhow::Context;
use clap::Args;

use super::DataArgs;
use crate::api::QueryClient;

/// Which product, and where it is.
#[derive(Debug, Args)]
pub(crate) struct AtArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Ask a query API: that of a running Logbook, or of a stack
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The token for it
    #[arg(
        long,
        env = "LOGBOOK_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) token: Option<String>,
    /// The product [default: the only one]
    #[arg(long)]
    pub(crate) product: Option<String>,
}

impl AtArgs {
    /// A client of the query API.
    pub(crate) fn client(&self, url: &str) -> anyhow::Result<QueryClient> {
        let token = self.token.clone().context(
            "a token for the query API is needed: --token or LOGBOOK_TOKEN (of an embedded \
             Logbook, what secrets/token of its data folder holds)",
        )?;
        QueryClient::new(url, token)
    }

    /// What each question to it names.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        let product = self.product.iter();
        product
            .map(|id| ("product".to_owned(), id.clone()))
            .collect()
    }
}
