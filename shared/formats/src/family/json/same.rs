//! The scanner against `serde_json`: the same values, the same refusals, whatever comes.

use proptest::prelude::*;

use super::*;

/// Fields of all kinds: of the default profile, nested, any key, the first key, of lists.
const NAMES: [&str; 12] = [
    "name",
    "time",
    "count",
    "a.b",
    "a",
    "list[1].b",
    "list[0]",
    "*.time",
    "@key",
    "a.c.d",
    "ä",
    "x y",
];

/// All that reading gives: what is in the slots, how often a key came twice, or why not.
fn outcome(filled: Result<(), (EventReject, String)>, slots: &Slots<'_>) -> String {
    let values: Vec<_> = (0..NAMES.len()).map(|slot| slots.get(slot)).collect();
    match filled {
        Ok(()) => format!("{values:?} {}", slots.duplicates),
        Err(refused) => format!("{refused:?}"),
    }
}

/// Reads lines one after another by one plan, and each also by `serde_json` alone; how many the
/// scanner took.
fn compare<'t>(lines: impl IntoIterator<Item = &'t str>, max_depth: usize) -> usize {
    let mut plan = Plan::new(NAMES.into_iter().enumerate());
    let mut taken = 0;
    for line in lines {
        let mut slots = Slots::default().reuse(NAMES.len());
        let filled = plan.fill(line, max_depth, &mut slots);
        let mut by_serde = Slots::default().reuse(NAMES.len());
        let visited = plan.visit(line, max_depth, &mut by_serde);
        assert_eq!(
            outcome(filled, &slots),
            outcome(visited, &by_serde),
            "{line}"
        );
        let mut scanned = Slots::default().reuse(NAMES.len());
        let (root, ahead) = (&plan.root, &mut plan.ahead);
        taken += usize::from(scan::fill(root, ahead, line, max_depth, &mut scanned).is_some());
    }
    taken
}

/// A text with some bytes replaced, put in or taken out.
fn mutated(text: &str, changes: &[(usize, u8, u8)]) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    for &(at, change, byte) in changes {
        let at = at % (bytes.len() + 1);
        match change % 3 {
            0 => bytes.insert(at, byte),
            _ if at == bytes.len() => {}
            1 => bytes[at] = byte,
            _ => drop(bytes.remove(at)),
        }
    }
    String::from_utf8(bytes).ok()
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    let telling =
        prop::sample::select(b"\"\\{}[]:,.-+eE0129tfnul \t\r\n/bdD8\x00\x1f\x7f".to_vec());
    prop::collection::vec((any::<usize>(), any::<u8>(), telling), 1..4)
}

fn text() -> impl Strategy<Value = String> {
    let escape = prop::sample::select(vec![
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0041",
        "\\u00e4",
        "\\ud83d\\ude00",
        "\\ud800",
        "\\udc00x",
        "\\x",
        "\\u12g4",
        "\u{1}",
        "ä",
        "\u{7f}",
        "😀",
    ]);
    let piece = prop_oneof![4 => "[a-zA-Z .:_-]{0,12}", 1 => escape.prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "name", "time", "count", "a", "b", "a.b", "list", "c", "d", "ä", "\\u0061",
    ]);
    prop_oneof![5 => known.prop_map(|key| format!("\"{key}\"")), 1 => text()]
}

fn scalar() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "true",
        "false",
        "null",
        "nul",
        "0",
        "-0",
        "-0.0",
        "00",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e5",
        "1E-5",
        "1e",
        "1e999",
        "-1e999",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "12345678",
        "01234567",
        "123456789",
        "012345678",
        "1569311346067",
        "0123456789012",
        "123456789012345",
        "1234567890123456",
        "12345678901234567",
        "1569311346067.5",
        "156931134606e2",
        "999999999999999999",
        "9999999999999999999",
        "-9223372036854775808",
        "-9223372036854775809",
        "0.1",
        "123456789.123456789e-7",
        "NaN",
        "1e-400",
    ]);
    prop_oneof![
        3 => text(),
        2 => any::<i32>().prop_map(|n| n.to_string()),
        1 => any::<f64>().prop_map(|n| format!("{n:?}")),
        2 => odd.prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        let blank = prop::sample::select(vec!["", "", "", " ", "\t", "\n", "\r", "\u{a0}"]);
        prop_oneof![
            prop::collection::vec((blank.clone(), inner.clone()), 0..4).prop_map(|items| {
                let items: Vec<_> = items
                    .iter()
                    .map(|(blank, item)| format!("{blank}{item}{blank}"))
                    .collect();
                format!("[{}]", items.join(","))
            }),
            object(blank, inner),
        ]
    })
}

