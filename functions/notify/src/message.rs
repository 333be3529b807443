//! What Slack shows: Block Kit.
//!
//! Source: Slack's Block Kit reference: a header has at most 150 characters of plain text, a
//! section 3,000, and `&`, `<`, `>` are written as entities in `mrkdwn`.

use serde_json::{Value, json};

use crate::alarm::Alarm;

const MAX_HEADER: usize = 150;
const MAX_TEXT: usize = 2900;

/// The body of a webhook's call: an alarm that began, one that ended, or any other text.
pub fn message(subject: Option<&str>, text: &str) -> Value {
    match Alarm::read(text) {
        Some(alarm) => of_alarm(&alarm),
        None => of_text(subject.unwrap_or("Logbook"), text),
    }
}

fn of_alarm(alarm: &Alarm) -> Value {
    let (sign, word) = match alarm.state.as_str() {
        "ALARM" => ("🔴", "alarm"),
        "OK" => ("✅", "recovered"),
        _ => ("⚪", "no data"),
    };
    let header = format!("{sign} {}: {word}", alarm.name);
    let mut blocks = vec![head(&header)];
    if let Some(description) = alarm.description.as_deref().filter(|text| !text.is_empty()) {
        blocks.push(section(&escape(description)));
    }
    blocks.push(section(&format!(
        "> {}",
        escape(&alarm.reason).replace('\n', "\n> ")
    )));
    let mut context = format!("{} · {}", escape(&alarm.region), escape(&alarm.changed_at));
    if let Some(address) = alarm.address() {
        context.push_str(&format!(" · <{address}|show in CloudWatch>"));
    }
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": context}]}));
    json!({"text": cut(&header, MAX_HEADER), "blocks": blocks})
}

fn of_text(subject: &str, text: &str) -> Value {
    json!({
        "text": cut(subject, MAX_HEADER),
        "blocks": [head(subject), section(&escape(text))],
    })
}

fn head(text: &str) -> Value {
    json!({
        "type": "header",
        "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": true},
    })
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_TEXT)}})
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
