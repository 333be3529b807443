//! Records that come before the resource or the scope they belong to.

use crate::interpret::Position;
use crate::limits::Limits;

/// Records' bytes kept at most, in records of the largest size. By default that is more than any
/// one request that is sent over HTTP; what is larger was written to a file.
const KEPT_RECORDS: usize = 8;
/// What keeping a piece costs besides its bytes.
const OVERHEAD_BYTES: usize = 64;

/// What came, of an object that has an owner (its resource, or its scope) and records.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// The owner came.
    owned: bool,
    /// Records were read without it.
    read: bool,
    /// Records kept until it comes, and where they begin.
    kept: Vec<(Position, Vec<u8>)>,
    kept_bytes: usize,
}

impl Early {
    /// Most bytes that are kept.
    pub(super) const fn bound(limits: &Limits) -> usize {
        limits.record_bytes.saturating_mul(KEPT_RECORDS)
    }

    /// How many bytes of records may wait.
    pub(super) const fn room(&self, limits: &Limits) -> usize {
        if self.owned || self.read {
            0
        } else {
            Self::bound(limits).saturating_sub(self.kept_bytes)
        }
    }

    /// Keeps records until their owner comes.
    pub(super) fn keep(&mut self, at: Position, bytes: &[u8]) {
        self.kept_bytes += bytes.len() + OVERHEAD_BYTES;
        self.kept.push((at, bytes.to_vec()));
    }

    /// Records are kept.
    pub(super) const fn waits(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Records are read now; whether without their owner.
    pub(super) const fn reads(&mut self) -> bool {
        self.read = !self.owned;
        self.read
    }

    /// The owner comes; whether after records of its own that were read without it.
    pub(super) const fn owner(&mut self) -> bool {
        self.owned = true;
        self.read
    }

    /// The records that were kept, in order.
    pub(super) fn take(&mut self) -> Vec<(Position, Vec<u8>)> {
        std::mem::take(&mut self.kept)
    }
}
