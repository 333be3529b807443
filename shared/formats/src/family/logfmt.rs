//! `key=value key="quoted value" flag`.

use std::borrow::Cow;

/// The pairs of a text, in order. A key without a value has an empty one; what is no pair is
/// passed over.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            return Some((key, Cow::Borrowed("")));
        };
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            quoted_value(quoted)
        } else {
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            (Cow::Borrowed(&value[..end]), &value[end..])
        };
        rest = after;
        Some((key, value))
    })
}

/// The value after an opening quote, and what follows its closing one.
fn quoted_value(text: &str) -> (Cow<'_, str>, &str) {
    let plain = text.find(['"', '\\']).unwrap_or(text.len());
    if !text[plain..].starts_with('\\') {
        return (
            Cow::Borrowed(&text[..plain]),
            text.get(plain + 1..).unwrap_or(""),
        );
    }
    let mut value = text[..plain].to_owned();
    let mut chars = text[plain..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Cow::Owned(value), &text[plain + at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, other)) => value.push(other),
                None => {}
            },
            other => value.push(other),
        }
    }
    (Cow::Owned(value), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_with_quotes_escapes_and_flags() {
        let text = r#"t=12 msg="a \"b\"\n=c" dry-run  empty= url=x?a=b last="open"#;
        let got: Vec<(&str, String)> = pairs(text).map(|(k, v)| (k, v.into_owned())).collect();
        let want = [
            ("t", "12"),
            ("msg", "a \"b\"\n=c"),
            ("dry-run", ""),
            ("empty", ""),
            ("url", "x?a=b"),
            ("last", "open"),
        ];
        assert_eq!(got, want.map(|(k, v)| (k, v.to_owned())));
        assert_eq!(pairs(" \t").count(), 0);
        assert_eq!(pairs("=").count(), 1);
    }
}
