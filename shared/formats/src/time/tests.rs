use logbook_model::{Day, Timestamp};
use proptest::prelude::*;

use super::*;

fn read(text: &str, format: &str, zone: &str) -> Result<String, TimeError> {
    read_near(text, format, zone, TimeContext::default())
}

fn read_near(
    text: &str,
    format: &str,
    zone: &str,
    context: TimeContext,
) -> Result<String, TimeError> {
    let formats = [TimeFormat::compile(format).unwrap()];
    let zone = DefaultZone::compile(zone).unwrap();
    read_time(&Value::text(text), &formats, &zone, context).map(|reading| match reading {
        Reading::At(time) => time.to_string(),
        Reading::NoDate => "no date".to_owned(),
    })
}

#[test]
fn what_most_logs_write_is_plain() {
    for text in [
        "2026-02-01T10:00:00Z",
        "1999-12-28T23:59:59.1Z",
        "2026-02-01T10:00:00.123456789Z",
    ] {
        assert!(rfc3339::plain(text).is_some(), "{text}");
    }
    for text in [
        "2026-13-01T10:00:00Z",
        "2026-02-00T10:00:00Z",
        "2026-02-01T24:00:00Z",
        "2026-02-01T10:60:00Z",
        "2026-02-01T10:00:60Z",
        "2026-02-01T10:00:0:Z",
        "2026-02-01T10:00:00.Z",
    ] {
        assert!(rfc3339::plain(text).is_none(), "{text}");
    }
}

#[test]
fn epochs_of_every_unit_are_read() {
    for (text, format) in [
        ("1571657444", "epoch_s"),
        ("1571657444000", "epoch_ms"),
        ("1571657444000000", "epoch_us"),
        ("1571657444000000000", "epoch_ns"),
    ] {
        assert_eq!(
            read(text, format, "local").unwrap(),
            "2019-10-21T11:30:44Z",
            "{format}"
        );
    }
    assert_eq!(
        read("1490385986,240", "epoch_s", "local").unwrap(),
        "2017-03-24T20:06:26.240Z"
    );
    assert_eq!(
        read("1490385986.24", "epoch_s", "local").unwrap(),
        "2017-03-24T20:06:26.240Z"
    );
    assert_eq!(
        read("99999999999999999", "epoch_ms", "local"),
        Err(TimeError::Range)
    );
    assert_eq!(read("noon", "epoch_ms", "local"), Err(TimeError::Format));
}

#[test]
fn an_epoch_with_an_exponent_is_the_number_it_is_whether_text_or_not() {
    for text in [
        "1.571657444E12",
        "1.571657444e+12",
        "1,571657444e12",
        "1571657444e3",
    ] {
        assert_eq!(
            read(text, "epoch_ms", "local").unwrap(),
            "2019-10-21T11:30:44Z",
            "{text}"
        );
    }
    for text in ["1e300", "1.5e300", "99999999999999999999"] {
        assert_eq!(
            read(text, "epoch_ms", "local"),
            Err(TimeError::Range),
            "{text}"
        );
    }
}

#[test]
fn rfc_3339_and_its_neighbours_are_read() {
    let cases = [
        ("2013-09-06T20:00:48.124817Z", "2013-09-06T20:00:48.124817Z"),
        ("2013-09-06 20:00:48,124", "2013-09-06T20:00:48.124"),
        ("2013-09-06T20:00:48+02:00", "2013-09-06T18:00:48Z"),
        ("2013-09-06T20:00:48.1-0530", "2013-09-07T01:30:48.100Z"),
        ("2013-09-06T20:00", "2013-09-06T20:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        (
            "2025-04-24T19:51:48.520963849Z",
            "2025-04-24T19:51:48.520963Z",
        ),
    ];
    for (text, want) in cases {
        assert_eq!(read(text, "rfc3339", "local").unwrap(), want, "{text}");
    }
    assert_eq!(
        read("2013-02-30T00:00:00Z", "rfc3339", "local"),
        Err(TimeError::Range)
    );
    assert_eq!(
        read("2013-09-06T25:00:00Z", "rfc3339", "local"),
        Err(TimeError::Range)
    );
    assert_eq!(
        read("2013-09-06T20:00:48FOO", "rfc3339", "local"),
        Err(TimeError::Format)
    );
}

#[test]
fn patterns_are_read() {
    let cases = [
        (
            "26/Apr/2022:22:53:36 +0800",
            "%d/%b/%Y:%H:%M:%S %z",
            "2022-04-26T14:53:36Z",
        ),
        (
            "17/06/09 20:10:40",
            "%y/%m/%d %H:%M:%S",
            "2017-06-09T20:10:40",
        ),
        (
            "20120702.102240,672",
            "%Y%m%d.%H%M%S,%f",
            "2012-07-02T10:22:40.672",
        ),
        (
            "05Dec2022 05:20:00.523",
            "%d%b%Y %H:%M:%S.%f",
            "2022-12-05T05:20:00.523",
        ),
        (
            "May 27, 2011 2:34:30.410 PM",
            "%b %d, %Y %I:%M:%S.%f %p",
            "2011-05-27T14:34:30.410",
        ),
        (
            "Fri, 27 May 2011 12:00:00 GMT",
            "%a, %d %b %Y %T %Z",
            "2011-05-27T12:00:00Z",
        ),
        ("2011-147 01:02:03", "%Y-%j %T", "2011-05-27T01:02:03"),
        ("1428634687", "%s", "2015-04-10T02:58:07Z"),
        (
            "2025-08-13 01:45:01.123 PDT",
            "%F %T.%f %Z",
            "2025-08-13T01:45:01.123",
        ),
    ];
    for (text, format, want) in cases {
        assert_eq!(read(text, format, "local").unwrap(), want, "{text}");
    }
}

