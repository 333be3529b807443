//! Where pages of a report come from: a data folder, or a query API.

use anyhow::{Context, bail};
use logbook_backends::{Database, Durability, ObjectStore};
use logbook_pipeline::{Product, Registry};
use logbook_reports::{ReportReply, ReportRequest, query};

use super::super::product;
use crate::api::QueryClient;
use crate::cli::{AskArgs, AtArgs};
use crate::host::{DataFolder, open_analytics, open_sessions};

/// Parameters of a report's query.
pub(in crate::commands) type Parameters = Vec<(String, String)>;

/// A data folder's reports on a product.
pub(in crate::commands) struct Here {
    pub(in crate::commands) analytics: Database,
    pub(in crate::commands) product: Product,
}

impl Here {
    pub(in crate::commands) async fn open(at: &AtArgs) -> anyhow::Result<Self> {
        let data = DataFolder::existing(at.data.data.clone())?;
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let registry = Registry::new(archive, std::time::Duration::ZERO);
        let snapshot = registry.snapshot().await?;
        let product = product::chosen(&snapshot, at.product.as_deref())?.clone();
        // Where nothing ran yet, nothing is there to be asked.
        open_sessions(&data).await?;
        Ok(Self {
            analytics: open_analytics(&data, Durability::Fsync).await?,
            product,
        })
    }

    pub(in crate::commands) async fn page(
        &self,
        name: &str,
        parameters: Parameters,
    ) -> anyhow::Result<ReportReply> {
        let mut request = ReportRequest::parse(name, self.product.id.clone(), parameters)?;
        request.min_users = self.product.min_users;
        Ok(query(&self.analytics, &request).await?)
    }
}

/// A query API's reports.
pub(in crate::commands) struct Api {
    pub(super) client: QueryClient,
    url: String,
    product: Parameters,
}

impl Api {
    pub(in crate::commands) fn new(asked: &AskArgs, url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: asked.at.client(url)?,
            url: url.to_owned(),
            product: asked.at.asked(),
        })
    }

    /// A page as a media type.
    pub(in crate::commands) fn page(
        &self,
        name: &str,
        mut parameters: Parameters,
        accept: &str,
    ) -> anyhow::Result<String> {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let url = &self.url;
            bail!("{name:?} is no report's name: `logbook report --url {url}` lists them");
        }
        parameters.extend(self.product.iter().cloned());
        self.client
            .get(&format!("/v1/reports/{name}"), &parameters, accept)
    }
}

/// What the command line asks of a report.
pub(in crate::commands) fn parameters(asked: &AskArgs) -> anyhow::Result<Parameters> {
    let mut parameters = Vec::new();
    let named = [("from", &asked.from), ("to", &asked.to), ("by", &asked.by)];
    for (name, value) in named {
        if let Some(value) = value {
            parameters.push((name.to_owned(), value.clone()));
        }
    }
    for pair in &asked.parameters {
        let (name, value) = pair
            .split_once('=')
            .with_context(|| format!("{pair:?} is not of the form NAME=VALUE"))?;
        parameters.push((name.to_owned(), value.to_owned()));
    }
    Ok(parameters)
}
