//! Keys as file names and back.
//!
//! A key `a/b` is the file `a/b@` below the root. Bytes other than letters, digits, `-`, `_`
//! and an inner `.` are percent-encoded, so the `@` that ends the name of a body never comes
//! from a key: the keys `a` and `a/b` live side by side, as file `a@` and directory `a`.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Ends the file name of an object.
pub(super) const OBJECT_SUFFIX: char = '@';
const MAX_KEY_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 254;

/// Refuses what is no key in any store.
pub(super) fn check(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Error::InvalidKey {
            reason: "it must have 1 to 1024 bytes",
        });
    }
    Ok(())
}

/// The file of a key. A folder has no names for all that is a key of S3.
pub(super) fn path_of(root: &Path, key: &str) -> Result<PathBuf> {
    check(key)?;
    if key
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err(Error::InvalidKey {
            reason: "no segment may be empty, . or ..",
        });
    }
    let mut path = root.to_owned();
    let mut segments = key.split('/').peekable();
    while let Some(segment) = segments.next() {
        let mut name = encode(segment);
        if name.len() > MAX_NAME_BYTES {
            return Err(Error::InvalidKey {
                reason: "a segment is too long for a file name",
            });
        }
        if segments.peek().is_none() {
            name.push(OBJECT_SUFFIX);
        }
        path.push(name);
    }
    Ok(path)
}

/// A segment as a file name.
fn encode(segment: &str) -> String {
    let mut name = String::with_capacity(segment.len());
    for (position, byte) in segment.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (byte == b'.' && position > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            name.push('%');
            name.push_str(&crate::disk::hex(&[byte]));
        }
    }
    name
}

/// The inverse of [`encode`]; `None` for a name that it does not make.
pub(super) fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = rest.get(2..)?;
        } else {
            bytes.push(byte);
        }
    }
    let segment = String::from_utf8(bytes).ok()?;
    (encode(&segment) == name).then_some(segment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_that_could_leave_the_root_are_refused() {
        for key in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/."] {
            assert!(path_of(Path::new("/r"), key).is_err(), "{key}");
        }
        assert!(path_of(Path::new("/r"), &"x".repeat(255)).is_err());
    }

    #[test]
    fn odd_bytes_are_encoded() {
        let path = path_of(Path::new("/r"), ".a/b c/ü%.log").unwrap();
        assert_eq!(path, Path::new("/r/%2ea/b%20c/%c3%bc%25.log@"));
    }

    proptest! {
        #[test]
        fn names_round_trip(segment in "\\PC{1,40}") {
            let name = encode(&segment);
            prop_assert!(!name.contains(['/', '@']) && !name.starts_with('.'));
            prop_assert_eq!(decode(&name), Some(segment));
        }
    }
}
