//! The function in Lambda.

use std::collections::BTreeSet;

use logbook_bootstrap::lambda::{Error, Stores, now, run_http, start};
use logbook_query::{Auth, Context, Products, app};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("query")).await;
    let scopes = stores.environment().text("LOGBOOK_JWT_SCOPES_CLAIM")?;
    let context = Context {
        vault: stores.vault()?,
        sessions: stores.sessions().await?,
        analytics: stores.analytics().await?,
        registry: stores.registry()?,
        auth: Auth::gateway(scopes, Products::Only(BTreeSet::new())),
        now,
    };
    run_http(app(context)).await
}
