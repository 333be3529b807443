//! What a run of the job is given: JSON lines of product and log.

use std::collections::BTreeSet;
use std::fmt::Write;

use logbook_model::{LogId, ProductId};
use logbook_pipeline::Job;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const PREFIX: &str = "state/bulk/";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) product: ProductId,
    pub(super) log_id: LogId,
}

impl Entry {
    pub(super) fn of(job: &Job) -> Self {
        Self {
            product: job.product.clone(),
            log_id: job.log_id.clone(),
        }
    }
}

/// The lines, each log once and in order: the same logs make the same bytes, and those the same key.
pub(super) struct Manifest {
    body: String,
    logs: usize,
}

impl Manifest {
    pub(super) fn new<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let entries: BTreeSet<&Entry> = entries.collect();
        let mut body = String::new();
        for entry in &entries {
            // Ids are plain text: there is nothing that JSON could not hold.
            body.push_str(&serde_json::to_string(entry).unwrap_or_default());
            body.push('\n');
        }
        Self {
            body,
            logs: entries.len(),
        }
    }

    pub(super) fn key(&self) -> String {
        let mut key = PREFIX.to_owned();
        for byte in &Sha256::digest(self.body.as_bytes())[..16] {
            // Writing to a string does not fail.
            let _ = write!(key, "{byte:02x}");
        }
        key + ".jsonl"
    }

    pub(super) const fn logs(&self) -> usize {
        self.logs
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body.into_bytes()
    }
}

/// The lines of a manifest; what is none is passed over.
pub(super) fn read(body: &[u8]) -> impl Iterator<Item = Entry> {
    let lines = body.split(|&byte| byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(log: &str) -> Entry {
        Entry {
            product: ProductId::new("editor").unwrap(),
            log_id: LogId::new(log).unwrap(),
        }
    }

    #[test]
    fn the_key_is_a_function_of_the_logs_however_they_came() {
        let (a, b) = (entry("a"), entry("b"));
        let one = Manifest::new([&a, &b].into_iter());
        let other = Manifest::new([&b, &a, &b].into_iter());
        assert_eq!((one.key(), one.logs()), (other.key(), 2));
        assert_ne!(one.key(), Manifest::new([&a].into_iter()).key());
        let body = one.into_body();
        assert_eq!(
            String::from_utf8_lossy(&body),
            "{\"product\":\"editor\",\"log_id\":\"a\"}\n{\"product\":\"editor\",\"log_id\":\"b\"}\n"
        );
        assert_eq!(read(&body).collect::<Vec<_>>(), [a, b]);
    }
}
