//! The function in Lambda.

use std::process::ExitCode;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, Web, program, run};
use logbook_notify::{Context, Webhook, handle};

#[tokio::main]
async fn main() -> ExitCode {
    program("notify", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let context = Context {
        webhook: Webhook::kept_in(&stores, "LOGBOOK_SLACK_WEBHOOK_SECRET_ARN")?,
        told: stores.inbox()?,
        archive: stores.archive()?,
        web: Web::open(stores.environment(), Duration::from_secs(3), 3)?,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
