//! What Slack shows of an alarm.

use logbook_bootstrap::slack::{MAX_HEADER, cut, escape, header, section};
use serde_json::{Value, json};

use crate::alarm::Alarm;

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
    let title = format!("{sign} {}: {word}", alarm.name);
    let mut blocks = vec![header(&title)];
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
    json!({"text": cut(&title, MAX_HEADER), "blocks": blocks})
}

fn of_text(subject: &str, text: &str) -> Value {
    json!({
        "text": cut(subject, MAX_HEADER),
        "blocks": [header(subject), section(&escape(text))],
    })
}
