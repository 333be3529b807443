//! How far a log has come.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::{LogRow, LogState, log_row};
use logbook_model::{LogId, ProductId, Timestamp};
use serde::Serialize;

use crate::open::TOMBSTONE;
use crate::{LogAttributes, Result, Vault, archive_key};

/// Each step of a log with its time, or the reason why it goes no further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The product.
    pub product: ProductId,
    /// The log.
    pub log_id: LogId,
    /// `pending`, `parsed`, `duplicate`, `rejected` or `erased`.
    pub state: &'static str,
    /// The way it came: `api`, `otlp`, `ticket` or `inbox`.
    pub via: &'static str,
    /// The steps done, in order.
    pub steps: Vec<ReceiptStep>,
    /// Profile and version that read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Version of the parser that read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parser_version: Option<String>,
    /// The log with the same content, where this one is a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<LogId>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Records, good and refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Refused records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects_total: Option<u64>,
    /// Sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// Lines or records in which invalid UTF-8 or NUL was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired_utf8: Option<u64>,
    /// Records that were kept though something is odd, by what it is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub flagged: BTreeMap<String, u64>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptStep {
    /// `received`, `archived`, `queued` or `parsed`.
    pub step: &'static str,
    /// When.
    pub at: Timestamp,
}

/// The receipt of a log: from its row if there is one, or else from the archive; `None` where
/// neither knows it.
pub async fn receipt(
    vault: &Vault,
    database: &Database,
    product: &ProductId,
    log: &LogId,
) -> Result<Option<Receipt>> {
    if let Some(row) = log_row(database, product, log).await? {
        return Ok(Some(of_row(row)));
    }
    let Some(head) = vault.archive.head(&archive_key(product, log)).await? else {
        return Ok(None);
    };
    let erased = head.metadata.contains_key(TOMBSTONE);
    let attributes = LogAttributes::from_headers(&head.metadata).ok();
    let received_at = attributes
        .as_ref()
        .map_or(head.created_at, |a| a.received_at);
    Ok(Some(Receipt {
        product: product.clone(),
        log_id: log.clone(),
        state: if erased {
            LogState::Erased.name()
        } else {
            "pending"
        },
        via: attributes.map_or("inbox", |a| a.via.name()),
        steps: vec![
            step("received", received_at),
            step("archived", head.created_at),
        ],
        profile: None,
        parser_version: None,
        duplicate_of: None,
        reason: None,
        detail: None,
        records: None,
        rejects_total: None,
        sessions: None,
        repaired_utf8: None,
        flagged: BTreeMap::new(),
    }))
}

const fn step(step: &'static str, at: Timestamp) -> ReceiptStep {
    ReceiptStep { step, at }
}

fn of_row(row: LogRow) -> Receipt {
    let mut steps = vec![
        step("received", row.meta.received_at),
        step("archived", row.meta.archived_at),
    ];
    steps.extend(row.meta.queued_at.map(|at| step("queued", at)));
    steps.push(step("parsed", row.meta.parsed_at));
    let parsed = row.state == LogState::Parsed;
    Receipt {
        product: row.meta.product,
        log_id: row.meta.log,
        state: row.state.name(),
        via: row.meta.via.name(),
        steps,
        profile: (!row.meta.profile.is_empty()).then_some(row.meta.profile),
        parser_version: Some(row.meta.parser_version),
        duplicate_of: row.duplicate_of,
        reason: row.reason.map(logbook_model::LogReject::name),
        detail: row.detail,
        records: parsed.then_some(row.records),
        rejects_total: parsed.then_some(row.rejects_total),
        sessions: parsed.then_some(row.sessions),
        repaired_utf8: parsed.then_some(row.repaired_utf8),
        flagged: row.flagged,
    }
}
