//! The function in Lambda.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, now, program, run_http};
use logbook_upload::{Context, Tickets, app};

#[tokio::main]
async fn main() -> ExitCode {
    program("upload", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let environment = stores.environment();
    let valid = environment.value_or("LOGBOOK_TICKET_TTL_SECS", 900)?;
    let tickets = Tickets::presigned(stores.inbox()?).holding(Duration::from_secs(valid));
    let context = Context {
        vault: stores.vault()?,
        registry: stores.registry()?,
        tickets: Arc::new(tickets),
        now,
    };
    run_http(app(context)).await
}
