//! A first draft of a profile, from a sample of a log.

use std::fmt::Write;

use regex::Regex;

use crate::builtin::HEAD_BYTES;

/// An object of JSON.
type Object = serde_json::Map<String, serde_json::Value>;

/// How many objects are looked at.
const SAMPLES: usize = 50;

/// Fields that are likely to mean something, most likely first.
const TIMES: &[&str] = &[
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "date",
    "datetime",
    "t",
    "created_at",
    "started_at",
];
const NAMES: &[&str] = &[
    "name",
    "event",
    "event_name",
    "event.name",
    "logger",
    "category",
    "action",
    "type",
    "kind",
    "component",
    "msg",
    "message",
];
const LEVELS: &[&str] = &[
    "level",
    "severity",
    "lvl",
    "loglevel",
    "log.level",
    "levelname",
    "priority",
];
const SESSIONS: &[&str] = &[
    "session",
    "session_id",
    "sessionId",
    "session.id",
    "run",
    "run_id",
    "sid",
];
const USERS: &[&str] = &["user", "user_id", "userId", "user.id", "username"];
const VERSIONS: &[&str] = &[
    "version",
    "app_version",
    "appVersion",
    "build",
    "release",
    "service.version",
];
const DURATIONS: &[&str] = &[
    "duration_ms",
    "elapsed_ms",
    "latency_ms",
    "duration",
    "elapsed",
    "took",
];

/// Ways to write a time at the head of a line of text: a pattern and its format.
const TEXT_TIMES: &[(&str, &str)] = &[
    (
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
        "rfc3339",
    ),
    (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "%Y/%m/%d %H:%M:%S"),
    (r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", "%y/%m/%d %H:%M:%S"),
    (
        r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
        "%d/%b/%Y:%H:%M:%S %z",
    ),
    (
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?",
        "%b %d %H:%M:%S",
    ),
    (r"\d\d:\d\d:\d\d\.\d+", "%H:%M:%S.%f"),
    (r"\d\d:\d\d:\d\d", "%H:%M:%S"),
    (r"\d{13}", "epoch_ms"),
    (r"\d{10}(?:\.\d+)?", "epoch_s"),
];

/// Drafts a profile named `name` for a log that begins with `head` (inflated). The draft
/// compiles; what it says is a guess to be tried and mended.
pub fn draft_profile(name: &str, head: &[u8]) -> String {
    let text = String::from_utf8_lossy(&head[..head.len().min(HEAD_BYTES)]);
    let text = text.trim_start_matches('\u{feff}');
    let mut out = format!(
        "# A first draft: try it with `logbook profile try {name}.toml LOG`, mend it, and keep a\n\
         # golden case (docs/profiles.md).\nprofile = \"{name}\"\nversion = 1\n"
    );
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    if text.contains("\"resourceLogs\"") {
        out.push_str("family = \"otlp\"\n\n[name]\nfield = [\"eventName\", \"attributes.event.name\"]\ndefault = \"log\"\n");
    } else if let Some((objects, are_lines)) = objects(text) {
        out.push_str("family = \"ndjson\"\n");
        if !are_lines {
            out.push_str("\n[ndjson]\ndocuments = true\n");
        }
        fields(&mut out, &keys(&objects), &|field: &str| {
            sample(&objects, field)
        });
    } else if let Some((columns, delimiter)) = csv_columns(first) {
        out.push_str("family = \"csv\"\n");
        if delimiter != ',' {
            let delimiter = delimiter.to_string();
            write(
                &mut out,
                format_args!("\n[csv]\ndelimiter = {delimiter:?}\n"),
            );
        }
        let second = text.lines().nth(1).unwrap_or("");
        let cells: Vec<&str> = second.split(delimiter).collect();
        let sample = |field: &str| {
            let at = columns.iter().position(|column| column == field)?;
            cells.get(at).map(|cell| cell.trim_matches('"').to_owned())
        };
        fields(&mut out, &columns, &sample);
    } else {
        text_profile(&mut out, text);
    }
    out
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn pick<'k>(keys: &'k [String], wanted: &[&str]) -> Option<&'k String> {
    wanted.iter().find_map(|want| {
        keys.iter()
            .find(|key| key.eq_ignore_ascii_case(want))
            .or_else(|| {
                let suffix = format!(".{want}");
                keys.iter()
                    .find(|key| key.to_ascii_lowercase().ends_with(&suffix))
            })
    })
}

