//! The function in Lambda.

use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, Web, run, start};
use logbook_notify::{Context, Webhook, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("notify")).await;
    let context = Context {
        webhook: Webhook::new(stores.secret("LOGBOOK_SLACK_WEBHOOK_SECRET_ARN").await?),
        told: stores.inbox()?,
        web: Web::open(stores.environment(), Duration::from_secs(3), 3)?,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
