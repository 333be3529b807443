//! The bulk path: what takes it, and that no log is given to two runs, or to none.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/glue.rs"]
mod glue;
mod support;

use std::time::Duration;

use aws_sdk_glue::config::{BehaviorVersion, Credentials, Region};
use glue::{Answer, Glue};
use logbook_backends::{Attributes, Queue, QueuePolicy};
use logbook_intake::{Bulk, GlueJob, IntakeError};
use logbook_model::LogId;
use logbook_pipeline::{Job, archive_key};
use serde_json::{Value, json};
use support::{NOON, Site, jobs, product};

const DRAIN: &str = include_str!("../../../events/schedule-bulk-drain.json");
const LARGE: &str = include_str!("../../../events/s3-archive-put-large.json");
const ORDINARY: &str = include_str!("../../../events/s3-archive-put.json");

struct Path {
    site: Site,
    glue: Glue,
}

impl Path {
    async fn new() -> Self {
        let mut site = Site::new().await;
        let glue = Glue::start();
        let config = aws_sdk_glue::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(glue.url())
            .build();
        let file = site.directory.path().join("bulk.db");
        let queue = Queue::open_file(&file, QueuePolicy::default());
        site.context.bulk = Some(Bulk {
            queue: queue.await.unwrap(),
            bytes: 64 << 20,
            job: GlueJob::new(config, "logbook-bulk"),
        });
        site.context.budget = Duration::from_secs(5);
        Self { site, glue }
    }

    fn queue(&self) -> &Queue {
        &self.site.context.bulk.as_ref().unwrap().queue
    }

    async fn send(&self, logs: &[&str]) {
        for log in logs {
            let job = Job::new(product("editor"), LogId::new(*log).unwrap(), NOON);
            self.queue()
                .send(&job.to_body(), &Attributes::new())
                .await
                .unwrap();
        }
    }

    async fn drain(&self) -> Result<(), IntakeError> {
        self.site.tell(DRAIN).await
    }

    /// Messages that can be received, and those that are held.
    async fn left(&self) -> (u64, u64) {
        let depth = self.queue().depth().await.unwrap();
        (depth.visible, depth.in_flight)
    }

    /// The logs of the manifest that a run was given.
    async fn given(&self, run: usize) -> Vec<String> {
        let key = self.glue.manifest(run);
        let archive = &self.site.context.vault.archive;
        let manifest = archive.get(&key, 1 << 20).await.unwrap().unwrap();
        let text = String::from_utf8(manifest.body).unwrap();
        let log = |line| {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["product"], "editor");
            line["log_id"].as_str().unwrap().to_owned()
        };
        text.lines().map(log).collect()
    }
}

fn with_size(event: &str, bytes: u64) -> String {
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["Records"][0]["s3"]["object"]["size"] = json!(bytes);
    event.to_string()
}

#[tokio::test]
async fn a_log_over_the_bound_waits_for_the_bulk_path_and_others_are_parsed_at_once() {
    let path = Path::new().await;
    path.site.tell(LARGE).await.unwrap();
    assert_eq!(jobs(path.queue()).await.len(), 1);
    assert!(path.site.queued().await.is_empty());
    path.site.tell(ORDINARY).await.unwrap();
    path.site.tell(&with_size(LARGE, 64 << 20)).await.unwrap();
    assert!(jobs(path.queue()).await.is_empty());
    assert_eq!(path.site.queued().await.len(), 2);
}

#[tokio::test]
async fn a_log_that_bears_the_mark_waits_for_the_bulk_path() {
    let path = Path::new().await;
    let key = "inbox/editor/tickets/run-1";
    path.site.drop_in(key, &[("logbook-bulk", "yes")]).await;
    logbook_intake::take_in(&path.site.context, key)
        .await
        .unwrap();
    let log = LogId::new("run-1").unwrap();
    assert_eq!(
        path.site.archived().await,
        [archive_key(&product("editor"), &log)]
    );
    path.site.tell(ORDINARY).await.unwrap();
    assert_eq!(
        jobs(path.queue()).await,
        [Job::new(product("editor"), log, NOON)]
    );
    assert!(path.site.queued().await.is_empty());
}

#[tokio::test]
async fn without_a_bulk_path_all_goes_to_the_parse_queue() {
    let mut path = Path::new().await;
    let bulk = path.site.context.bulk.take().unwrap();
    path.site.tell(LARGE).await.unwrap();
    assert_eq!(path.site.queued().await.len(), 1);
    assert!(jobs(&bulk.queue).await.is_empty());
}

#[tokio::test]
async fn all_that_waits_is_given_to_one_run() {
    let path = Path::new().await;
    let names: Vec<String> = (0..137).map(|n| format!("run-{n:03}")).collect();
    let logs: Vec<&str> = names.iter().map(String::as_str).collect();
    path.send(&logs).await;
    path.send(&["run-000"]).await;
    path.drain().await.unwrap();
    assert_eq!(path.glue.started(), 1);
    assert_eq!(path.given(0).await, logs);
    assert!(path.glue.manifest(0).starts_with("state/bulk/"));
    assert_eq!(path.left().await, (0, 0));
    path.glue.end("SUCCEEDED");
    path.drain().await.unwrap();
    assert_eq!(path.glue.started(), 1, "nothing waits");
}

