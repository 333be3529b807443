//! RFC 3339 (and the ISO 8601 forms near it), by position.

use super::TimeError;
use super::civil::{Civil, parse_offset};

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
