//! What a function tells, in logs and metrics, and what template.yaml watches of it.

#![allow(dead_code, reason = "each test program uses its share")]

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;

/// What is told on this thread from the making of it on.
pub(crate) struct Told {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Told {
    pub(crate) fn listen() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || Lines(Arc::clone(&to)))
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The metrics given since the last look, in order.
    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        let lines = String::from_utf8(lines).unwrap();
        let events = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events
            .filter(|event| event["target"] == "logbook::metric")
            .map(|event| {
                let name = event["metric"].as_str().unwrap().to_owned();
                (name, event["value"].as_f64().unwrap())
            })
            .collect()
    }
}

/// The value of a metric among those given.
pub(crate) fn value(metrics: &[(String, f64)], name: &str) -> Option<f64> {
    let named = metrics.iter().rev().find(|(given, _)| given == name);
    named.map(|(_, value)| *value)
}

/// The metrics of a function that alarms or the dashboard of template.yaml look at.
pub(crate) fn watched(service: &str) -> BTreeSet<String> {
    let template = include_str!("../../template.yaml");
    let mut watched = BTreeSet::new();
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    for (at, line) in lines.iter().enumerate() {
        if *line == "Namespace: Logbook" {
            let name = lines[at + 1].strip_prefix("MetricName: ").unwrap();
            if lines[at + 2].contains(&format!("Value: {service}}}")) {
                watched.insert(name.to_owned());
            }
        }
    }
    let of_service = format!("\",\"service\",\"{service}\"");
    for before in template.split(&of_service) {
        if let Some((_, name)) = before.rsplit_once("[\"Logbook\",\"")
            && !name.contains('"')
        {
            watched.insert(name.to_owned());
        }
    }
    watched
}