#[tokio::test]
async fn while_a_run_is_under_way_what_waits_is_not_touched() {
    let path = Path::new().await;
    path.send(&["run-1"]).await;
    path.drain().await.unwrap();
    for (n, state) in ["RUNNING", "STARTING", "STOPPING", "WAITING"]
        .iter()
        .enumerate()
    {
        path.send(&[&format!("run-{}", n + 2)]).await;
        path.glue.end(state);
        path.drain().await.unwrap();
        assert_eq!(path.glue.started(), 1, "{state}");
        assert_eq!(path.left().await, (n as u64 + 1, 0), "{state}");
    }
    path.glue.end("FAILED");
    path.drain().await.unwrap();
    assert_eq!(path.given(1).await, ["run-2", "run-3", "run-4", "run-5"]);
}

#[tokio::test]
async fn a_job_that_takes_no_second_run_gives_the_messages_back() {
    let path = Path::new().await;
    path.send(&["run-1", "run-2"]).await;
    path.glue
        .answer(Answer::Refuse("ConcurrentRunsExceededException"));
    path.drain().await.unwrap();
    assert_eq!(path.left().await, (2, 0));
    path.glue.answer(Answer::Start);
    path.drain().await.unwrap();
    assert_eq!(path.given(0).await, ["run-1", "run-2"]);
    assert_eq!(path.left().await, (0, 0));
}

#[tokio::test]
async fn a_run_that_cannot_be_started_leaves_the_messages_to_come_again() {
    let path = Path::new().await;
    path.send(&["run-1"]).await;
    path.glue.answer(Answer::Refuse("EntityNotFoundException"));
    let error = path.drain().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bulk path: glue cannot start a run: EntityNotFoundException"
    );
    assert_eq!(
        path.left().await,
        (0, 1),
        "it is held, and comes again by itself"
    );
}

#[tokio::test]
async fn what_a_drain_that_died_had_given_is_not_given_again() {
    let path = Path::new().await;
    path.send(&["run-1", "run-2"]).await;
    // The run is started, and nobody hears of it: as if the drain had died over it.
    path.glue.answer(Answer::StartAndBreakOff);
    let error = path.drain().await.unwrap_err();
    assert!(matches!(error, IntakeError::Bulk(_)), "{error}");
    assert_eq!((path.glue.started(), path.left().await), (1, (0, 2)));
    // The messages come again, and another with them. (Here they are sent again: the run is said to
    // have started after that.)
    path.glue.answer(Answer::Start);
    path.glue.started_in(3600);
    path.send(&["run-2", "run-1", "run-3"]).await;
    path.drain().await.unwrap();
    assert_eq!(path.left().await, (3, 2), "the run is under way");
    path.glue.end("SUCCEEDED");
    path.drain().await.unwrap();
    assert_eq!(path.glue.started(), 2);
    assert_eq!(path.given(1).await, ["run-3"]);
    assert_eq!(path.left().await, (0, 2));
}

#[tokio::test]
async fn what_a_run_failed_over_and_what_is_asked_for_anew_is_given_again() {
    let path = Path::new().await;
    path.send(&["run-1"]).await;
    path.drain().await.unwrap();
    // A replay sends a log again that an earlier run has read.
    path.glue.end("SUCCEEDED");
    path.glue.started_in(-3600);
    path.send(&["run-1"]).await;
    path.drain().await.unwrap();
    assert_eq!(
        (path.glue.started(), path.given(1).await),
        (2, vec!["run-1".to_owned()])
    );
    path.glue.end("FAILED");
    path.glue.started_in(3600);
    path.send(&["run-1"]).await;
    path.drain().await.unwrap();
    assert_eq!(path.glue.started(), 3);
    assert_eq!(
        path.glue.manifest(2),
        path.glue.manifest(0),
        "the same logs, the same key"
    );
}

#[tokio::test]
async fn a_message_that_is_no_job_is_left_to_become_a_dead_letter() {
    let path = Path::new().await;
    let attributes = Attributes::new();
    path.queue()
        .send("this is no job", &attributes)
        .await
        .unwrap();
    path.send(&["run-1"]).await;
    path.drain().await.unwrap();
    assert_eq!(path.given(0).await, ["run-1"]);
    assert_eq!(path.left().await, (0, 1));
}

#[tokio::test]
async fn a_manifest_that_cannot_be_put_starts_nothing() {
    let path = Path::new().await;
    path.send(&["run-1"]).await;
    std::fs::write(path.site.directory.path().join("archive/state"), b"").unwrap();
    path.drain().await.unwrap_err();
    assert_eq!((path.glue.started(), path.left().await), (0, (0, 1)));
}
