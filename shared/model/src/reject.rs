//! Why something was refused. The names are part of the delivery contract and never change.

use serde::{Deserialize, Serialize};

use crate::status::closed_names;

/// Why one record of a log was refused; the log goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventReject {
    /// Not what the format asks for: broken JSON, text that starts no record, a bad enum name.
    Broken,
    /// Nested deeper than the bound.
    TooDeep,
    /// Longer than the bound.
    TooLong,
    /// A row with more or fewer cells than its header.
    WrongCells,
    /// A number, or a date, that its field cannot hold.
    OutOfRange,
    /// A time that the profile's format does not fit.
    BadTime,
    /// Nothing from which the event's name could be made.
    NoName,
    /// Beyond the bound on events a log, or on sessions a log.
    OverBound,
}

closed_names!(EventReject {
    Broken => "broken",
    TooDeep => "too_deep",
    TooLong => "too_long",
    WrongCells => "wrong_cells",
    OutOfRange => "out_of_range",
    BadTime => "bad_time",
    NoName => "no_name",
    OverBound => "over_bound",
});

/// Why a log as a whole was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogReject {
    /// It has no bytes, or nothing but blank lines and a header.
    Empty,
    /// Its content is not what its profile or content type says.
    WrongFormat,
    /// A compressed stream or a document that ends too early.
    Truncated,
    /// A compressed stream that is damaged.
    Corrupt,
    /// It inflates beyond the bound.
    Bomb,
    /// The sealed object's tag does not fit its bytes.
    WrongTag,
    /// The sealed object was made under another key, or its key cannot be unwrapped.
    WrongKey,
    /// The sealed object belongs to another product or another log id.
    WrongContext,
    /// Larger than the bound on sealed logs.
    TooLarge,
    /// Not one record of it was good.
    NoGoodRecord,
    /// No such product is registered.
    UnknownProduct,
    /// The log's own consent is `off`.
    ConsentOff,
    /// Its id was taken by a log of other content before it came out of the inbox.
    IdConflict,
}

closed_names!(LogReject {
    Empty => "empty",
    WrongFormat => "wrong_format",
    Truncated => "truncated",
    Corrupt => "corrupt",
    Bomb => "bomb",
    WrongTag => "wrong_tag",
    WrongKey => "wrong_key",
    WrongContext => "wrong_context",
    TooLarge => "too_large",
    NoGoodRecord => "no_good_record",
    UnknownProduct => "unknown_product",
    ConsentOff => "consent_off",
    IdConflict => "id_conflict",
});
