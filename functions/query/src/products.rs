//! `GET /v1/products`: what is registered, without its keys.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_bootstrap::Problem;
use logbook_model::{Consent, ProductId};
use logbook_pipeline::Product;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::Failures;
use crate::parameters::Parameters;
use crate::{Context, Principal, Scope, reply};

/// The products that the token covers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductsReply {
    products: Vec<ProductReply>,
}

/// One product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductReply {
    #[schema(value_type = String, example = "editor")]
    product: ProductId,
    /// The profile that reads its logs, as `name@version`; `auto` takes the built-in one that
    /// fits each.
    #[schema(example = "logbook@1")]
    profile: String,
    /// Why the profile cannot be used: logs are taken, and parsed when that is mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// The consent of logs that state none: `off`, `crash`, `error` or `usage`.
    #[schema(value_type = String, example = "usage")]
    consent: Consent,
    /// Groups of fewer persons are withheld from reports.
    min_users: u32,
    /// Silence after which a session is over, in seconds.
    session_timeout_secs: u32,
    /// Whether account ids are stored as they come.
    accounts_readable: bool,
}

impl From<&Product> for ProductReply {
    fn from(product: &Product) -> Self {
        Self {
            product: product.id.clone(),
            profile: product.profile_reference(),
            fault: product.fault.as_ref().map(ToString::to_string),
            consent: product.consent,
            min_users: product.min_users,
            session_timeout_secs: product.session_timeout_secs,
            accounts_readable: product.accounts_readable,
        }
    }
}

/// Lists the products that the token covers, with their settings.
#[utoipa::path(
    operation_id = "list_products",
    get, path = "/v1/products", tag = "products",
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The products.", body = ProductsReply), Failures),
)]
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadReports)?;
    Parameters::strict(query.as_deref(), &[])?;
    let registered = context.registry.snapshot().await?;
    let covered = registered
        .products()
        .filter(|one| principal.covers(&one.id));
    reply::json(&ProductsReply {
        products: covered.map(ProductReply::from).collect(),
    })
}
