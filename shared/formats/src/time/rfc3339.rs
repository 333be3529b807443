//! RFC 3339 (and the ISO 8601 forms near it), by position.

use logbook_model::{Day, EventTime};

use super::TimeError;
use super::civil::{Civil, parse_offset};

/// Reads what most logs write, `YYYY-MM-DDThh:mm:ss[.fraction]Z` of a time that there is, as
/// [`parse`] and [`Civil::resolve`] would; `None` for all else, of which they decide.
pub(super) fn plain(text: &str) -> Option<EventTime> {
    let (head, tail) = text.as_bytes().split_first_chunk::<19>()?;
    let [century, _, of_century, _, _, month, ..] = pairs(*head.first_chunk()?, *b"0000-00-")?;
    // The hour and the minute come again, with the second.
    let [day, ..] = pairs(*head[8..].first_chunk()?, *b"00T00:00")?;
    let [hour, _, _, minute, _, _, second, _] = pairs(*head.last_chunk()?, *b"00:00:00")?;
    // The first 28 days are of every month; the others are left to who knows calendars.
    let exists = century >= 19
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 59;
    let micros = match *tail {
        [b'Z'] => 0,
        [b'.', ref digits @ .., b'Z'] => whole_fraction(digits)?,
        _ => return None,
    };
    if !exists {
        return None;
    }
    let year = i32::from(century) * 100 + i32::from(of_century);
    let date = Day::from_civil(year, u32::from(month), u32::from(day));
    let of_day = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let secs = i64::from(date.0) * 86_400 + of_day;
    Some(EventTime::utc(secs * 1_000_000 + i64::from(micros)))
}

/// The minute in which a time lay that was read before: most records follow soon after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minute {
    /// `YYYY-MM-DDThh:mm`.
    text: [u8; 16],
    starts_at_us: i64,
}

impl Default for Minute {
    fn default() -> Self {
        Self {
            text: *b"1970-01-01T00:00",
            starts_at_us: 0,
        }
    }
}

impl Minute {
    /// The same as [`plain`].
    #[inline]
    pub(crate) fn plain(&mut self, text: &str) -> Option<EventTime> {
        let (head, tail) = text.as_bytes().split_first_chunk()?;
        match *tail {
            [
                b':',
                tens @ b'0'..=b'5',
                ones @ b'0'..=b'9',
                ref rest @ ..,
                b'Z',
            ] if *head == self.text => {
                let micros = match *rest {
                    [] => 0,
                    [b'.', ref digits @ ..] => whole_fraction(digits)?,
                    _ => return None,
                };
                let second = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
                let of_minute = second * 1_000_000 + i64::from(micros);
                Some(EventTime::utc(self.starts_at_us + of_minute))
            }
            _ => self.another(text, *head),
        }
    }

    fn another(&mut self, text: &str, head: [u8; 16]) -> Option<EventTime> {
        let time = plain(text)?;
        *self = Self {
            text: head,
            starts_at_us: time.at.0 - time.at.0.rem_euclid(60_000_000),
        };
        Some(time)
    }
}

/// Digits of a fraction of a second, and nothing else, as microseconds.
#[inline]
fn whole_fraction(digits: &[u8]) -> Option<u32> {
    let (micros, used) = fraction(digits)?;
    (used == digits.len()).then_some(micros)
}

/// The numbers that each two neighbouring digits make, by the place of the first; `None` for a
/// text that is not of the pattern, in which zeros stand for digits. All eight places are
/// computed at once, each in its byte of a word.
#[inline]
fn pairs(text: [u8; 8], pattern: [u8; 8]) -> Option<[u8; 8]> {
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    // What reaches the highest bit of its byte when it is added to what may not stand there.
    let above = pattern.map(|byte| if byte == b'0' { 0x80 - 10 } else { 0x80 - 1 });
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(pattern);
    let sums = digits.wrapping_add(u64::from_le_bytes(above));
    let fits = (digits | sums) & HIGHS == 0;
    fits.then(|| (digits.wrapping_mul(10).wrapping_add(digits >> 8)).to_le_bytes())
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
    let (mut micros, mut unit, mut used) = (0, 100_000, 0);
    while let Some(digit @ b'0'..=b'9') = bytes.get(used) {
        micros += u32::from(digit - b'0') * unit;
        unit /= 10;
        used += 1;
    }
    (used > 0).then_some((micros, used))
}
