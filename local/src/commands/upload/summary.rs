//! What became of an upload.

use serde::Serialize;

use crate::api::ReceiptState;
use crate::output;

/// What became of all files.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) files: usize,
    pub(super) sent: usize,
    pub(super) already_there: usize,
    pub(super) refused: Vec<Refusal>,
    pub(super) parsed: usize,
    pub(super) duplicate: usize,
    pub(super) rejected: Vec<Refusal>,
    pub(super) pending: usize,
    pub(super) sessions: u64,
    pub(super) records: u64,
}

/// A file that is not taken.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    pub(super) file: String,
    pub(super) reason: String,
    pub(super) detail: String,
}

impl Summary {
    pub(super) fn settled(&mut self, file: &str, receipt: ReceiptState) {
        self.sessions += receipt.sessions.unwrap_or(0);
        self.records += receipt.records.unwrap_or(0);
        match receipt.state.as_str() {
            "parsed" => self.parsed += 1,
            "duplicate" => self.duplicate += 1,
            state => self.rejected.push(Refusal {
                file: file.to_owned(),
                reason: receipt.reason.unwrap_or_else(|| state.to_owned()),
                detail: receipt.detail.unwrap_or_default(),
            }),
        }
    }

    pub(super) fn for_people(&self, product: &str, waited: bool) -> String {
        let mut out = format!(
            "{} files for {product}: {} sent, {} there already, {} refused\n",
            self.files,
            self.sent,
            self.already_there,
            self.refused.len()
        );
        if waited {
            out.push_str(&format!(
                "{} parsed ({} sessions, {} records), {} duplicates, {} rejected, {} pending\n",
                self.parsed,
                self.sessions,
                self.records,
                self.duplicate,
                self.rejected.len(),
                self.pending
            ));
        }
        let rows: Vec<_> = self
            .refused
            .iter()
            .chain(&self.rejected)
            .map(|r| vec![r.file.clone(), r.reason.clone(), r.detail.clone()])
            .collect();
        if !rows.is_empty() {
            out.push('\n');
            out.push_str(&output::table(&["file", "reason", "because"], &rows));
        }
        out
    }
}
