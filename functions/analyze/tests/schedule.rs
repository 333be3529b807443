//! Whether a scheduled event brings every product up to date.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use logbook_analyze::{Context, handle};
use logbook_backends::{Attached, Database, Durability, ObjectStore, sql};
use logbook_model::{Consent, ProductId, Timestamp};
use logbook_pipeline::{NewProduct, Registry, add_product};
use logbook_reports::{Report, ReportRequest, SESSIONS_SCHEMA, query};

const PRODUCTS: &[&str] = &["editor", "player"];

async fn context(directory: &std::path::Path, budget: Duration) -> Context {
    let path = directory.join("sessions.db");
    let sessions = Database::open_file(&path, Durability::Process)
        .await
        .unwrap();
    sql::migrate(&sessions).await.unwrap();
    let name = SESSIONS_SCHEMA.to_owned();
    let attached = vec![Attached { name, path }];
    let path = directory.join("analytics.db");
    let analytics = Database::open_file_with(&path, Durability::Process, attached);
    let analytics = analytics.await.unwrap();
    logbook_reports::migrate(&analytics).await.unwrap();
    let folder = directory.join("store");
    let store = ObjectStore::open_dir(&folder, Durability::Process);
    let store = store.await.unwrap();
    for id in PRODUCTS {
        let new = NewProduct {
            id: ProductId::new(*id).unwrap(),
            profile: "auto".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        assert!(add_product(&store, new).await.unwrap());
    }
    Context {
        analytics,
        registry: Arc::new(Registry::new(store, Duration::ZERO)),
        marks: None,
        patience: Duration::ZERO,
        budget,
        settling: Duration::from_mins(10),
        now: Timestamp::default,
    }
}

fn event() -> aws_lambda_events::event::eventbridge::EventBridgeEvent {
    serde_json::from_str(include_str!("../../../events/schedule-analyze.json")).unwrap()
}

#[tokio::test]
async fn every_product_is_complete_to_the_scheduled_time_less_the_settling() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(directory.path(), Duration::from_mins(1)).await;
    let summary = handle(&context, event()).await.unwrap();
    assert_eq!(summary.products.len(), 2);
    assert!(summary.busy.is_empty() && !summary.is_unfinished());
    for id in PRODUCTS {
        let request = ReportRequest::new(Report::ActiveUsers, ProductId::new(*id).unwrap());
        let reply = query(&context.analytics, &request).await.unwrap();
        let until = reply.freshness.complete_until.unwrap();
        assert_eq!(until.to_string(), "2026-03-10T11:50:00Z");
    }
}

#[tokio::test]
async fn products_not_come_to_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(directory.path(), Duration::ZERO).await;
    let summary = handle(&context, event()).await.unwrap();
    assert_eq!(summary.waiting.len(), 2);
    assert!(summary.is_unfinished());
}
