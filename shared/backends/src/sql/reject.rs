//! The tables `reject` and `reject_count`: what was refused, in samples and in full number.

use std::collections::BTreeMap;

use logbook_model::{EventReject, LogReject, ProductId};

use super::log::{LogMeta, names};
use super::rows::{Cells, Connection, Query, bigint, insert, select_in, statement};
use crate::Result;

/// Samples kept of each reason in a log.
pub const MAX_SAMPLES: usize = 100;

/// One refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectSample {
    /// Why.
    pub reason: EventReject,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// The byte at which it starts.
    pub byte_offset: Option<u64>,
    /// The same for people; no content of the record.
    pub detail: String,
}

/// The refused records of a log: samples (the first [`MAX_SAMPLES`] of a reason are kept) and
/// the count of all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejects {
    /// Samples, in the order of the log.
    pub samples: Vec<RejectSample>,
    /// How many in all, by reason.
    pub counts: BTreeMap<EventReject, u64>,
}

impl Rejects {
    /// How many records were refused.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

names!(
    /// What was refused.
    Scope {
        /// The log as a whole.
        Log => "log",
        /// One record of it.
        Event => "event",
    }
);

struct SampleRow<'a> {
    meta: &'a LogMeta,
    reason: &'static str,
    ordinal: usize,
    scope: Scope,
    line: Option<u64>,
    byte_offset: Option<u64>,
    detail: &'a str,
}

struct CountRow<'a> {
    meta: &'a LogMeta,
    reason: &'static str,
    scope: Scope,
    n: u64,
}

/// The rows to insert for a batch of logs.
#[derive(Default)]
pub(super) struct RejectRows<'a> {
    samples: Vec<SampleRow<'a>>,
    counts: Vec<CountRow<'a>>,
}

impl<'a> RejectRows<'a> {
    /// Adds a log's refused records.
    pub(super) fn add_events(&mut self, meta: &'a LogMeta, rejects: &'a Rejects) {
        let mut ordinals: BTreeMap<EventReject, usize> = BTreeMap::new();
        for sample in &rejects.samples {
            let ordinal = ordinals.entry(sample.reason).or_default();
            if *ordinal < MAX_SAMPLES {
                self.samples.push(SampleRow {
                    meta,
                    reason: sample.reason.name(),
                    ordinal: *ordinal,
                    scope: Scope::Event,
                    line: sample.line,
                    byte_offset: sample.byte_offset,
                    detail: &sample.detail,
                });
            }
            *ordinal += 1;
        }
        self.counts
            .extend(rejects.counts.iter().map(|(reason, &n)| CountRow {
                meta,
                reason: reason.name(),
                scope: Scope::Event,
                n,
            }));
    }

    /// Adds the refusal of a log as a whole.
    pub(super) fn add_log(&mut self, meta: &'a LogMeta, reason: LogReject, detail: &'a str) {
        let (reason, scope) = (reason.name(), Scope::Log);
        self.samples.push(SampleRow {
            meta,
            reason,
            ordinal: 0,
            scope,
            line: None,
            byte_offset: None,
            detail,
        });
        self.counts.push(CountRow {
            meta,
            reason,
            scope,
            n: 1,
        });
    }

    pub(super) async fn insert(&self, connection: &mut Connection) -> Result<()> {
        insert(
            connection,
            "INSERT INTO reject",
            "product, log_id, reason, ordinal, scope, received_day, line, byte_offset, detail",
            &self.samples,
            bind_sample,
        )
        .await?;
        insert(
            connection,
            "INSERT INTO reject_count",
            "product, log_id, reason, scope, received_day, n",
            &self.counts,
            bind_count,
        )
        .await
    }
}

fn bind_sample<'q>(query: Query<'q>, row: &'q SampleRow<'_>) -> Query<'q> {
    query
        .bind(row.meta.product.as_str())
        .bind(row.meta.log.as_str())
        .bind(row.reason)
        .bind(row.ordinal as i64)
        .bind(row.scope.name())
        .bind(row.meta.archived_at.day().0)
        .bind(row.line.map(bigint))
        .bind(row.byte_offset.map(bigint))
        .bind(row.detail)
}

fn bind_count<'q>(query: Query<'q>, row: &'q CountRow<'_>) -> Query<'q> {
    query
        .bind(row.meta.product.as_str())
        .bind(row.meta.log.as_str())
        .bind(row.reason)
        .bind(row.scope.name())
        .bind(row.meta.archived_at.day().0)
        .bind(bigint(row.n))
}

/// Deletes what was refused of some logs.
pub(super) async fn delete_rejects(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<()> {
    let head = "SELECT DISTINCT log_id FROM reject_count WHERE product = ? AND log_id IN";
    for row in &select_in(connection, head, product, logs).await? {
        let log = Cells::new(row).text()?;
        for sql in [
            "DELETE FROM reject WHERE product = ? AND log_id = ?",
            "DELETE FROM reject_count WHERE product = ? AND log_id = ?",
        ] {
            statement(sql)
                .bind(product.as_str())
                .bind(log.as_str())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}