/// The tables that families with named fields share.
fn fields(out: &mut String, keys: &[String], sample: &dyn Fn(&str) -> Option<String>) {
    write(out, format_args!("# Fields seen: {}\n", keys.join(", ")));
    if let Some(time) = pick(keys, TIMES) {
        let format = time_format(sample(time).as_deref().unwrap_or(""));
        write(
            out,
            format_args!("\n[time]\nfield = {time:?}\nformat = {format:?}\n"),
        );
    }
    match pick(keys, NAMES) {
        Some(name) => write(out, format_args!("\n[name]\nfield = {name:?}\ndefault = \"log\"\n")),
        None => out.push_str("\n[name]\n# Which field, or template of fields, says what happened?\ndefault = \"log\"\n"),
    }
    if let Some(level) = pick(keys, LEVELS) {
        write(out, format_args!("\n[level]\nfield = {level:?}\n"));
    }
    if let Some(duration) = pick(keys, DURATIONS) {
        write(
            out,
            format_args!("\n[duration]\nfield = {duration:?}\nunit = \"ms\"\n"),
        );
    }
    match pick(keys, SESSIONS) {
        Some(session) => write(out, format_args!("\n[session]\nid = {session:?}\n")),
        None => out.push_str(
            "\n# One session a log. To cut a log into runs, say what starts one:\n\
             # [session]\n# start = { field = \"…\", equals = \"…\" }\n",
        ),
    }
    if pick(keys, LEVELS).is_some() {
        out.push_str("\n[[error]]\nlevel_at_least = \"error\"\n");
    }
    let facts = [("version", VERSIONS), ("user", USERS)];
    let known: Vec<_> = facts
        .iter()
        .filter_map(|(fact, wanted)| Some((fact, pick(keys, wanted)?)))
        .collect();
    if !known.is_empty() {
        out.push_str("\n[facts]\n");
        for (fact, field) in known {
            write(out, format_args!("{fact} = {field:?}\n"));
        }
    }
}

fn time_format(sample: &str) -> &'static str {
    let digits = sample.bytes().take_while(u8::is_ascii_digit).count();
    if digits == sample.len() && digits > 0 {
        return match digits {
            ..=11 => "epoch_s",
            12..=14 => "epoch_ms",
            15..=17 => "epoch_us",
            _ => "epoch_ns",
        };
    }
    if digits >= 9 && sample[digits..].starts_with(['.', ',']) {
        return "epoch_s";
    }
    let fits = |(pattern, _): &&(&str, &str)| {
        Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(sample))
    };
    TEXT_TIMES
        .iter()
        .find(fits)
        .map_or("rfc3339", |(_, format)| format)
}

/// The first objects of the sample, and whether each has a line of its own.
fn objects(text: &str) -> Option<(Vec<Object>, bool)> {
    let lines = text
        .lines()
        .filter(|line| line.trim_start().starts_with('{'));
    let of_lines = lines.filter_map(|line| serde_json::from_str(line).ok());
    let of_lines: Vec<Object> = of_lines.take(SAMPLES).collect();
    if !of_lines.is_empty() {
        return Some((of_lines, true));
    }
    let between = |c: char| c.is_whitespace() || matches!(c, '[' | ',');
    let mut rest = text.trim_start_matches(between);
    let mut objects = Vec::new();
    while objects.len() < SAMPLES {
        let mut documents = serde_json::Deserializer::from_str(rest).into_iter::<Object>();
        let Some(Ok(object)) = documents.next() else {
            break;
        };
        objects.push(object);
        rest = rest[documents.byte_offset()..].trim_start_matches(between);
    }
    (!objects.is_empty()).then_some((objects, false))
}

