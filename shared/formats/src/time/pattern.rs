//! Patterns like those of `strptime`, compiled once.

use super::TimeError;
use super::civil::{Civil, Offset, parse_offset};
use super::rfc3339::fraction;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    /// A byte of the pattern's own.
    Literal(u8),
    /// A blank in the pattern: any number of blanks, also none.
    Blanks,
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Hour,
    Hour12,
    Minute,
    Second,
    Fraction,
    AmPm,
    Offset,
    ZoneName,
    Weekday,
    Epoch,
}

/// A pattern that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// An unknown conversion.
    #[error(
        "%{0} is not known; known: %Y %y %m %b %B %h %d %e %j %H %k %I %l %p %P %M %S %f %L %N %z %Z %a %A %s %T %F %D %%"
    )]
    Unknown(char),
    /// A `%` at the end.
    #[error("% at the end of the pattern")]
    Dangling,
    /// No conversion at all.
    #[error(
        "{0:?} has no conversion such as %Y; known names: epoch_s, epoch_ms, epoch_us, epoch_ns, rfc3339"
    )]
    NoConversion(String),
}

impl Pattern {
    /// Compiles `%Y-%m-%d %H:%M:%S,%f` and the like.
    pub(crate) fn compile(text: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => expand(chars.next().ok_or(PatternError::Dangling)?, &mut items)?,
                c if c.is_whitespace() => items.push(Item::Blanks),
                c => items.extend(c.encode_utf8(&mut [0; 4]).bytes().map(Item::Literal)),
            }
        }
        let plain = |item: &Item| matches!(item, Item::Literal(_) | Item::Blanks);
        if items.iter().all(plain) {
            return Err(PatternError::NoConversion(text.chars().take(60).collect()));
        }
        Ok(Self { items })
    }

    /// Reads a whole text.
    pub(crate) fn parse(&self, text: &str) -> Result<Civil, TimeError> {
        let mut reader = Reader {
            rest: text.as_bytes(),
            civil: Civil::default(),
            afternoon: None,
        };
        for item in &self.items {
            reader.item(item)?;
        }
        reader.finish()
    }
}

fn expand(conversion: char, items: &mut Vec<Item>) -> Result<(), PatternError> {
    let colon = Item::Literal(b':');
    items.extend(match conversion {
        'Y' => vec![Item::Year],
        'y' => vec![Item::ShortYear],
        'm' => vec![Item::Month],
        'b' | 'B' | 'h' => vec![Item::MonthName],
        'd' | 'e' => vec![Item::Day],
        'j' => vec![Item::DayOfYear],
        'H' | 'k' => vec![Item::Hour],
        'I' | 'l' => vec![Item::Hour12],
        'p' | 'P' => vec![Item::AmPm],
        'M' => vec![Item::Minute],
        'S' => vec![Item::Second],
        'f' | 'L' | 'N' => vec![Item::Fraction],
        'z' => vec![Item::Offset],
        'Z' => vec![Item::ZoneName],
        'a' | 'A' => vec![Item::Weekday],
        's' => vec![Item::Epoch],
        'T' => vec![Item::Hour, colon.clone(), Item::Minute, colon, Item::Second],
        'F' => vec![
            Item::Year,
            Item::Literal(b'-'),
            Item::Month,
            Item::Literal(b'-'),
            Item::Day,
        ],
        'D' => vec![
            Item::Month,
            Item::Literal(b'/'),
            Item::Day,
            Item::Literal(b'/'),
            Item::ShortYear,
        ],
        '%' => vec![Item::Literal(b'%')],
        other => return Err(PatternError::Unknown(other)),
    });
    Ok(())
}

struct Reader<'a> {
    rest: &'a [u8],
    civil: Civil,
    afternoon: Option<bool>,
}

