//! The uploads before they are made.

use std::ops::Range;

use crate::junk::Junk;
use crate::packing::pack;
use crate::upload::Route;
use crate::world::World;

/// The records of a run that stand in one log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) run: u32,
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// These are all.
    pub(crate) whole: bool,
}

/// What is odd about the bytes of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// One line in the middle is half a line.
    BrokenLine,
    /// One line has bytes that are no UTF-8.
    InvalidUtf8,
    Crlf,
    ByteOrderMark,
    /// A gzip stream that ends too early.
    Truncated,
    /// A gzip stream with a wrong checksum.
    Corrupt,
}

/// A log before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// Range in [`Plan::slices`].
    pub(crate) slices: Range<u32>,
    pub(crate) route: Route,
    pub(crate) zip: bool,
    pub(crate) flaw: Flaw,
}

/// What an upload holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Log(Log),
    Junk(Junk),
}

/// What an upload is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    First,
    /// The same as the upload of this number.
    Again(u32),
    /// The id of another, with other content.
    Conflict,
}

/// An upload before it is made.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) received_ms: i64,
    /// What its id is made of.
    pub(crate) number: u32,
    pub(crate) content: Content,
    pub(crate) fate: Fate,
}

/// All uploads, in the order of their receipt.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) slices: Vec<Slice>,
    pub(crate) planned: Vec<Planned>,
}

impl Plan {
    pub(crate) fn new(world: &World) -> Self {
        let (slices, mut planned) = pack(world);
        // Stable: what repeats another stays behind it.
        planned.sort_by_key(|upload| upload.received_ms);
        Self { slices, planned }
    }
}
