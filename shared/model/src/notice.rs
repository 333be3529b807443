//! What is told to people: by Slack, on a terminal.

use serde::{Deserialize, Serialize};

/// Something to tell people, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about, one line.
    pub title: String,
    /// What there is to say.
    pub sections: Vec<Section>,
}

/// A part of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Notice {
    /// As plain text: the title, and each section after an empty line, its lines indented.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        for section in &self.sections {
            text.push_str(&format!("\n{}\n", section.heading));
            for line in &section.lines {
                text.push_str(&format!("  {line}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reads_from_top_to_bottom() {
        let section = |heading: &str, lines: &[&str]| Section {
            heading: heading.to_owned(),
            lines: lines.iter().map(ToString::to_string).collect(),
        };
        let notice = Notice {
            title: "editor: the week".to_owned(),
            sections: vec![
                section("Use", &["12 people", "3 more"]),
                section("Errors", &["none"]),
            ],
        };
        assert_eq!(
            notice.to_text(),
            "editor: the week\n\nUse\n  12 people\n  3 more\n\nErrors\n  none\n"
        );
    }
}
