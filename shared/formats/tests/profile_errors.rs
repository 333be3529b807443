//! What a mistake in a profile is answered with: its place, and what to do.
#![allow(clippy::unwrap_used, reason = "tests")]

use insta::assert_snapshot;
use logbook_formats::Profile;

fn fault(toml: &str) -> String {
    match Profile::from_toml(toml) {
        Err(error) => error.to_string(),
        Ok(_) => "no fault".to_owned(),
    }
}

fn ndjson(rest: &str) -> String {
    fault(&format!(
        "profile = \"p\"\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n{rest}"
    ))
}

fn text(rest: &str) -> String {
    fault(&format!(
        "profile = \"p\"\nfamily = \"text\"\n[name]\nfield = \"n\"\n{rest}"
    ))
}

#[test]
fn a_text_that_is_no_toml() {
    assert_snapshot!(fault("profile = p\n"), @"line 1, column 11: string values must be quoted, expected literal string");
    assert_snapshot!(fault("profile = \"p\"\nfamily = \"ndjson\n"), @r#"line 2, column 17: invalid basic string, expected `"`"#);
}

#[test]
fn missing_and_unknown_keys() {
    assert_snapshot!(fault(""), @"line 1, column 1: missing field `profile`");
    assert_snapshot!(fault("profile = \"p\"\nfamily = \"ndjson\"\n"), @"line 1, column 1: name: says not what an event is called: give field, template or default");
    assert_snapshot!(fault("profile = \"p\"\nfamily = \"xml\"\n"), @"line 2, column 10: unknown variant `xml`, expected one of `ndjson`, `csv`, `text`, `otlp`");
    assert_snapshot!(ndjson("[times]\nfield = \"t\"\n"), @"line 5, column 2: unknown field `times`, expected one of `profile`, `version`, `family`, `description`, `detect`, `ndjson`, `csv`, `text`, `time`, `name`, `level`, `count`, `duration`, `session`, `error`, `unhandled`, `crash`, `ignore`, `metadata`, `facts`, `attributes`");
    assert_snapshot!(ndjson("[time]\nfeild = \"t\"\nformat = \"rfc3339\"\n"), @"line 6, column 1: unknown field `feild`, expected one of `field`, `format`, `zone`, `nanos`, `date`, `date_from`, `required`");
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\n"), @"line 5, column 1: missing field `format`");
}

#[test]
fn names_of_profiles() {
    assert_snapshot!(fault("profile = \"My App\"\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n"), @"line 1, column 11: profile: a profile's name has a-z, 0-9 and -, at most 63");
    assert_snapshot!(fault("profile = \"p\"\nversion = 0\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n"), @"line 2, column 11: version: versions count from 1");
}

#[test]
fn values_of_the_wrong_type() {
    assert_snapshot!(ndjson("[count]\nfield = 5\n"), @"line 6, column 9: invalid type: integer `5`, expected a text, a table, or a list of such");
    assert_snapshot!(ndjson("[session]\nlookback_ms = \"1s\"\n"), @r#"line 6, column 15: invalid type: string "1s", expected u32"#);
    assert_snapshot!(ndjson("[attributes]\ncode = 5\n"), @"line 6, column 8: invalid type: integer `5`, expected a text, a table, or a list of such");
    assert_snapshot!(ndjson("[facts]\nversion = 5\n"), @"line 6, column 11: invalid type: integer `5`, expected a text, a table, or a list of such");
    assert_snapshot!(ndjson("error = true\n"), @"line 5, column 1: unknown field `error`, expected one of `field`, `template`, `default`");
}

#[test]
fn time_formats_and_zones() {
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\nformat = \"%Y-%Q\"\n"), @"line 7, column 10: time.format.0: %Q is not known; known: %Y %y %m %b %B %h %d %e %j %H %k %I %l %p %P %M %S %f %L %N %z %Z %a %A %s %T %F %D %%");
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\nformat = \"yyyy-MM-dd\"\n"), @r#"line 7, column 10: time.format.0: "yyyy-MM-dd" has no conversion such as %Y; known names: epoch_s, epoch_ms, epoch_us, epoch_ns, rfc3339"#);
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\nformat = [\"rfc3339\", \"%\"]\n"), @"line 7, column 22: time.format.1: % at the end of the pattern");
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\nformat = \"rfc3339\"\nzone = \"Berlin\"\n"), @r#"line 8, column 8: time.zone: "Berlin" is not a zone: use "local", "UTC", an offset such as "+02:00", or a name such as "Europe/Berlin""#);
    assert_snapshot!(ndjson("[time]\nfield = \"t\"\nformat = \"%H:%M\"\ndate_from = \"filename\"\n"), @"line 8, column 13: unknown variant `filename`, expected `file_name` or `modified`");
}

