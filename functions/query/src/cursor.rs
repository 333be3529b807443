//! Cursors: where a list goes on, opaque to whoever asks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_bootstrap::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::parameters::bad;

/// A key as a cursor. `list` keeps the cursors of different lists apart.
pub(crate) fn encode<K: Serialize>(list: &str, key: &K) -> String {
    // Keys are texts and numbers, which always have a JSON text.
    let json = serde_json::to_vec(&(list, key)).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

/// The key of a cursor.
pub(crate) fn decode<K: DeserializeOwned>(list: &str, text: &str) -> Result<K, Problem> {
    let read = || -> Option<K> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (of, key): (String, K) = serde_json::from_slice(&json).ok()?;
        (of == list).then_some(key)
    };
    read().ok_or_else(|| {
        bad(
            "after",
            "must be the `next` of an earlier answer of this list",
        )
    })
}

/// Cuts what was found, which is one more than a page takes if there is a next one, to a page;
/// gives the cursor of the next.
pub(crate) fn cut<T>(
    rows: &mut Vec<T>,
    limit: u32,
    cursor: impl FnOnce(&T) -> String,
) -> Option<String> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    rows.last().filter(|_| more).map(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_belong_to_one_list() {
        let cursor = encode("sessions", &(-7i64, "a/b ü"));
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        let key: (i64, String) = decode("sessions", &cursor).unwrap();
        assert_eq!(key, (-7, "a/b ü".to_owned()));
        assert!(decode::<(i64, String)>("rejects", &cursor).is_err());
        assert!(decode::<(i64, String)>("sessions", "x").is_err());
        assert!(decode::<(i64, String)>("sessions", &cursor[..8]).is_err());
    }
}
