//! The Glue job: what its runs are, and starting one.

use std::time::Duration;

use aws_sdk_glue::Client;
use aws_sdk_glue::config::retry::RetryConfig;
use aws_sdk_glue::config::timeout::TimeoutConfig;
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{JobRun, JobRunState};
use logbook_model::Timestamp;

use super::{BulkError, Run, RunState, Start};

/// The argument that names the manifest.
const MANIFEST: &str = "--manifest";
/// Runs asked for in one call, and calls: the service tells of the latest first.
const PAGE: i32 = 50;
const PAGES: usize = 4;

/// The job that reads logs in bulk.
#[derive(Debug, Clone)]
pub struct GlueJob {
    client: Client,
    name: String,
}

impl GlueJob {
    /// The job of this name. Nothing is asked of the service yet.
    pub fn new(config: impl Into<aws_sdk_glue::Config>, name: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(25))
            .build();
        let config = config.into().to_builder().timeout_config(timeouts).build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
        }
    }

    /// The latest runs.
    pub(super) async fn runs(&self) -> Result<Vec<Run>, BulkError> {
        let mut runs = Vec::new();
        let mut next = None;
        for _ in 0..PAGES {
            let ask = self.client.get_job_runs().job_name(&self.name);
            let got = ask.max_results(PAGE).set_next_token(next).send().await;
            let got = got.map_err(|error| failed("look at the job's runs", &error))?;
            runs.extend(got.job_runs().iter().map(run));
            next = got.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                break;
            }
        }
        Ok(runs)
    }

    /// Starts a run, with one attempt: of one without an answer the next drain learns from
    /// [`GlueJob::runs`] what became of it.
    pub(super) async fn start(&self, manifest: &str) -> Result<Start, BulkError> {
        let once = aws_sdk_glue::Config::builder().retry_config(RetryConfig::disabled());
        let start = self.client.start_job_run().job_name(&self.name);
        let started = start
            .arguments(MANIFEST, manifest)
            .customize()
            .config_override(once)
            .send()
            .await;
        match started {
            Ok(started) => Ok(Start::Started(started.job_run_id.unwrap_or_default())),
            Err(error) if is_busy(&error) => Ok(Start::Busy),
            Err(error) => Err(failed("start a run", &error)),
        }
    }
}

fn run(run: &JobRun) -> Run {
    use JobRunState::{Running, Starting, Stopping, Succeeded, Waiting};
    let state = match run.job_run_state() {
        Some(Starting | Running | Stopping | Waiting) => RunState::UnderWay,
        Some(Succeeded) => RunState::Succeeded,
        _ => RunState::Failed,
    };
    let started_at = run.started_on().map_or(0, |at| at.as_nanos() / 1000);
    let manifest = run.arguments().and_then(|all| all.get(MANIFEST));
    Run {
        id: run.id().unwrap_or_default().to_owned(),
        started_at: Timestamp(i64::try_from(started_at).unwrap_or(0)),
        state,
        manifest: manifest.cloned(),
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    let answered = error.as_service_error();
    answered.and_then(ProvideErrorMetadata::code)
}

fn is_busy<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some("ConcurrentRunsExceededException")
}

/// Of the service's own words only the code is kept.
fn failed<E: ProvideErrorMetadata, R>(action: &'static str, error: &SdkError<E, R>) -> BulkError {
    let kind = match error {
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::DispatchFailure(_) => "Unreachable",
        SdkError::ConstructionFailure(_) => "NotSent",
        _ => "BadAnswer",
    };
    BulkError::Glue {
        action,
        code: code(error).unwrap_or(kind).to_owned(),
    }
}