#[test]
fn paths_and_templates() {
    assert_snapshot!(ndjson("[count]\nfield = \"a..b\"\n"), @r#"line 6, column 9: count.field: "a..b" has an empty step"#);
    assert_snapshot!(ndjson("[count]\nfield = \"a[b]\"\n"), @r#"line 6, column 9: count.field: "a[b]": between [ and ] stands a number"#);
    assert_snapshot!(fault("profile = \"p\"\nfamily = \"ndjson\"\n[name]\ntemplate = \"{a\"\n"), @"line 4, column 12: name.template: {a has no closing brace");
    assert_snapshot!(fault("profile = \"p\"\nfamily = \"ndjson\"\n[name]\ntemplate = \"event\"\n"), @r#"line 4, column 12: name.template: "event" names no field: write one in braces, as in {id}"#);
}

#[test]
fn levels_and_facts() {
    assert_snapshot!(ndjson("[level]\nfield = \"l\"\n[level.map]\nW = \"warning\"\n"), @r#"line 8, column 5: level.map.W: "warning" is no level; levels are unspecified, trace, debug, info, warn, error, fatal"#);
    assert_snapshot!(ndjson("[level]\nfield = \"l\"\nscale = \"log4j\"\n"), @"line 7, column 9: unknown variant `log4j`, expected one of `severity_number`, `syslog`, `bunyan`, `python`");
    assert_snapshot!(ndjson("[facts]\nrelease = \"v\"\n"), @"line 6, column 11: facts.release: is no fact; facts are version, os, runtime, user, installation, account, environment");
    assert_snapshot!(ndjson("[facts]\nversion = { field = \"m\", pattern = 'v(\\d+)' }\n"), @"line 6, column 36: facts.version.0.pattern: has no group (?<value>…)");
    assert_snapshot!(ndjson("[duration]\nfield = \"d\"\nunit = \"min\"\n"), @"line 7, column 8: unknown variant `min`, expected one of `s`, `ms`, `us`, `ns`");
}

#[test]
fn rules_and_conditions() {
    assert_snapshot!(ndjson("[[error]]\nfield = \"code\"\n"), @"line 5, column 1: error.0: needs exactly one of equals, one_of, not, contains, prefix, suffix, matches, exists, level_at_least, line");
    assert_snapshot!(ndjson("[[error]]\nequals = 4\n"), @"line 5, column 1: error.0: names no field to test");
    assert_snapshot!(ndjson("[[error]]\n"), @"line 5, column 1: error.0: has no condition");
    assert_snapshot!(ndjson("[[error]]\nfield = \"code\"\nequals = 4\nnot = 5\n"), @"line 5, column 1: error.0: needs exactly one of equals, one_of, not, contains, prefix, suffix, matches, exists, level_at_least, line");
    assert_snapshot!(ndjson("[[ignore]]\nfield = \"a\"\nexists = true\n[[ignore]]\nfield = \"a\"\nmatches = \"(\"\n"), @r#"
        line 10, column 11: ignore.1.matches: regex parse error:
            (
            ^
        error: unclosed group
    "#);
    assert_snapshot!(ndjson("[[session.start]]\nall = [{ field = \"a\", equals = 1 }, { level_at_least = \"bad\" }]\n"), @r#"line 6, column 56: session.start.0.all.1.level_at_least: "bad" is no level; levels are unspecified, trace, debug, info, warn, error, fatal"#);
}

#[test]
fn patterns_of_text() {
    assert_snapshot!(text(""), @"line 1, column 1: text.record: needs at least one pattern");
    assert_snapshot!(text("[text]\nrecord = '^(?<level>[A-Z]+) (?<msg>.*)$'\n"), @"line 6, column 10: text.record: no pattern has a group (?<n>…), which the profile reads");
    assert_snapshot!(text("[text]\nrecord = '^(?<n>[A-Z+)$'\n"), @r#"
        line 6, column 10: text.record.0: regex parse error:
            ^(?<n>[A-Z+)$
                  ^
        error: unclosed character class
    "#);
    assert_snapshot!(text("[text]\nrecord = '^(?=x)(?<n>.)$'\n"), @r#"
        line 6, column 10: text.record.0: regex parse error:
            ^(?=x)(?<n>.)$
             ^^^
        error: look-around, including look-ahead and look-behind, is not supported
    "#);
    assert_snapshot!(text("[text]\nrecord = '(?<n>x)'\n[[text.layout]]\nwhen = '('\nrecord = 'x'\n"), @r#"
        line 8, column 8: text.layout.0.when: regex parse error:
            (
            ^
        error: unclosed group
    "#);
    assert_snapshot!(text("[text]\nrecord = '(?<n>x)'\nbefore_first = \"skip\"\n"), @"line 7, column 16: unknown variant `skip`, expected one of `ignore`, `record`, `reject`");
    assert_snapshot!(text("[text]\nrecord = '(?<n>x)'\njson = \"body\"\n"), @"line 6, column 10: text.record: no pattern has a group (?<body>…), which the profile reads");
}

#[test]
fn tables_of_another_family() {
    assert_snapshot!(ndjson("[csv]\ndelimiter = \";\"\n"), @r#"line 5, column 1: csv: belongs to the family "csv", which this profile is not of"#);
    assert_snapshot!(text("[text]\nrecord = '(?<n>x)'\n[ndjson]\ndocuments = true\n"), @r#"line 7, column 1: ndjson: belongs to the family "ndjson", which this profile is not of"#);
}

#[test]
fn columns_of_csv() {
    let csv = |rest: &str| {
        fault(&format!(
            "profile = \"p\"\nfamily = \"csv\"\n[name]\nfield = \"n\"\n{rest}"
        ))
    };
    assert_snapshot!(csv("[csv]\ndelimiter = \"::\"\n"), @r#"line 6, column 13: invalid value: string "::", expected a character"#);
    assert_snapshot!(csv("[csv]\ndelimiter = \"é\"\n"), @"line 6, column 13: csv.delimiter: must be one ASCII character, no quote");
    assert_snapshot!(csv("[csv]\ncolumns = [\"a\", \"b\"]\n"), @r#"line 6, column 12: csv.columns: has no "n", which the profile reads"#);
}
