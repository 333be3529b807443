//! Regular expressions of a profile, with what can be told without them.

use regex::{CaptureLocations, Captures, Regex};
use regex_syntax::hir::{HirKind, Look};

use super::strict::{Place, Strict};

/// A pattern that a text is tested by.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    /// What every text that it matches begins with.
    beginning: String,
}

impl Pattern {
    pub(super) fn new(regex: Regex) -> Self {
        let beginning = beginning(regex.as_str()).unwrap_or_default();
        Self { regex, beginning }
    }

    /// Whether it matches a text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        text.starts_with(&self.beginning) && self.regex.is_match(text)
    }

    /// Its groups, where it matches a text.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        // Asking first costs nothing that is kept, and most texts do not match.
        let groups = || self.regex.captures(text);
        self.is_match(text).then(groups).flatten()
    }
}

/// The literal with which a pattern begins that holds from the beginning of a text on.
fn beginning(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let [start, literal, ..] = parts.as_slice() else {
        return None;
    };
    match (start.kind(), literal.kind()) {
        (HirKind::Look(Look::Start), HirKind::Literal(literal)) => {
            String::from_utf8(literal.0.to_vec()).ok()
        }
        _ => None,
    }
}

/// A pattern of the line at which a record begins, and its groups.
#[derive(Debug, Clone)]
pub(crate) struct RecordPattern {
    regex: Regex,
    /// The same, where it can match in one way only.
    strict: Option<Strict>,
    /// The index and the slot of each group that is read.
    groups: Vec<(usize, usize)>,
}

/// Where the groups of a pattern stand in a line.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    /// In the order of the pattern's list of groups.
    places: Vec<Place>,
    locations: CaptureLocations,
}

impl RecordPattern {
    pub(super) fn new(regex: Regex, groups: Vec<(usize, usize)>) -> Self {
        let wanted: Vec<usize> = groups.iter().map(|&(group, _)| group).collect();
        Self {
            strict: Strict::compile(regex.as_str(), &wanted),
            regex,
            groups,
        }
    }

    /// The names of its groups.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.regex.capture_names().flatten()
    }

    /// Room for the places of its groups.
    pub(crate) fn fitted(&self) -> Fitted {
        Fitted {
            places: vec![None; self.groups.len()],
            locations: self.regex.capture_locations(),
        }
    }

    /// Whether it fits a line; then its groups are left in `fitted`.
    pub(crate) fn fits(&self, line: &str, fitted: &mut Fitted) -> bool {
        let told = self
            .strict
            .as_ref()
            .and_then(|strict| strict.fits(line, &mut fitted.places));
        if let Some(fits) = told {
            return fits;
        }
        let locations = &mut fitted.locations;
        if self.regex.captures_read(locations, line).is_none() {
            return false;
        }
        for (place, &(group, _)) in fitted.places.iter_mut().zip(&self.groups) {
            *place = locations.get(group);
        }
        true
    }

    /// The slots of the groups that were found, with their texts.
    pub(crate) fn texts<'l>(
        &self,
        line: &'l str,
        fitted: &Fitted,
    ) -> impl Iterator<Item = (usize, &'l str)> {
        let places = self.groups.iter().zip(&fitted.places);
        places.filter_map(move |(&(_, slot), place)| {
            let (start, end) = (*place)?;
            Some((slot, &line[start..end]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_tells_what_a_text_must_begin_with() {
        for (pattern, text) in [
            ("^IDE: .*", "IDE: "),
            ("^JRE", "JRE"),
            (r"\Aa(?<value>b)", "a"),
        ] {
            assert_eq!(beginning(pattern).as_deref(), Some(text), "{pattern}");
        }
        for pattern in ["IDE", "(?m)^IDE: ", "^a|b", "(?i)^ide", "^(?:OS: )?x", "^"] {
            assert_eq!(beginning(pattern), None, "{pattern}");
        }
        let pattern = Pattern::new(Regex::new("^OS: (?<value>.+)").unwrap());
        assert!(pattern.is_match("OS: x") && !pattern.is_match("an OS: x"));
        assert!(pattern.captures("OS: ").is_none());
    }
}
