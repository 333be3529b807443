//! The function in Lambda.

use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, now, run, start};
use logbook_sweep::{Context, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("sweep")).await;
    let age = stores
        .environment()
        .value_or("LOGBOOK_SWEEP_AGE_SECS", 900)?;
    let context = Context {
        archive: stores.archive()?,
        registry: stores.registry()?,
        queue: stores.parse_queue()?,
        database: stores.sessions().await?,
        age: Duration::from_secs(age),
        settling: Duration::from_mins(1),
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
