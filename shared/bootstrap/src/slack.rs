//! Blocks of Slack's Block Kit.
//!
//! Source: Slack's Block Kit reference: a header has at most 150 characters of plain text, a
//! section 3,000, and `&`, `<`, `>` are written as entities in `mrkdwn`.

use logbook_model::Notice;
use serde_json::{Value, json};

/// Most characters of a header.
pub const MAX_HEADER: usize = 150;
const MAX_TEXT: usize = 2900;

/// The body of a webhook's call for a notice: a block for each of its sections.
pub fn of_notice(notice: &Notice) -> Value {
    let mut blocks = vec![header(&notice.title)];
    blocks.extend(notice.sections.iter().map(|one| {
        let lines = one.lines.iter().map(|line| format!("• {}", escape(line)));
        let lines = lines.collect::<Vec<_>>().join("\n");
        section(&format!("*{}*\n{lines}", escape(&one.heading)))
    }));
    json!({"text": cut(&notice.title, MAX_HEADER), "blocks": blocks})
}

/// A header.
pub fn header(text: &str) -> Value {
    json!({
        "type": "header",
        "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": true},
    })
}

/// A section of `mrkdwn`.
pub fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_TEXT)}})
}

/// At most so many characters of a text.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// A text as `mrkdwn` has it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use logbook_model::Section;

    use super::*;

    #[test]
    fn a_notice_is_a_header_and_a_block_for_each_section() {
        let notice = Notice {
            title: "editor: news".to_owned(),
            sections: vec![Section {
                heading: "New errors".to_owned(),
                lines: vec!["Vec<u8> & more".to_owned(), "y".repeat(4000)],
            }],
        };
        let message = of_notice(&notice);
        assert_eq!(message["text"], "editor: news");
        assert_eq!(message["blocks"][0]["text"]["text"], "editor: news");
        let shown = message["blocks"][1]["text"]["text"].as_str().unwrap();
        assert!(shown.starts_with("*New errors*\n• Vec&lt;u8&gt; &amp; more\n• y"));
        assert!(shown.chars().count() <= 3000 && shown.ends_with('…'));
    }
}