#[test]
fn a_default_zone_makes_a_local_time_an_instant() {
    assert_eq!(
        read("2020-07-01 12:00:00", "rfc3339", "+02:00").unwrap(),
        "2020-07-01T10:00:00Z"
    );
    assert_eq!(
        read("2020-07-01 12:00:00", "rfc3339", "Europe/Berlin").unwrap(),
        "2020-07-01T10:00:00Z"
    );
    assert_eq!(
        read("2020-01-01 12:00:00", "rfc3339", "Europe/Berlin").unwrap(),
        "2020-01-01T11:00:00Z"
    );
    assert!(DefaultZone::compile("Europe/Atlantis").is_err());
    assert!(DefaultZone::compile("+25:00").is_err());
}

#[test]
fn a_missing_year_is_the_last_one_that_is_not_in_the_future() {
    let context = TimeContext {
        date: None,
        near: Some(Timestamp::start_of(Day::from_civil(2026, 1, 5))),
    };
    let read = |text| read_near(text, "%b %d %H:%M:%S", "UTC", context);
    assert_eq!(read("Nov  3 09:23:38").unwrap(), "2025-11-03T09:23:38Z");
    assert_eq!(read("Jan  4 09:23:38").unwrap(), "2026-01-04T09:23:38Z");
    assert_eq!(read("Feb 29 00:00:00").unwrap(), "2024-02-29T00:00:00Z");
}

#[test]
fn a_missing_date_stays_missing_unless_the_surroundings_name_it() {
    let context = TimeContext {
        date: Some(Day::from_civil(2024, 2, 29)),
        near: None,
    };
    assert_eq!(read("21:28:50", "%H:%M:%S", "local").unwrap(), "no date");
    assert_eq!(
        read_near("21:28:50", "%H:%M:%S", "local", context).unwrap(),
        "2024-02-29T21:28:50"
    );
}

#[test]
fn faulty_patterns_say_what_is_wrong() {
    assert_eq!(
        Pattern::compile("%Q").unwrap_err(),
        PatternError::Unknown('Q')
    );
    assert_eq!(Pattern::compile("%Y%").unwrap_err(), PatternError::Dangling);
    assert!(matches!(
        Pattern::compile("iso"),
        Err(PatternError::NoConversion(_))
    ));
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(micros in -62_135_596_800_000_000i64..253_402_300_799_999_999) {
        let text = Timestamp(micros).to_string();
        prop_assert_eq!(read(&text, "rfc3339", "local").unwrap(), text);
    }

    #[test]
    fn plain_times_are_those_that_are_read_step_by_step(
        micros in -62_135_596_800_000_000i64..253_402_300_799_999_999,
        digits in 0usize..10,
        changes in prop::collection::vec((0usize..30, "[0-9:.TZz/;\u{7f}\u{80}ä+-]"), 0..3),
    ) {
        let mut text = Timestamp(micros).to_string();
        if digits > 0 {
            text = format!("{}.{}Z", &text[..19], &"0123456789"[..digits]);
        }
        for (at, change) in changes {
            let at = at % text.len();
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &change);
            }
        }
        if let Some(time) = rfc3339::plain(&text) {
            let civil = rfc3339::parse(&text).unwrap();
            let read = civil.resolve(&DefaultZone::Local, TimeContext::default());
            prop_assert_eq!(read, Ok(Reading::At(time)), "{}", text);
        }
    }

    #[test]
    fn times_of_a_known_minute_are_read_as_all_others(
        micros in prop_oneof![0i64..120_000_000, -62_135_596_800_000_000i64..253_402_300_799_999_999],
        steps in prop::collection::vec(
            (0i64..90_000_000, prop::option::of((0usize..30, "[0-9:.TZz\0ä-]"))), 1..8),
    ) {
        let mut minute = Minute::default();
        for (step, change) in steps {
            let mut text = Timestamp(micros.saturating_add(step)).to_string();
            if let Some((at, change)) = change {
                let at = at % text.len();
                text.replace_range(at..=at, &change);
            }
            prop_assert_eq!(minute.plain(&text), rfc3339::plain(&text), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_a_format_panic(text in "\\PC{0,40}", digits in "[0-9:. -]{0,30}") {
        for format in ["rfc3339", "epoch_s", "%Y-%m-%d %H:%M:%S.%f %z", "%b %d %I %p %a %j %s"] {
            let _ = read(&text, format, "local");
            let _ = read(&digits, format, "Europe/Berlin");
        }
    }
}
