//! The bulk path over SQS, S3 and Glue. (The emulator takes a run and says that it has succeeded,
//! without running anything; how a busy or failing Glue is met is in `bulk.rs`.)
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/lambda/aws.rs"]
mod aws;
mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws::{Aws, clock};
use aws_sdk_glue::types::JobCommand;
use logbook_backends::{Attributes, Queue};
use logbook_intake::{Bulk, GlueJob};
use logbook_model::LogId;
use logbook_pipeline::Job;
use support::Site;

const DRAIN: &str = include_str!("../../../events/schedule-bulk-drain.json");

#[tokio::test(flavor = "multi_thread")]
async fn all_that_waits_is_given_to_one_run_of_the_job() {
    let Some(aws) = Aws::find().await else {
        return;
    };
    let (product, _) = aws.product().await;
    let glue = aws_sdk_glue::Client::new(aws.clients.config());
    let job = format!("bulk-{product}");
    let command = JobCommand::builder()
        .name("glueetl")
        .script_location("s3://scripts/bulk.py");
    let create = glue
        .create_job()
        .name(&job)
        .role("arn:aws:iam::000000000000:role/bulk");
    create.command(command.build()).send().await.unwrap();
    let queue = Queue::open_sqs(&aws.clients, &aws.queue, "");
    let logs: BTreeSet<String> = (0..25).map(|n| format!("run-{n}")).collect();
    for log in &logs {
        let job = Job::new(product.clone(), LogId::new(log).unwrap(), clock());
        queue
            .send(&job.to_body(), &Attributes::new())
            .await
            .unwrap();
    }
    let mut site = Site::new().await;
    site.context.vault = Arc::new(aws.vault());
    site.context.budget = Duration::from_secs(20);
    site.context.bulk = Some(Bulk {
        queue,
        bytes: 1,
        job: GlueJob::new(aws.clients.config(), &job),
    });
    site.tell(DRAIN).await.unwrap();
    site.tell(DRAIN).await.unwrap();
    let runs = glue
        .get_job_runs()
        .job_name(&job)
        .send()
        .await
        .unwrap()
        .job_runs
        .unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let key = &runs[0].arguments().unwrap()["--manifest"];
    let manifest = aws.archive().get(key, 1 << 20).await.unwrap().unwrap();
    let text = String::from_utf8(manifest.body).unwrap();
    let given = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["log_id"].as_str().unwrap().to_owned()
    });
    assert_eq!(given.collect::<BTreeSet<_>>(), logs);
}
