//! The function in Lambda.

use std::sync::Arc;

use logbook_bootstrap::lambda::{Error, Stores, now, run_http, start};
use logbook_upload::{Context, Tickets, app};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("upload")).await;
    let context = Context {
        vault: stores.vault()?,
        registry: stores.registry()?,
        tickets: Arc::new(Tickets::presigned(stores.inbox()?)),
        now,
    };
    run_http(app(context)).await
}
