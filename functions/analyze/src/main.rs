//! The function in Lambda.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use logbook_analyze::{Context, handle};
use logbook_bootstrap::lambda::{Error, Stores, now, program, run};
use logbook_pipeline::Meter;

#[tokio::main]
async fn main() -> ExitCode {
    program("analyze", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let context = Context {
        analytics: stores.analytics()?,
        registry: stores.registry()?,
        marks: Some(stores.marks()?),
        notices: Some(stores.archive()?),
        queue: Some(stores.parse_queue()?),
        meter: Arc::new(Meter::new(stores.memory_mb())),
        patience: Duration::from_mins(1),
        // Of Lambda's 14 minutes, with some left for the step that has begun.
        budget: Duration::from_mins(12),
        settling: Duration::from_mins(10),
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
