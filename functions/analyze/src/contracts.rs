//! What is agreed with accounts, as the archive says, into the reports.

use logbook_model::ProductId;
use logbook_pipeline::read_contracts;
use logbook_reports::{contracts_version, store_contracts};

use crate::{AnalyzeError, Context};

/// Brings a product's contracts into the reports, where they changed. Contracts that cannot be read
/// hold up no report: those that were read before are shown.
pub(crate) async fn bring(context: &Context, product: &ProductId) -> Result<(), AnalyzeError> {
    let known = contracts_version(&context.analytics, product).await?;
    let archive = context.registry.archive();
    match read_contracts(archive, product, Some(known.as_deref().unwrap_or_default())).await {
        Ok(Some(read)) => {
            let accounts = &read.contracts.accounts;
            store_contracts(&context.analytics, product, accounts, &read.version).await?;
            tracing::info!(%product, accounts = accounts.len(), "contracts changed");
        }
        Ok(None) => {}
        Err(error @ logbook_pipeline::Error::Registry(_)) => {
            tracing::error!(%product, %error, "contracts cannot be read; those before are shown");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
