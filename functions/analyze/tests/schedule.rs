//! Whether a scheduled event brings every product up to date.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use logbook_analyze::{Context, NOTICES_PREFIX, handle};
use logbook_backends::{
    Attached, Attributes, Database, Durability, Metadata, ObjectStore, Put, Queue, QueuePolicy,
    Receive, sql,
};
use logbook_model::{Consent, Contract, Notice, ProductId, Timestamp};
use logbook_pipeline::{Contracts, Meter, NewProduct, Registry, add_product, change_contracts};
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
        notices: None,
        queue: None,
        meter: Arc::new(Meter::new(1024)),
        patience: Duration::ZERO,
        budget,
        settling: Duration::from_mins(10),
        now,
    }
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64)
}

fn event() -> EventBridgeEvent {
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
async fn a_time_that_is_yet_to_come_is_taken_for_now() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(directory.path(), Duration::from_mins(1)).await;
    let mut event = event();
    event.time = Some("9999-12-31T23:00:00Z".parse().unwrap());
    handle(&context, event).await.unwrap();
    let request = ReportRequest::new(Report::ActiveUsers, ProductId::new(PRODUCTS[0]).unwrap());
    let reply = query(&context.analytics, &request).await.unwrap();
    let until = reply.freshness.complete_until.unwrap();
    assert!(until.0 < now().0 + 3_600_000_000, "{until}");
}

#[tokio::test]
async fn nothing_is_vouched_for_that_came_after_the_oldest_log_in_the_queue() {
    let directory = tempfile::tempdir().unwrap();
    let mut context = context(directory.path(), Duration::from_mins(1)).await;
    let path = directory.path().join("queue.db");
    let queue = Queue::open_file(&path, QueuePolicy::default())
        .await
        .unwrap();
    queue.send("a log", &Attributes::new()).await.unwrap();
    context.queue = Some(queue.clone());
    context.settling = Duration::ZERO;
    // Of what the reports are complete to, in seconds before it.
    let complete = async |at: Timestamp| {
        let mut event = event();
        event.time = Some(at.to_string().parse().unwrap());
        handle(&context, event).await.unwrap();
        let request = ReportRequest::new(Report::ActiveUsers, ProductId::new("editor").unwrap());
        let reply = query(&context.analytics, &request).await.unwrap();
        at.0 - reply.freshness.complete_until.unwrap().0
    };
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let behind = complete(now()).await;
    assert!(behind >= 1_000_000, "{behind}");
    let receive = Receive {
        max: 1,
        wait: Duration::ZERO,
        visibility: Duration::from_mins(1),
    };
    let message = queue.receive(receive).await.unwrap().remove(0);
    let behind = complete(now()).await;
    assert!(behind >= 1_000_000, "nor while it is worked on: {behind}");
    assert!(queue.delete(&message.receipt_handle).await.unwrap());
    assert_eq!(complete(now()).await, 0);
}

#[tokio::test]
async fn products_not_come_to_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(directory.path(), Duration::ZERO).await;
    let summary = handle(&context, event()).await.unwrap();
    assert_eq!(summary.waiting.len(), 2);
    assert!(summary.is_unfinished());
}

#[tokio::test]
async fn contracts_are_shown_from_the_next_run_on_and_faulty_ones_hold_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(directory.path(), Duration::from_mins(1)).await;
    let editor = ProductId::new("editor").unwrap();
    let store = context.registry.archive().clone();
    let contract = Contract {
        seats: Some(7),
        ..Contract::default()
    };
    let agree = |held: &mut Contracts| held.accounts.insert("acme".to_owned(), contract.clone());
    change_contracts(&store, &editor, |held| agree(held).is_none())
        .await
        .unwrap();
    let seats = async || {
        handle(&context, event()).await.unwrap();
        let request = ReportRequest::new(Report::Accounts, editor.clone());
        let reply = query(&context.analytics, &request).await.unwrap().to_json();
        let rows = reply["rows"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| (row["account"].to_string(), row["seats"].to_string()))
            .collect::<Vec<_>>()
    };
    let shown = [("\"acme\"".to_owned(), "7".to_owned())];
    assert_eq!(seats().await, shown);
    let key = "config/accounts/editor.json";
    let put = store.put(key, b"{".to_vec(), Metadata::new(), Put::Always);
    put.await.unwrap();
    assert_eq!(seats().await, shown);
    store.delete(key).await.unwrap();
    assert_eq!(seats().await, []);
}

#[tokio::test]
async fn the_week_of_each_product_is_put_where_it_is_told_from_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut context = context(directory.path(), Duration::from_mins(1)).await;
    let store = context.registry.archive().clone();
    context.notices = Some(store.clone());
    handle(&context, event()).await.unwrap();
    let digest: EventBridgeEvent =
        serde_json::from_str(include_str!("../../../events/schedule-digest.json")).unwrap();
    for _ in 0..2 {
        let summary = handle(&context, digest.clone()).await.unwrap();
        let titles: Vec<&str> = summary.notices.iter().map(|n| n.title.as_str()).collect();
        let week = ["editor", "player"].map(|id| format!("{id}: the week to 2026-03-09"));
        assert_eq!(titles, week);
    }
    let put = store.list(NOTICES_PREFIX, None, 10).await.unwrap().objects;
    let keys: Vec<&str> = put.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "state/notices/editor/week-2026-03-16.json",
            "state/notices/player/week-2026-03-16.json",
        ]
    );
    let object = store.get(keys[0], 1 << 20).await.unwrap().unwrap();
    let notice: Notice = serde_json::from_slice(&object.body).unwrap();
    assert_eq!(notice.sections[0].lines, ["none"]);
}
