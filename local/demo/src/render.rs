//! From lines to bytes: Logbook's own plain NDJSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use logbook_model::Day;

use crate::faults::Fault;
use crate::people::{SYSTEMS, TimeStyle};
use crate::plan::Flaw;
use crate::releases::RELEASES;
use crate::rng::mix;
use crate::runs::DAY_MS;
use crate::script::What;
use crate::sheet::{Line, LineState};
use crate::world::World;

/// The bytes of a log. With `beside`, what is known of the run is said elsewhere.
pub(crate) fn render(world: &World, lines: &[Line], flaw: Flaw, beside: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() * 170 + 400);
    if flaw == Flaw::ByteOrderMark {
        out.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut text = String::with_capacity(512);
    let mut session = String::new();
    for line in lines {
        if line.first {
            session = session_id(world, line.run);
        }
        text.clear();
        write_line(&mut text, world, line, (!beside).then_some(&session));
        push_line(&mut out, &text, line.state);
        out.extend_from_slice(if flaw == Flaw::Crlf { b"\r\n" } else { b"\n" });
    }
    out
}

fn push_line(out: &mut Vec<u8>, text: &str, state: LineState) {
    match state {
        LineState::Good => out.extend_from_slice(text.as_bytes()),
        LineState::Broken => out.extend_from_slice(&text.as_bytes()[..text.len() * 2 / 3]),
        LineState::Repaired => {
            // A file's name in Latin-1.
            let body = text.strip_suffix('}').unwrap_or(text);
            out.extend_from_slice(body.as_bytes());
            out.extend_from_slice(b",\"message\":\"Gr\xfc\xdfe.tif\"}");
        }
    }
}

fn write_line(out: &mut String, world: &World, line: &Line, session: Option<&String>) {
    let record = &line.record;
    out.push_str("{\"time\":\"");
    write_time(out, world, line);
    out.push('"');
    if let Some(session) = session {
        member(out, "session", session);
    }
    let kind = match (record.what, record.fault) {
        (What::Start, _) => Some("session_start"),
        (What::End, _) => Some("session_end"),
        (_, Some((Fault::Crash, _))) => Some("crash"),
        (_, Some((Fault::Unhandled, _))) => Some("unhandled"),
        _ => None,
    };
    if let Some(kind) = kind {
        member(out, "type", kind);
    }
    member(out, "name", name_of(world, record.what));
    member(out, "level", level(record.fault.map(|(fault, _)| fault)));
    if record.count > 1 {
        number(out, "count", record.count);
    }
    if let Some(duration_ms) = record.duration_ms {
        number(out, "duration_ms", duration_ms);
    }
    if let Some((fault, message)) = record.fault {
        if fault == Fault::Error {
            out.push_str(",\"error\":true");
        }
        let (before, after) = message.text.split_once("{}").unwrap_or((message.text, ""));
        out.push_str(",\"message\":\"");
        out.push_str(before);
        push_number(out, message.number);
        out.push_str(after);
        out.push('"');
    }
    if line.first && session.is_some() {
        for (name, value) in facts(world, line.run) {
            member(out, name, &value);
        }
    }
    out.push('}');
}

/// The name of a record's event.
pub(crate) fn name_of(world: &World, what: What) -> &'static str {
    match what {
        What::Start => "session.start",
        What::End => "session.end",
        What::Use(index) => world.catalog.feature(index).name,
    }
}

const fn level(fault: Option<Fault>) -> &'static str {
    match fault {
        None => "info",
        Some(Fault::Warning) => "warn",
        Some(Fault::Error | Fault::Unhandled) => "error",
        Some(Fault::Crash) => "fatal",
    }
}

fn member(out: &mut String, name: &str, value: &str) {
    for piece in [",\"", name, "\":\"", value, "\""] {
        out.push_str(piece);
    }
}

fn number(out: &mut String, name: &str, value: u32) {
    for piece in [",\"", name, "\":"] {
        out.push_str(piece);
    }
    push_number(out, value);
}

fn push_number(out: &mut String, value: u32) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

fn write_time(out: &mut String, world: &World, line: &Line) {
    let person = world.person_of(line.run);
    let offset = i64::from(person.offset_min);
    let ms = match person.times {
        TimeStyle::Offset => line.record.stated_ms + offset * 60_000,
        _ => world.written_ms(line.run, &line.record),
    };
    let (year, month, day) = Day(ms.div_euclid(DAY_MS) as i32).civil();
    let of_day = ms.rem_euclid(DAY_MS);
    digits(out, i64::from(year), 1000);
    for (mark, value, highest) in [
        ('-', i64::from(month), 10),
        ('-', i64::from(day), 10),
        ('T', of_day / 3_600_000, 10),
        (':', of_day / 60_000 % 60, 10),
        (':', of_day / 1000 % 60, 10),
        ('.', of_day % 1000, 100),
    ] {
        out.push(mark);
        digits(out, value, highest);
    }
    match person.times {
        TimeStyle::Utc => out.push('Z'),
        TimeStyle::Offset => {
            out.push(if offset < 0 { '-' } else { '+' });
            digits(out, offset.abs() / 60, 10);
            out.push(':');
            digits(out, offset.abs() % 60, 10);
        }
        TimeStyle::NoZone => {}
    }
}

/// Decimal digits from that of `highest` on.
fn digits(out: &mut String, value: i64, highest: i64) {
    let mut place = highest;
    while place > 0 {
        out.push(char::from(b'0' + (value / place % 10) as u8));
        place /= 10;
    }
}

/// What is known of a run, by the names of the default profile.
pub(crate) fn facts(world: &World, run: u32) -> Vec<(&'static str, String)> {
    let (person, machine) = (world.person_of(run), &world.runs[run as usize]);
    let mut facts = vec![
        ("version", world.version_of(run).to_owned()),
        ("os", SYSTEMS[usize::from(person.os)].to_owned()),
        (
            "runtime",
            RELEASES[usize::from(machine.release)].runtime.to_owned(),
        ),
    ];
    if person.named {
        facts.push(("user", format!("u-{:016x}", person.key)));
    }
    let machine = mix(person.key.wrapping_add(1 + u64::from(machine.laptop)));
    facts.push(("installation", format!("i-{machine:016x}")));
    if let Some(account) = person.account {
        facts.push(("account", world.accounts[account as usize].id.clone()));
    }
    facts.push(("environment", person.environment.name().to_owned()));
    facts
}

/// The same beside the log, with the id of its session.
pub(crate) fn metadata(world: &World, run: u32) -> BTreeMap<String, String> {
    let facts = facts(world, run).into_iter();
    let mut metadata: BTreeMap<String, String> = facts
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    metadata.insert("session".to_owned(), session_id(world, run));
    metadata
}

/// The id of a run's session.
fn session_id(world: &World, run: u32) -> String {
    uuid(world.runs[run as usize].seed)
}

/// A text of the form of a UUID (version 8: made by a rule of one's own).
pub(crate) fn uuid(seed: u64) -> String {
    let (high, low) = (mix(seed ^ 0x1d), mix(seed.wrapping_add(0x2d)));
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 50,
        low & 0xffff_ffff_ffff
    )
}
