//! Who tells which logs are there, and how far they have come.

use logbook_model::ProductId;

use crate::api::{Client, QueryClient, ReceiptState};

/// Who tells.
#[derive(Debug)]
pub(super) enum Teller {
    /// The upload API itself, to whoever has the product's key: that of an embedded Logbook.
    Door,
    /// A query API.
    Query {
        client: QueryClient,
        product: ProductId,
    },
    /// A listing of the archive, which says of a log only that it is there.
    #[cfg(feature = "aws")]
    Archive {
        archive: logbook_backends::ObjectStore,
        product: ProductId,
        runtime: tokio::runtime::Handle,
    },
    /// Nobody: all is sent, and the upload API finds what it has.
    Nobody,
}

impl Teller {
    /// Whether a log is there.
    pub(super) fn is_there(&self, door: &Client, log_id: &str) -> anyhow::Result<bool> {
        match self {
            #[cfg(feature = "aws")]
            Self::Archive {
                archive,
                product,
                runtime,
            } => {
                let log = logbook_model::LogId::new(log_id)?;
                let key = logbook_pipeline::archive_key(product, &log);
                let page = runtime.block_on(archive.list(&key, None, 1))?;
                Ok(page.objects.first().is_some_and(|found| found.key == key))
            }
            _ => Ok(self.receipt(door, log_id)?.is_some()),
        }
    }

    /// Whether it can be told that a log is parsed.
    pub(super) const fn tells_of_parsing(&self) -> bool {
        matches!(self, Self::Door | Self::Query { .. })
    }

    /// How far a log has come; `None` where it is not there, or nobody tells.
    pub(super) fn receipt(
        &self,
        door: &Client,
        log_id: &str,
    ) -> anyhow::Result<Option<ReceiptState>> {
        match self {
            Self::Door => door.receipt(log_id),
            Self::Query { client, product } => client.receipt(product.as_str(), log_id),
            #[cfg(feature = "aws")]
            Self::Archive { .. } => Ok(None),
            Self::Nobody => Ok(None),
        }
    }
}
