//! Bounds on what a log may ask for. Each stands for a cost that one upload could otherwise
//! lay on everybody else.

/// The bounds under which a log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest line or record, in bytes: what must be in memory at once.
    pub record_bytes: usize,
    /// Deepest nesting of JSON or of OTLP values: what could exhaust the stack.
    pub depth: usize,
    /// Most good records a log: what a sequence number must hold, and a replay must redo.
    pub events: u32,
    /// Most sessions a log: rows to be locked and folded in one transaction.
    pub sessions: u32,
    /// Most names a session; the rest is counted under `(other)`.
    pub names_per_session: usize,
    /// Most names of all sessions of a log together, so that memory has one bound too.
    pub names_per_log: usize,
    /// Samples of rejects kept, for each reason.
    pub reject_samples: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 1 << 20,
            depth: 64,
            events: 50_000_000,
            sessions: 10_000,
            names_per_session: 10_000,
            names_per_log: 60_000,
            reject_samples: 100,
        }
    }
}