fn object(
    blank: impl Strategy<Value = &'static str>,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    prop::collection::vec((blank, key(), value), 0..6).prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(blank, key, value)| format!("{blank}{key}{blank}:{blank}{value}{blank}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn generated_objects_are_read_as_serde_json_reads_them(
        lines in prop::collection::vec(prop_oneof![
            object(Just(""), value()),
            object(Just(" "), value()),
        ], 1..5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..10),
        changes in changes(),
        max_depth in 0usize..8,
    ) {
        let mut texts: Vec<String> = order.iter().map(|at| at.get(&lines).clone()).collect();
        texts.extend(texts.clone().iter().filter_map(|text| mutated(text, &changes)));
        compare(texts.iter().map(|text| &**text), max_depth);
        compare(texts.iter().map(|text| &**text), 64);
    }

    #[test]
    fn what_is_cut_short_is_refused_in_the_same_way(line in object(Just(" "), value())) {
        let ends = (0..line.len()).filter(|&end| line.is_char_boundary(end));
        compare(ends.map(|end| &line[..end]), 64);
    }
}

#[test]
fn plain_lines_are_the_scanners_own() {
    let lines = [
        r#"{"name":"open","time":"2026-02-01T10:00:00Z","count":3,"a":{"b":-1,"c":{"d":null}}}"#,
        r#" { "name" : "say \"hi\"\n", "other" : "C:\\temp \u00e4", "list" : [ 1.5 , {"b":true} ] } "#,
        r#"{"list":[],"a":{},"zoom":1e5,"count":0,"other":[[],{"a":[{}]}],"a":7}"#,
        r#"{"name":"open","time":1,"count":3,"new":1,"a":{"b":-1,"c":{"d":null}}}"#,
    ];
    assert_eq!(compare(lines.into_iter().cycle().take(40), 64), 40);
}

#[test]
fn a_foretold_key_is_taken_only_with_its_comma_in_its_object() {
    let lines = [
        r#"{"a":{"b":1,"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{"b":1,"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{"b":1,"c":{"d":2}},"name":"x"}"#,
        r#"{,"a":{"b":1,"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{,"b":1,"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{"b":1"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{"b":1,,"c":{"d":2}},"name":"x"}"#,
        r#"{"a":{"b":1,"c":{"d":2}}"name":"x"}"#,
        r#"{"a":{"b":1,"c":{"d":2}},"name":"x",}"#,
        r#"{"a":{"b":1,"c":{"d":2},"name":"x"}}"#,
        r#"{"name":"x","a":{"c":{"d":2},"b":1}}"#,
        r#"{"a":  {"b": 1,"c":	{"d":  2}},"name":  "x" }"#,
        r#"{ "a":{"b":1 ,"c":{"d":2 } } , "name":"x"}"#,
    ];
    for line in lines {
        compare(lines[..3].iter().copied().chain([line]), 64);
    }
}

#[test]
fn halves_of_surrogate_pairs_are_refused_where_serde_json_refuses_them() {
    for half in [r"\ud800", r"\uDC00", r"\ud83d\ude00", r"\ude00\ud83d"] {
        for line in [
            format!(r#"{{"{half}":1}}"#),
            format!(r#"{{"name":"{half}"}}"#),
            format!(r#"{{"other":"{half}"}}"#),
            format!(r#"{{"name":{{"{half}":1}}}}"#),
            format!(r#"{{"other":{{"{half}":1}}}}"#),
        ] {
            compare([&*line], 64);
        }
    }
}

#[test]
fn nesting_is_bounded_as_by_serde_json() {
    for depth in [99, 100, 101, 126, 127, 128, 129, 400] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"b\":", "}")] {
            for name in ["a", "other"] {
                let inner = if open == "[" { "" } else { "1" };
                let line = format!(
                    "{{\"{name}\":{}{inner}{}}}",
                    open.repeat(depth - 1),
                    close.repeat(depth - 1)
                );
                compare([&*line], 64);
                compare([&*line], depth);
                compare([&*line], 10_000);
            }
        }
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "where the logs are is said in the environment"
)]
fn real_lines_and_their_mutations_are_read_as_serde_json_reads_them() {
    let Some(root) = std::env::var_os("LOGBOOK_REAL_LOGS") else {
        return;
    };
    let (mut folders, mut seen, mut taken) = (vec![std::path::PathBuf::from(root)], 0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let objects = text
                .lines()
                .filter(|line| line.starts_with('{') && line.ends_with('}'));
            let objects: Vec<&str> = objects.filter(|line| line.len() < 8000).take(500).collect();
            seen += objects.len();
            taken += compare(objects.iter().copied(), 64);
            let bytes = b"\"\\{}[]:,.-e0t \x01u";
            for (n, line) in objects.iter().enumerate() {
                let changes = (0..24usize).map(|m| {
                    let at = (n * 31 + m * 7919).wrapping_mul(2_654_435_761) >> 7;
                    [(at, m as u8, bytes[(n + m * 5) % bytes.len()])]
                });
                let changed: Vec<_> = changes
                    .filter_map(|change| mutated(line, &change))
                    .collect();
                compare(changed.iter().map(|text| &**text), 64);
            }
        }
    }
    assert!(seen > 1000 && taken * 10 > seen * 9, "{taken} of {seen}");
}
