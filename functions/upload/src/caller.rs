//! Who uploads.

use std::time::Duration;

use axum::http::HeaderMap;
use logbook_bootstrap::http::bearer;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_pipeline::Product;

use crate::Context;

/// How old the registry may be that refuses a key.
const FRESH: Duration = Duration::from_secs(2);

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
    let snapshot = context.registry.snapshot().await?;
    if let Some(product) = snapshot.product_of_key(key)? {
        return Ok(product.clone());
    }
    // It may have been made a moment ago. Whoever tries keys has the registry read no more often.
    let snapshot = context.registry.no_older_than(FRESH).await?;
    snapshot
        .product_of_key(key)?
        .cloned()
        .ok_or_else(|| Problem::new(ProblemKind::Unauthorized, "the key is not one of a product"))
}
