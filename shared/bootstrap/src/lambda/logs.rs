//! Logs as CloudWatch reads them: a JSON object a line, with the keys of Powertools for AWS
//! Lambda, and metrics in the embedded metric format (EMF).
//!
//! Sources: the key names of Powertools' logger (`level`, `location`, `message`, `timestamp`,
//! `service`, `cold_start`, `function_name`, `function_memory_size`, `function_request_id`,
//! `xray_trace_id`); the CloudWatch embedded metric format specification.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use logbook_model::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::metrics;

const NAMESPACE: &str = "Logbook";

/// What is said of the function in every line.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// The stage of the pipeline: `parse`, say.
    pub(super) service: &'static str,
    pub(super) name: String,
    pub(super) memory_mb: String,
    /// What the installation is for.
    pub(super) stage: String,
}

/// What of the logs is written at a level: ours at that, those of libraries from warnings on, because
/// at finer levels they write out what they send and receive. The runtime's span, which knows the
/// request, and metrics are there at any level.
fn filter(level: &str) -> String {
    let levels = ["error", "warn", "info", "debug", "trace"];
    let level = levels
        .into_iter()
        .find(|known| *known == level)
        .unwrap_or("info");
    let others = if level == "error" { "error" } else { "warn" };
    format!(
        "{others},logbook={level},{}=info,lambda_runtime::layers::trace=info",
        metrics::TARGET
    )
}

/// Whether the invocation at hand is the first of this container.
static COLD: AtomicBool = AtomicBool::new(true);

/// Ends the first invocation; `true` if this was it.
pub(super) fn warm_up() -> bool {
    COLD.swap(false, Ordering::Relaxed)
}

/// Starts logging to standard output at a level; a second call changes nothing.
pub(super) fn start(function: Function, level: &str, now: fn() -> Timestamp) {
    let filter = EnvFilter::builder().parse_lossy(filter(level));
    let lines = Lines {
        function,
        now,
        write: |line| {
            // Nobody is left to be told that a log line cannot be written.
            let _ = io::stdout().lock().write_all(line.as_bytes());
        },
    };
    if tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .is_err()
    {
        tracing::debug!("logging was started already");
    }
}

/// Writes events as lines.
struct Lines {
    function: Function,
    now: fn() -> Timestamp,
    write: fn(&str),
}

/// What the runtime's span says of an invocation.
#[derive(Default)]
struct Invocation {
    request_id: Option<String>,
    trace_id: Option<String>,
}

impl Visit for Invocation {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, format!("{value:?}").trim_matches('"'));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "requestId" => self.request_id = Some(value.to_owned()),
            "xrayTraceId" => self.trace_id = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// An event's fields as JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut invocation = Invocation::default();
        attributes.record(&mut invocation);
        if let (Some(span), true) = (context.span(id), invocation.request_id.is_some()) {
            span.extensions_mut().insert(invocation);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let at = (self.now)();
        let mut line = if event.metadata().target() == metrics::TARGET {
            self.metric(&fields.0, at)
        } else {
            self.line(event, fields.0, at)
        };
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(invocation) = span.extensions().get::<Invocation>() {
                line.insert(
                    "function_request_id".to_owned(),
                    json!(invocation.request_id),
                );
                line.insert("xray_trace_id".to_owned(), json!(invocation.trace_id));
            }
        }
        let mut text = String::with_capacity(512);
        if writeln!(text, "{}", Value::Object(line)).is_ok() {
            (self.write)(&text);
        }
    }
}

impl Lines {
    fn line(
        &self,
        event: &Event<'_>,
        mut fields: Map<String, Value>,
        at: Timestamp,
    ) -> Map<String, Value> {
        let metadata = event.metadata();
        let place = format!(
            "{}:{}",
            metadata.target(),
            metadata.line().unwrap_or_default()
        );
        let message = fields.remove("message").unwrap_or_default();
        let mut line = Map::new();
        for (name, value) in [
            ("level", json!(metadata.level().as_str())),
            ("location", json!(place)),
            ("message", message),
            ("timestamp", json!(at.to_string())),
            ("service", json!(self.function.service)),
            ("stage", json!(self.function.stage)),
            ("cold_start", json!(COLD.load(Ordering::Relaxed))),
            ("function_name", json!(self.function.name)),
            ("function_memory_size", json!(self.function.memory_mb)),
        ] {
            line.insert(name.to_owned(), value);
        }
        line.append(&mut fields);
        line
    }

    /// One metric as an EMF line.
    fn metric(&self, fields: &Map<String, Value>, at: Timestamp) -> Map<String, Value> {
        let name = fields
            .get("metric")
            .and_then(Value::as_str)
            .unwrap_or("Unnamed");
        let unit = fields.get("unit").cloned().unwrap_or_else(|| json!("None"));
        let directive = json!({
            "Timestamp": at.0.div_euclid(1000),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["service", "stage"]],
                "Metrics": [{"Name": name, "Unit": unit}],
            }],
        });
        let mut line = Map::new();
        line.insert("_aws".to_owned(), directive);
        line.insert("service".to_owned(), json!(self.function.service));
        line.insert("stage".to_owned(), json!(self.function.stage));
        line.insert("function_name".to_owned(), json!(self.function.name));
        line.insert(
            name.to_owned(),
            fields.get("value").cloned().unwrap_or_default(),
        );
        line
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static WRITTEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    #[test]
    fn lines_bear_the_keys_of_powertools_and_metrics_are_emf() {
        let lines = Lines {
            function: Function {
                service: "parse",
                name: "logbook-parse".to_owned(),
                memory_mb: "512".to_owned(),
                stage: "test".to_owned(),
            },
            now: || Timestamp(1_767_225_600_000_000),
            write: |line| WRITTEN.lock().unwrap().push(line.to_owned()),
        };
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("invoke", requestId = "r-1", xrayTraceId = "Root=1-2");
            let _entered = span.enter();
            tracing::warn!(log_id = "a", n = 3, "log rejected");
            metrics::count("LogsRejected", 3);
            metrics::count("LogsRejected", 0);
        });
        let written = WRITTEN.lock().unwrap();
        assert_eq!(written.len(), 2, "{written:?}");
        let line: Value = serde_json::from_str(&written[0]).unwrap();
        let location = line["location"].as_str().unwrap();
        assert!(location.starts_with("logbook_bootstrap::lambda::logs"));
        let mut line = line.clone();
        line["location"] = json!("here");
        assert_eq!(
            line,
            json!({
                "level": "WARN", "location": "here", "message": "log rejected",
                "timestamp": "2026-01-01T00:00:00Z", "service": "parse", "stage": "test",
                "cold_start": COLD.load(Ordering::Relaxed),
                "function_name": "logbook-parse", "function_memory_size": "512",
                "function_request_id": "r-1", "xray_trace_id": "Root=1-2",
                "log_id": "a", "n": 3,
            })
        );
        let metric: Value = serde_json::from_str(&written[1]).unwrap();
        assert_eq!(
            metric,
            json!({
                "_aws": {
                    "Timestamp": 1_767_225_600_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Logbook", "Dimensions": [["service", "stage"]],
                        "Metrics": [{"Name": "LogsRejected", "Unit": "Count"}],
                    }],
                },
                "service": "parse", "stage": "test", "function_name": "logbook-parse",
                "LogsRejected": 3.0,
                "function_request_id": "r-1", "xray_trace_id": "Root=1-2",
            })
        );
    }
}
