//! Uploads that are no logs.

use logbook_model::LogReject;

use crate::rng::Rng;
use crate::upload::Route;

/// What was sent instead of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junk {
    /// Nothing. There is one: a second would be its duplicate.
    Empty,
    /// Nothing but blanks and line breaks.
    Blank,
    /// A picture.
    Binary,
    /// The page of a hotel's network that wants a password.
    Page,
}

impl Junk {
    /// Those that there may be many of.
    pub(crate) const COMMON: [Self; 3] = [Self::Blank, Self::Binary, Self::Page];

    /// The bytes; no two uploads have the same.
    pub(crate) fn body(self, seed: u64, number: u32) -> Vec<u8> {
        let mut rng = Rng::of(seed, 0x1b0d, u64::from(number));
        match self {
            Self::Empty => Vec::new(),
            Self::Blank => {
                // In the pattern of the number's bits.
                let blank = |bit: u32| if number >> bit & 1 == 1 { b'\n' } else { b' ' };
                (0..32).map(blank).collect()
            }
            Self::Binary => {
                let mut body = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
                let length = rng.between(2_000, 9_000);
                body.extend((0..length).map(|_| rng.next() as u8));
                body
            }
            Self::Page => format!(
                "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>\n\
                 <form action=\"/portal?ticket={:016x}\" method=\"post\">\n\
                 <input name=\"room\"><input name=\"password\" type=\"password\">\n\
                 </form>\n</body></html>\n",
                rng.next()
            )
            .into_bytes(),
        }
    }

    pub(crate) const fn reject(self) -> LogReject {
        match self {
            Self::Empty | Self::Blank => LogReject::Empty,
            Self::Binary | Self::Page => LogReject::NoGoodRecord,
        }
    }

    pub(crate) const fn route(self) -> Route {
        match self {
            Self::Blank | Self::Page => Route::Api,
            Self::Empty | Self::Binary => Route::Inbox,
        }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Binary => "application/octet-stream",
            _ => "application/x-ndjson",
        }
    }
}
