//! What a gateway found in the token of a request.

use std::collections::BTreeMap;

/// The claims of a token that was checked before the request came here: an extension of the
/// request. Nothing that a caller sends makes one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, String>);

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims(…)")
    }
}

impl Claims {
    /// Claims by name.
    pub fn new(claims: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(claims.into_iter().collect())
    }

    /// A claim as it came.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The words of a claim: lists come as `a b`, `a,b` or `[a, b]`. An object has none.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let separators = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '"');
        let text = self.get(name).filter(|text| !text.contains('{'));
        let words = text.unwrap_or_default().split(separators);
        words.filter(|word| !word.is_empty())
    }
}
