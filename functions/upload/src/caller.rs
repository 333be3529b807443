//! Who uploads.

use axum::http::HeaderMap;
use logbook_bootstrap::http::bearer;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_pipeline::Product;

use crate::Context;

/// The product whose key the request bears: `Authorization: Bearer …` or `X-Logbook-Key`.
pub(crate) async fn product(context: &Context, headers: &HeaderMap) -> Result<Product, Problem> {
    let own = headers
        .get("x-logbook-key")
        .and_then(|value| value.to_str().ok());
    let Some(key) = own.or_else(|| bearer(headers)) else {
        let detail =
            "send the product's key as `Authorization: Bearer KEY` or `X-Logbook-Key: KEY`";
        return Err(Problem::new(ProblemKind::Unauthorized, detail));
    };
    let product = context.registry.product_of_key(key).await?;
    product
        .ok_or_else(|| Problem::new(ProblemKind::Unauthorized, "the key is not one of a product"))
}
