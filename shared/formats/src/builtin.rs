//! The profiles that come with Logbook, and which of them fits a log.

use std::cmp::Reverse;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;

use crate::profile::{Detect, Profile};

/// Bytes at the head of a log by which a profile is guessed.
pub const HEAD_BYTES: usize = 64 * 1024;

macro_rules! builtins {
    ($($id:literal),+ $(,)?) => {
        &[$(($id, include_str!(concat!("../../../profiles/", $id, ".toml")))),+]
    };
}

/// Id and TOML text of each, the default first.
const TEXTS: &[(&str, &str)] = builtins![
    "logbook",
    "otlp",
    "jetbrains-fus",
    "eclipse-udc",
    "idea-log",
    "elastic-apm",
    "minecraft",
    "eclipse-log",
];

/// Each is compiled when a log first asks for it: to compile all of them takes longer than to
/// parse a log.
static COMPILED: [OnceLock<Option<Profile>>; TEXTS.len()] =
    [const { OnceLock::new() }; TEXTS.len()];

fn compiled(at: usize) -> Option<&'static Profile> {
    // A test compiles each of them, so that none is ever missing here.
    COMPILED[at]
        .get_or_init(|| Profile::from_toml(TEXTS[at].1).ok())
        .as_ref()
}

/// What of a profile says which logs are its own.
#[derive(Default, Deserialize)]
struct Known {
    detect: Vec<Detect>,
}

/// A pattern by which a log of a profile is known.
struct Sign {
    profile: usize,
    detect: Detect,
    compiled: OnceLock<Option<Regex>>,
}

impl Sign {
    fn fits(&self, text: &str) -> bool {
        let compiled = || Regex::new(&self.detect.pattern).ok();
        let pattern = self.compiled.get_or_init(compiled);
        pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(text))
    }
}

/// All patterns, those of the highest priority first; of equals in the order of the profiles.
static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let mut signs = Vec::new();
    for (profile, (_, text)) in TEXTS.iter().enumerate() {
        let known: Known = toml::from_str(text).unwrap_or_default();
        signs.extend(known.detect.into_iter().map(|detect| Sign {
            profile,
            detect,
            compiled: OnceLock::new(),
        }));
    }
    signs.sort_by_key(|sign| Reverse(sign.detect.priority));
    signs
});

/// Ids and TOML texts of the built-in profiles, the default first.
pub fn builtin_texts() -> &'static [(&'static str, &'static str)] {
    TEXTS
}

/// The built-in profile of a name.
pub fn builtin(id: &str) -> Option<&'static Profile> {
    let at = TEXTS.iter().position(|(name, _)| *name == id)?;
    compiled(at)
}

/// The built-in profile that fits the beginning of an inflated log best; `None` where none
/// does.
pub fn guess(head: &[u8]) -> Option<&'static Profile> {
    if is_otlp_protobuf(head) {
        return builtin("otlp");
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(HEAD_BYTES)]);
    let text = text.trim_start_matches('\u{feff}');
    let sign = SIGNS.iter().find(|sign| sign.fits(text))?;
    compiled(sign.profile)
}

/// The first bytes of an `ExportLogsServiceRequest`: field 1, length-delimited, holding a
/// `ResourceLogs` whose own first field is 1, 2 or 3, length-delimited.
fn is_otlp_protobuf(head: &[u8]) -> bool {
    if head.first() != Some(&0x0a) {
        return false;
    }
    let length = head[1..]
        .iter()
        .take(10)
        .take_while(|&&b| b & 0x80 != 0)
        .count()
        + 1;
    matches!(head.get(1 + length), Some(0x0a | 0x12 | 0x1a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_profile_compiles_under_its_own_name() {
        for (id, text) in TEXTS {
            match Profile::from_toml(text) {
                Ok(profile) => assert_eq!(profile.id(), *id),
                Err(error) => panic!("profiles/{id}.toml: {error}"),
            }
        }
    }

    #[test]
    fn every_builtin_profile_says_by_patterns_that_compile_which_logs_are_its_own() {
        for (at, (id, _)) in TEXTS.iter().enumerate() {
            let mut own = SIGNS.iter().filter(|sign| sign.profile == at).peekable();
            assert!(own.peek().is_some(), "{id}");
            assert!(
                own.all(|sign| Regex::new(&sign.detect.pattern).is_ok()),
                "{id}"
            );
        }
    }
}
