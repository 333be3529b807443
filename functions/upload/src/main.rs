//! The function in Lambda.

use std::sync::Arc;

use logbook_bootstrap::lambda::{Error, Stores, now, run_http, start};
use logbook_upload::{Context, TICKET_SECS, Tickets, app};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("upload")).await;
    let environment = stores.environment();
    let ticket_secs = environment.value_or("LOGBOOK_TICKET_TTL_SECS", TICKET_SECS)?;
    let context = Context {
        vault: stores.vault()?,
        registry: stores.registry()?,
        tickets: Arc::new(Tickets::presigned(stores.inbox()?, ticket_secs)),
        now,
    };
    run_http(app(context)).await
}
