//! The profiles that come with Logbook, and which of them fits a log.

use std::sync::LazyLock;

use crate::profile::Profile;

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

static COMPILED: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let compiled = TEXTS.iter().map(|(_, text)| Profile::from_toml(text));
    // A test compiles each of them, so that none is ever left out here.
    compiled.filter_map(Result::ok).collect()
});

/// Ids and TOML texts of the built-in profiles, the default first.
pub fn builtin_texts() -> &'static [(&'static str, &'static str)] {
    TEXTS
}

/// The built-in profile of a name.
pub fn builtin(id: &str) -> Option<&'static Profile> {
    COMPILED.iter().find(|profile| profile.id() == id)
}

/// The built-in profile that fits the beginning of an inflated log best; `None` where none
/// does.
pub fn guess(head: &[u8]) -> Option<&'static Profile> {
    if is_otlp_protobuf(head) {
        return builtin("otlp");
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(HEAD_BYTES)]);
    let text = text.trim_start_matches('\u{feff}');
    let fits = COMPILED
        .iter()
        .filter_map(|profile| Some((fit(profile, text)?, profile)));
    // The first of equals: `max_by_key` would take the last.
    fits.rev()
        .max_by_key(|(priority, _)| *priority)
        .map(|(_, profile)| profile)
}

fn fit(profile: &Profile, text: &str) -> Option<i32> {
    let fitting = profile
        .detect
        .iter()
        .filter(|(_, pattern)| pattern.is_match(text));
    fitting.map(|(priority, _)| *priority).max()
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
}
