//! Where a JSON value ends, found without reading it.

use memchr::memchr3;

/// Nesting up to which brackets are matched by kind; what is deeper is only counted.
const MATCHED: u32 = 128;

/// A search for the end of the value at the beginning of a window.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Next byte to look at.
    pub(super) at: usize,
    /// Deepest nesting so far.
    pub(super) deepest: usize,
    depth: usize,
    /// One bit a bracket that is open, the innermost lowest: whether it is an object's.
    objects: u128,
    in_text: bool,
    escaped: bool,
}

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The value has so many bytes.
    Ends(usize),
    /// It goes on beyond the window.
    More,
    /// There is a line break at `at`, in a text if `true`.
    LineBreak(bool),
    /// The bracket at `at` closes one of the other kind.
    Mismatch,
}

impl Scan {
    /// Goes on with the search. `bytes` is the window; it may have grown since, and have been
    /// cut at its beginning if `at` was moved along. Line breaks stop the search if `by_line`;
    /// it goes on after them if [`Scan::pass`] is called.
    pub(super) fn advance(&mut self, bytes: &[u8], by_line: bool) -> Step {
        while self.at < bytes.len() {
            if self.in_text {
                if let Some(step) = self.text(bytes, by_line) {
                    return step;
                }
                continue;
            }
            match bytes[self.at] {
                b'"' => self.in_text = true,
                byte @ (b'{' | b'[') => self.open(byte),
                byte @ (b'}' | b']') => {
                    if self.depth == 0 {
                        return Step::Ends(self.at);
                    }
                    if !self.close(byte) {
                        return Step::Mismatch;
                    }
                    if self.depth == 0 {
                        return Step::Ends(self.at + 1);
                    }
                }
                b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Step::Ends(self.at);
                }
                b'\n' if by_line => return Step::LineBreak(false),
                _ => {}
            }
            self.at += 1;
        }
        Step::More
    }

    /// Goes past the line break at which the search stopped.
    pub(super) const fn pass(&mut self) {
        self.at += 1;
    }

    fn text(&mut self, bytes: &[u8], by_line: bool) -> Option<Step> {
        if self.escaped {
            self.escaped = false;
            self.at += 1;
            return None;
        }
        let Some(found) = memchr3(b'"', b'\\', b'\n', &bytes[self.at..]) else {
            self.at = bytes.len();
            return None;
        };
        self.at += found;
        match bytes[self.at] {
            b'"' => {
                self.in_text = false;
                self.at += 1;
                return (self.depth == 0).then_some(Step::Ends(self.at));
            }
            b'\\' => self.escaped = true,
            _ if by_line => return Some(Step::LineBreak(true)),
            _ => {}
        }
        self.at += 1;
        None
    }

    fn open(&mut self, byte: u8) {
        if self.depth < MATCHED as usize {
            self.objects = (self.objects << 1) | u128::from(byte == b'{');
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn close(&mut self, byte: u8) -> bool {
        self.depth -= 1;
        if self.depth >= MATCHED as usize {
            return true;
        }
        let fits = (self.objects & 1 == 1) == (byte == b'}');
        self.objects >>= 1;
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_value_is_found_whatever_the_windows() {
        for (text, length) in [
            (&br#"{"a":"}\"]","b":[{},[]]} "#[..], 24),
            (br#""a\\" "#, 5),
            (b"-12.5e3,", 7),
            (b"true}", 4),
            (b"[[[]]]]", 6),
        ] {
            let mut scan = Scan::default();
            let mut step = Step::More;
            for end in 0..=text.len() {
                step = scan.advance(&text[..end], false);
                if step != Step::More {
                    break;
                }
            }
            assert_eq!(step, Step::Ends(length), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn brackets_must_match_as_deep_as_that_is_checked() {
        let step = |text: &str| Scan::default().advance(text.as_bytes(), false);
        assert_eq!(step(r#"{"a":[1}"#), Step::Mismatch);
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(step(&deep), Step::Ends(600));
    }
}
