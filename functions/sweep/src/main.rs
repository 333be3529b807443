//! The function in Lambda.

use std::process::ExitCode;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, now, program, run};
use logbook_sweep::{Context, handle};

#[tokio::main]
async fn main() -> ExitCode {
    program("sweep", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let age = stores
        .environment()
        .value_or("LOGBOOK_SWEEP_AGE_SECS", 900)?;
    let context = Context {
        archive: stores.archive()?,
        registry: stores.registry()?,
        queue: stores.parse_queue()?,
        database: stores.sessions()?,
        marks: stores.marks()?,
        patience: Duration::from_mins(1),
        age: Duration::from_secs(age),
        settling: Duration::from_mins(1),
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
