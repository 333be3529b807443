//! What goes wrong, in words.

use crate::releases::{BROKEN_FEATURE, V4_2_0};
use crate::rng::Rng;

/// Handled errors: the module they arise in (empty: any), and what the log says.
const ERRORS: [(&str, &str); 16] = [
    (
        "",
        "E1001 operation cancelled: selection changed after {} ms",
    ),
    ("", "E1002 out of undo memory: {} KiB needed"),
    (
        "document",
        "E1101 file is locked by another user: attempt {}",
    ),
    ("document", "E1105 autosave folder is full: {} KiB missing"),
    ("image", "E2101 linked file not found: item {}"),
    ("image", "E2104 unsupported colour space: item {}"),
    ("text", "E2201 missing glyph: U+{}"),
    ("table", "E2305 row {} has too many cells"),
    ("export", "E3203 font cannot be embedded: page {}"),
    (
        "export",
        "E3207 transparency could not be flattened: page {}",
    ),
    ("print", "E3301 printer does not answer after {} ms"),
    ("prepress", "E3402 ink limit exceeded on page {}"),
    ("datamerge", "E3510 record {} has no value for a field"),
    ("collab", "E4010 network timeout after {} ms"),
    ("assistant", "E4031 service is busy: retry in {} s"),
    ("fonts", "E4105 licence server refused seat {}"),
];

const UNHANDLED: [&str; 3] = [
    "unhandled exception: std::out_of_range at index {}",
    "unhandled exception: QJsonParseError at offset {}",
    "unhandled exception: bad_weak_ptr in panel {}",
];

const CRASHES: [&str; 5] = [
    "SIGSEGV in StoryComposer::reflow at frame {}",
    "SIGABRT in LinkManager::poll: assertion failed: link != null, item {}",
    "EXCEPTION_ACCESS_VIOLATION in gpu::Canvas::present at tile {}",
    "std::bad_alloc in RasterCache::grow: {} KiB",
    "SIGSEGV in UndoStack::merge at step {}",
];

const BAD_RELEASE_ERROR: &str = "E2107 embedded profile has no white point: item {}";
const BAD_RELEASE_UNHANDLED: &str = "unhandled exception: IccTagMissing in item {}";
const BAD_RELEASE_CRASH: &str =
    "SIGSEGV in IccProfile::whitePoint (place_image.cpp:412) at item {}";

/// How bad a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Warning,
    Error,
    Unhandled,
    Crash,
}

/// What a record says of a fault: a text with a place for a number, and the number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub(crate) text: &'static str,
    pub(crate) number: u32,
}

/// The message of a fault in a feature under a release.
pub(crate) fn message(rng: &mut Rng, fault: Fault, feature: &str, release: u8) -> Message {
    let bad = release == V4_2_0 && feature == BROKEN_FEATURE && rng.chance(930_000);
    let number = rng.below(400) as u32 + 1;
    let text = match fault {
        Fault::Warning => "W0107 slow response after {} ms",
        Fault::Error if bad => BAD_RELEASE_ERROR,
        Fault::Unhandled if bad => BAD_RELEASE_UNHANDLED,
        Fault::Crash if bad => BAD_RELEASE_CRASH,
        Fault::Error => error_text(rng, feature),
        Fault::Unhandled => UNHANDLED[rng.below(3) as usize],
        Fault::Crash => CRASHES[rng.weighted(&[34, 25, 20, 12, 9])],
    };
    Message { text, number }
}

/// Mostly one that belongs to the module.
fn error_text(rng: &mut Rng, feature: &str) -> &'static str {
    let module = feature.split('.').next().unwrap_or_default();
    let own = || ERRORS.iter().filter(|(held, _)| *held == module);
    let count = own().count() as u64;
    let picked = if count > 0 && rng.chance(850_000) {
        own().nth(rng.below(count) as usize)
    } else {
        ERRORS.get(rng.below(2) as usize)
    };
    picked.map_or(ERRORS[0].1, |&(_, text)| text)
}