impl Reader<'_> {
    fn item(&mut self, item: &Item) -> Result<(), TimeError> {
        match item {
            Item::Literal(byte) => match self.rest.split_first() {
                Some((first, rest)) if first == byte => self.rest = rest,
                _ => return Err(TimeError::Format),
            },
            Item::Blanks => self.rest = self.rest.trim_ascii_start(),
            Item::Year => self.civil.year = Some(self.number(4, 4)? as i32),
            Item::ShortYear => {
                // POSIX: 69-99 are of the 20th century, 00-68 of the 21st.
                let year = self.number(2, 2)? as i32;
                self.civil.year = Some(if year >= 69 { 1900 + year } else { 2000 + year });
            }
            Item::Month => self.civil.month = Some(self.number(1, 2)?),
            Item::MonthName => self.civil.month = Some(self.month_name()?),
            Item::Day => {
                self.rest = self.rest.trim_ascii_start();
                self.civil.day = Some(self.number(1, 2)?);
            }
            Item::DayOfYear => self.civil.day_of_year = Some(self.number(1, 3)?),
            Item::Hour => self.civil.hour = self.number(1, 2)?,
            Item::Hour12 => {
                let hour = self.number(1, 2)?;
                if hour == 0 || hour > 12 {
                    return Err(TimeError::Range);
                }
                self.civil.hour = hour % 12;
                self.afternoon.get_or_insert(false);
            }
            Item::Minute => self.civil.minute = self.number(2, 2)?,
            Item::Second => self.civil.second = self.number(2, 2)?,
            Item::Fraction => {
                let (micros, used) = fraction(self.rest).ok_or(TimeError::Format)?;
                self.civil.micros = micros;
                self.rest = &self.rest[used..];
            }
            Item::AmPm => self.am_pm()?,
            Item::Offset => self.offset()?,
            Item::ZoneName => self.zone_name(),
            Item::Weekday => self.word()?,
            Item::Epoch => {
                let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let text = std::str::from_utf8(&self.rest[..digits]);
                let secs = text.ok().and_then(|t| t.parse().ok());
                self.civil.epoch_secs = Some(secs.ok_or(TimeError::Format)?);
                self.rest = &self.rest[digits..];
            }
        }
        Ok(())
    }

    fn number(&mut self, least: usize, most: usize) -> Result<u32, TimeError> {
        let (mut value, mut digits) = (0, 0);
        while digits < most
            && let Some(digit @ b'0'..=b'9') = self.rest.get(digits)
        {
            value = value * 10 + u32::from(digit - b'0');
            digits += 1;
        }
        if digits < least {
            return Err(TimeError::Format);
        }
        self.rest = &self.rest[digits..];
        Ok(value)
    }

    fn letters(&self) -> usize {
        self.rest
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count()
    }

    fn word(&mut self) -> Result<(), TimeError> {
        let letters = self.letters();
        if letters == 0 {
            return Err(TimeError::Format);
        }
        self.rest = &self.rest[letters..];
        if let Some(rest) = self.rest.strip_prefix(b".") {
            self.rest = rest;
        }
        Ok(())
    }

    fn month_name(&mut self) -> Result<u32, TimeError> {
        const NAMES: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let letters = self.letters();
        let word = self.rest[..letters].to_ascii_lowercase();
        let known = |name: &str| letters >= 3 && name.as_bytes().starts_with(&word);
        let month = NAMES
            .iter()
            .position(|name| known(name))
            .ok_or(TimeError::Format)?;
        self.rest = &self.rest[letters..];
        Ok(month as u32 + 1)
    }

    fn am_pm(&mut self) -> Result<(), TimeError> {
        let letters = self.letters();
        self.afternoon = Some(match self.rest[..letters].to_ascii_lowercase().as_slice() {
            b"am" | b"a" => false,
            b"pm" | b"p" => true,
            _ => return Err(TimeError::Format),
        });
        self.rest = &self.rest[letters..];
        Ok(())
    }

    fn offset(&mut self) -> Result<(), TimeError> {
        for name in [&b"UTC"[..], b"GMT"] {
            if let Some(rest) = self.rest.strip_prefix(name) {
                self.civil.offset = Some(Offset::Seconds(0));
                self.rest = rest;
                return Ok(());
            }
        }
        let (offset, used) = parse_offset(self.rest).ok_or(TimeError::Format)?;
        self.civil.offset = Some(offset);
        self.rest = &self.rest[used..];
        Ok(())
    }

    /// Only names with one meaning give an offset; any other is passed over, and the profile's
    /// zone holds.
    fn zone_name(&mut self) {
        let letters = self.letters();
        if matches!(&self.rest[..letters], b"UTC" | b"GMT" | b"Z") {
            self.civil.offset = Some(Offset::Seconds(0));
        }
        self.rest = &self.rest[letters..];
    }

    fn finish(mut self) -> Result<Civil, TimeError> {
        if !self.rest.trim_ascii().is_empty() {
            return Err(TimeError::Format);
        }
        if self.afternoon == Some(true) && self.civil.hour < 12 {
            self.civil.hour += 12;
        }
        Ok(self.civil)
    }
}
