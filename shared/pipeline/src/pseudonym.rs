//! Names of people become keyed hashes before anything is written outside a sealed log.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use logbook_backends::SecretKey;
use logbook_model::SessionFacts;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Marks a text that is a pseudonym already.
const MARK: &str = "p:";
/// Bytes of the hash that are kept: 120 bits, so that no two people of a product ever meet.
const KEPT: usize = 15;

/// The pseudonym of a text under a product's key: HMAC-SHA-256, 120 bits of it. Whatever the text
/// is: one that looks like a pseudonym may be a name, or somebody else's.
pub fn pseudonym(key: &SecretKey, kind: &str, text: &str) -> String {
    let mut mac = keyed(key.expose());
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(text.trim().as_bytes());
    let hash = mac.finalize().into_bytes();
    format!("{MARK}{}", URL_SAFE_NO_PAD.encode(&hash[..KEPT]))
}

/// Whether a text has the form of a pseudonym. That says something only of one that was hidden here.
pub(crate) fn is_pseudonym(text: &str) -> bool {
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let hash = text.strip_prefix(MARK).unwrap_or_default();
    hash.len() == KEPT * 8 / 6 && hash.bytes().all(url_safe)
}

/// What an uploader says, with its people hidden, and its account unless the product keeps
/// accounts readable. Of a ticket they are `hidden` already, since it was issued.
pub(crate) fn pseudonymise(
    key: &SecretKey,
    metadata: BTreeMap<String, String>,
    readable_accounts: bool,
    hidden: bool,
) -> BTreeMap<String, String> {
    let hide = |(name, value): (String, String)| {
        let value = match name.as_str() {
            _ if hidden && is_pseudonym(&value) => value,
            "user" | "installation" => pseudonym(key, &name, &value),
            "account" if !readable_accounts => pseudonym(key, &name, &value),
            _ => value,
        };
        (name, value)
    };
    metadata.into_iter().map(hide).collect()
}

/// A session's facts, with its people hidden. Those that came with the log are so already, but for
/// an account that was readable then.
pub(crate) fn hide_people(
    key: &SecretKey,
    facts: &mut SessionFacts,
    readable_accounts: bool,
    hidden: &BTreeMap<String, String>,
) {
    let hide = |kind: &str, fact: &mut Option<String>| {
        let is_hidden = |text: &String| hidden.get(kind) == Some(text) && is_pseudonym(text);
        if let Some(text) = fact.as_mut().filter(|text| !is_hidden(text)) {
            *text = pseudonym(key, kind, text);
        }
    };
    hide("user", &mut facts.user);
    hide("installation", &mut facts.installation);
    if !readable_accounts {
        hide("account", &mut facts.account);
    }
}

/// HMAC-SHA-256 under a 32-byte key. RFC 2104 pads keys with zeros to the hash's block.
pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    Hmac::new((&*block).into())
}
