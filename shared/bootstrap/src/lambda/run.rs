//! The runtime: events in, answers out, with logs and metrics about each.

use std::convert::Infallible;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use lambda_http::RequestExt as _;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use logbook_backends::trace;
use logbook_model::Timestamp;
use logbook_pipeline::steps;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use super::logs::{self, Function};
use super::{Environment, Stores};
use crate::{Claims, metrics};

/// The clock.
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(elapsed.as_micros() as i64)
}

/// A function's program: starts logging, and serves until the runtime ends. `service` is the name of
/// the function in the pipeline, `parse` say. What keeps it from serving is logged, and ends it.
pub async fn program<Serving>(
    service: &'static str,
    serve: impl FnOnce(Stores) -> Serving,
) -> ExitCode
where
    Serving: Future<Output = Result<(), Error>>,
{
    let served = match Stores::open(start(service)) {
        Ok(stores) => serve(stores).await,
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Starts logging, at the level of `LOGBOOK_LOG_LEVEL` or else `info`, and gives the environment.
fn start(service: &'static str) -> Environment {
    let environment = Environment::of_process();
    let text = |name| environment.text_or_none(name);
    let function = Function {
        service,
        name: text("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        memory_mb: text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").unwrap_or_default(),
        stage: text("LOGBOOK_STAGE").unwrap_or_default(),
    };
    let level = text("LOGBOOK_LOG_LEVEL").unwrap_or_else(|| "info".to_owned());
    logs::start(function, &level, now);
    die_where_told(environment);
    environment
}

/// For tests: `LOGBOOK_KILL_AT` names a step (`STEP` or `STEP:N`) at which the process is to die,
/// as the machine under it might.
fn die_where_told(environment: Environment) {
    let Some(told) = environment.text_or_none("LOGBOOK_KILL_AT") else {
        return;
    };
    let (step, nth) = told.split_once(':').unwrap_or((&told, "1"));
    tracing::warn!(step, nth, "told to die");
    steps::kill_at(step, nth.parse().unwrap_or(1));
}

/// Answers events with `handle` until the runtime ends.
pub async fn run<Context, Input, Output, Fault, Handling>(
    context: Context,
    handle: fn(Arc<Context>, Input) -> Handling,
) -> Result<(), Error>
where
    Context: Send + Sync + 'static,
    Input: DeserializeOwned + Send + 'static,
    Output: Serialize + Send + 'static,
    Fault: std::error::Error + Send + 'static,
    Handling: Future<Output = Result<Output, Fault>> + Send + 'static,
{
    let context = Arc::new(context);
    let service = service_fn(|event: LambdaEvent<Input>| {
        let context = Arc::clone(&context);
        async move {
            let trace = event.context.xray_trace_id;
            let handling = Box::pin(handle(context, event.payload));
            let handled = trace::within(trace, handling).await;
            count_start();
            handled.map_err(|fault| {
                // What the runtime answers is seen by whoever invoked: kind and text only.
                Diagnostic {
                    error_type: "Logbook.Failed".to_owned(),
                    error_message: fault.to_string(),
                }
            })
        }
    });
    lambda_runtime::run(service).await
}

/// Answers requests of API Gateway with a router until the runtime ends.
pub async fn run_http(router: Router) -> Result<(), Error> {
    let service = service_fn(|request: lambda_http::Request| {
        let router = router.clone();
        async move {
            let claims = claims(&request);
            let mut request = request.map(into_body);
            if let Some(claims) = claims {
                request.extensions_mut().insert(claims);
            }
            let response = router.oneshot(request).await?;
            count_start();
            Ok::<_, Infallible>(response)
        }
    });
    lambda_http::run(service).await
}

/// What the gateway found in the request's token.
fn claims(request: &lambda_http::Request) -> Option<Claims> {
    let context = request.request_context_ref()?;
    let jwt = context.authorizer()?.jwt.as_ref()?;
    Some(Claims::new(jwt.claims.clone()))
}

fn into_body(body: lambda_http::Body) -> axum::body::Body {
    match body {
        lambda_http::Body::Text(text) => text.into(),
        lambda_http::Body::Binary(bytes) => bytes.into(),
        _ => axum::body::Body::empty(),
    }
}

fn count_start() {
    if logs::warm_up() {
        metrics::count("ColdStart", 1);
    }
}
