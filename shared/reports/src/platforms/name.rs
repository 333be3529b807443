//! An operating system's name and version out of one text.

/// What stands for a fact that a session does not state.
pub(super) const UNKNOWN: &str = "(unknown)";

/// Name and version. The version begins with the first word that begins with a digit, or with
/// `v` and a digit; a word `version` before it belongs to neither.
pub(super) fn split(os: Option<&str>) -> (&str, &str) {
    let Some(os) = os else {
        return (UNKNOWN, UNKNOWN);
    };
    let Some(at) = version_at(os) else {
        return (os, UNKNOWN);
    };
    let (name, version) = (os[..at].trim_end(), &os[at..]);
    let without = name
        .rsplit_once(' ')
        .filter(|(_, last)| last.eq_ignore_ascii_case("version"));
    let name = without.map_or(name, |(name, _)| name.trim_end());
    if name.is_empty() {
        (os, UNKNOWN)
    } else {
        (name, version)
    }
}

fn version_at(os: &str) -> Option<usize> {
    let mut begins_word = true;
    for (at, byte) in os.bytes().enumerate() {
        let rest = &os.as_bytes()[at + 1..];
        let marked =
            byte.eq_ignore_ascii_case(&b'v') && rest.first().is_some_and(u8::is_ascii_digit);
        if begins_word && (byte.is_ascii_digit() || marked) {
            return Some(at);
        }
        begins_word = byte == b' ';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_told_apart() {
        for (os, name, version) in [
            ("Windows 11 Pro", "Windows", "11 Pro"),
            ("Windows 10 10.0 (amd64)", "Windows", "10 10.0 (amd64)"),
            ("Mac OS X 10.15.7", "Mac OS X", "10.15.7"),
            ("macOS Version 14.2", "macOS", "14.2"),
            ("Linux v6.1", "Linux", "v6.1"),
            ("win32", "win32", UNKNOWN),
            ("Linux", "Linux", UNKNOWN),
            ("10.0", "10.0", UNKNOWN),
            ("Größe 7", "Größe", "7"),
            ("version 7", "version", "7"),
        ] {
            assert_eq!(split(Some(os)), (name, version), "{os}");
        }
        assert_eq!(split(None), (UNKNOWN, UNKNOWN));
    }
}
