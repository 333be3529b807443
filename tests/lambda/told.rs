//! What a function tells, in logs and metrics, and what template.yaml watches of it.

#![allow(dead_code, reason = "each test program uses its share")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Once;

use serde_json::Value;

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is told on this thread from the making of it on.
pub(crate) struct Told;

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Told {
    pub(crate) fn listen() -> Self {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
                .with_writer(|| Lines)
                .init();
        });
        LINES.with_borrow_mut(Vec::clear);
        Self
    }

    /// The metrics given since the last look, in order.
    #[allow(clippy::unused_self, reason = "who has it has begun to listen")]
    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        let lines = LINES.take();
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
