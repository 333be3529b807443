//! RFC 3339 (and the ISO 8601 forms near it), by position.

use logbook_model::{Day, EventTime};

use super::TimeError;
use super::civil::{Civil, parse_offset};

/// Reads what most logs write, `YYYY-MM-DDThh:mm:ss[.fraction]Z` of a time that there is, as
/// [`parse`] and [`Civil::resolve`] would; `None` for all else, of which they decide.
pub(super) fn plain(text: &str) -> Option<EventTime> {
    let (head, tail) = text.as_bytes().split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
    ] = *head
    else {
        return None;
    };
    let two = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        if tens > 9 || ones > 9 {
            return u32::MAX;
        }
        u32::from(tens) * 10 + u32::from(ones)
    };
    let (century, of_century, month, day) = (two(y1, y2), two(y3, y4), two(o1, o2), two(d1, d2));
    let (hour, minute, second) = (two(h1, h2), two(m1, m2), two(s1, s2));
    // The first 28 days are of every month; the others are left to who knows calendars.
    let exists = (19..=99).contains(&century)
        && of_century <= 99
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 59;
    let micros = match *tail {
        [b'Z'] => 0,
        [b'.', ref digits @ .., b'Z'] => {
            let (micros, used) = fraction(digits)?;
            (used == digits.len()).then_some(micros)?
        }
        _ => return None,
    };
    if !exists {
        return None;
    }
    let date = Day::from_civil((century * 100 + of_century) as i32, month, day);
    let of_day = (hour * 60 + minute) * 60 + second;
    let secs = i64::from(date.0) * 86_400 + i64::from(of_day);
    Some(EventTime::utc(secs * 1_000_000 + i64::from(micros)))
}

/// Reads `YYYY-MM-DD[T| ]hh:mm[:ss[.fraction]][zone]`.
pub(super) fn parse(text: &str) -> Result<Civil, TimeError> {
    let bytes = text.as_bytes();
    let number = |from: usize, length: usize| -> Result<u32, TimeError> {
        let digits = bytes.get(from..from + length).ok_or(TimeError::Format)?;
        digits
            .iter()
            .try_fold(0, |n, b| {
                b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
            })
            .ok_or(TimeError::Format)
    };
    let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|b| any.contains(b));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":")) {
        return Err(TimeError::Format);
    }
    let mut civil = Civil {
        year: Some(number(0, 4)? as i32),
        month: Some(number(5, 2)?),
        day: Some(number(8, 2)?),
        hour: number(11, 2)?,
        minute: number(14, 2)?,
        ..Civil::default()
    };
    let mut at = 16;
    if is(at, b":") {
        civil.second = number(17, 2)?;
        at = 19;
        if is(at, b".,") {
            let (micros, used) = fraction(&bytes[at + 1..]).ok_or(TimeError::Format)?;
            civil.micros = micros;
            at += 1 + used;
        }
    }
    if is(at, b" ") {
        at += 1;
    }
    let rest = &text[at..];
    if !rest.is_empty() {
        if rest == "UTC" {
            civil.offset = Some(super::Offset::Seconds(0));
            return Ok(civil);
        }
        let (offset, used) = parse_offset(rest.as_bytes()).ok_or(TimeError::Format)?;
        if used != rest.len() {
            return Err(TimeError::Format);
        }
        civil.offset = Some(offset);
    }
    Ok(civil)
}

/// Digits of a fraction of a second as microseconds (further digits are cut), and the bytes
/// used; `None` without a digit.
pub(super) fn fraction(bytes: &[u8]) -> Option<(u32, usize)> {
    let used = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if used == 0 {
        return None;
    }
    let micros = (0..6).fold(0, |n, i| {
        let digit = if i < used {
            u32::from(bytes[i] - b'0')
        } else {
            0
        };
        n * 10 + digit
    });
    Some((micros, used))
}
