//! Where pages of a report come from: a data folder, or a query API.

use anyhow::{Context, bail};
use logbook_backends::{Database, Durability, ObjectStore};
use logbook_model::ProductId;
use logbook_pipeline::{Product, Registry};
use logbook_reports::{ReportReply, ReportRequest, query};

use crate::api::QueryClient;
use crate::cli::AskArgs;
use crate::host::{DataFolder, open_analytics};

/// Parameters of a report's query.
pub(in crate::commands) type Parameters = Vec<(String, String)>;

/// A data folder's reports on a product.
pub(in crate::commands) struct Here {
    analytics: Database,
    product: ProductId,
    min_users: u32,
}

impl Here {
    pub(in crate::commands) async fn open(asked: &AskArgs) -> anyhow::Result<Self> {
        let data = DataFolder::existing(asked.data.data.clone())?;
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let snapshot = Registry::new(archive, std::time::Duration::ZERO)
            .snapshot()
            .await?;
        let products: Vec<&Product> = snapshot.products().collect();
        let product = match (&asked.product, products.as_slice()) {
            (Some(id), _) => {
                let id = ProductId::new(id.as_str())?;
                snapshot
                    .product(&id)?
                    .with_context(|| format!("there is no product {id}"))?
            }
            (None, [only]) => only,
            (None, all) => {
                let ids: Vec<_> = all.iter().map(|product| product.id.as_str()).collect();
                bail!(
                    "name one of the products with --product: {}",
                    ids.join(", ")
                );
            }
        };
        // Where nothing ran yet, nothing is there to be asked.
        let sessions = Database::open_file(&data.sessions(), Durability::Fsync).await?;
        logbook_backends::sql::migrate(&sessions).await?;
        Ok(Self {
            analytics: open_analytics(&data, Durability::Fsync).await?,
            product: product.id.clone(),
            min_users: product.min_users,
        })
    }

    pub(in crate::commands) async fn page(
        &self,
        name: &str,
        parameters: Parameters,
    ) -> anyhow::Result<ReportReply> {
        let mut request = ReportRequest::parse(name, self.product.clone(), parameters)?;
        request.min_users = self.min_users;
        Ok(query(&self.analytics, &request).await?)
    }
}

/// A query API's reports.
pub(in crate::commands) struct Api {
    pub(super) client: QueryClient,
    url: String,
    product: Option<String>,
}

impl Api {
    pub(in crate::commands) fn new(asked: &AskArgs, url: &str) -> anyhow::Result<Self> {
        let token = asked.token.clone().context(
            "a token for the query API is needed: --token or LOGBOOK_TOKEN (of an embedded \
             Logbook, what secrets/token of its data folder holds)",
        )?;
        Ok(Self {
            client: QueryClient::new(url, token)?,
            url: url.to_owned(),
            product: asked.product.clone(),
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
        let product = self.product.iter();
        parameters.extend(product.map(|id| ("product".to_owned(), id.clone())));
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