/// The paths of scalar fields in objects, at most three levels deep.
fn keys(objects: &[Object]) -> Vec<String> {
    let mut keys = Vec::new();
    for object in objects {
        collect(object, "", 0, &mut keys);
    }
    keys
}

fn collect(map: &Object, prefix: &str, depth: usize, keys: &mut Vec<String>) {
    for (key, value) in map {
        let step = if key.contains(['.', '[', '"', '*', '@']) {
            format!("\"{}\"", key.replace('"', ""))
        } else {
            key.clone()
        };
        let path = if prefix.is_empty() {
            step
        } else {
            format!("{prefix}.{step}")
        };
        match value {
            serde_json::Value::Object(inner) if depth < 2 => collect(inner, &path, depth + 1, keys),
            serde_json::Value::Object(_) | serde_json::Value::Array(_) => {}
            _ if keys.len() < 200 && !keys.contains(&path) => keys.push(path),
            _ => {}
        }
    }
}

/// The first value of a field, as text.
fn sample(objects: &[Object], field: &str) -> Option<String> {
    objects.iter().find_map(|object| {
        let mut steps = field.split('.').map(|step| step.trim_matches('"'));
        let mut value = object.get(steps.next()?)?;
        for step in steps {
            value = value.get(step)?;
        }
        match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Null => None,
            other => Some(other.to_string()),
        }
    })
}

/// The columns that a header names, and what stands between them.
fn csv_columns(first: &str) -> Option<(Vec<String>, char)> {
    let is_name = |name: &String| {
        !name.is_empty()
            && name.len() < 40
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || " _.-".contains(c))
            && name.chars().any(char::is_alphabetic)
    };
    [',', ';', '\t'].into_iter().find_map(|delimiter| {
        let columns: Vec<String> = first
            .split(delimiter)
            .map(|name| name.trim().trim_matches('"').to_owned())
            .collect();
        (columns.len() >= 3 && columns.iter().all(is_name)).then_some((columns, delimiter))
    })
}

fn text_profile(out: &mut String, text: &str) {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(200)
        .collect();
    let count = |pattern: &str| {
        Regex::new(pattern).map_or(0, |pattern| {
            lines.iter().filter(|line| pattern.is_match(line)).count()
        })
    };
    let time = TEXT_TIMES
        .iter()
        .map(|(pattern, format)| (count(&format!(r"^\W?{pattern}")), pattern, format))
        .rev()
        .max_by_key(|(fits, ..)| *fits)
        .filter(|(fits, ..)| *fits > 0);
    out.push_str("family = \"text\"\n\n[text]\n");
    let Some((_, pattern, format)) = time else {
        out.push_str(
            "# No time was recognised at the head of the lines: each line is a record.\n\
             record = '''^(?<message>.*)$'''\ncontinuation = false\n\n[name]\ndefault = \"log\"\n",
        );
        return;
    };
    let level = "(?<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL)";
    let has_level = count(&format!(r"^\W?{pattern}\W.{{0,60}}?\b{level}\b"));
    let leveled =
        has_level * 2 > lines.len().min(count(&format!(r"^\W?{pattern}"))) && has_level > 0;
    let between = if leveled {
        format!(r"(?<head>\W.{{0,60}}?)\b{level}\b")
    } else {
        String::new()
    };
    write(
        out,
        format_args!("record = '''^\\W?(?<time>{pattern}){between}(?<message>.*)$'''\n"),
    );
    out.push_str(
        "# Lines that fit no pattern continue the record before them.\ncontinuation = true\n",
    );
    write(
        out,
        format_args!("\n[time]\nfield = \"time\"\nformat = {format:?}\n"),
    );
    out.push_str("# zone = \"UTC\"   # or \"Europe/Berlin\"; without one, times stay local\n");
    out.push_str("\n[name]\n# Name a group in the pattern, such as (?<logger>…), and put it here.\ndefault = \"log\"\n");
    if leveled {
        out.push_str("\n[level]\nfield = \"level\"\n\n[[error]]\nlevel_at_least = \"error\"\n");
    }
    out.push_str("\n[attributes]\nkeep = [\"message\"]\n");
}
