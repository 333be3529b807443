//! Time for what may take long, so that the rest of a batch has some too.

use std::io::{self, Read};
use std::time::Instant;

/// Until when the next of `left` logs may be read: half of the time belongs to those after it. One
/// that takes longer comes again, and harms no other.
pub(crate) fn share(until: Option<Instant>, left: usize) -> Option<Instant> {
    let until = until?;
    let now = Instant::now();
    let rest = until.saturating_duration_since(now);
    Some(if left > 1 { now + rest / 2 } else { until })
}

/// Reads until a time, and fails then.
pub(crate) struct Until<R> {
    inner: R,
    until: Option<Instant>,
}

impl<R: Read> Until<R> {
    pub(crate) const fn new(inner: R, until: Option<Instant>) -> Self {
        Self { inner, until }
    }
}

impl<R: Read> Read for Until<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.until {
            Some(until) if Instant::now() >= until => Err(over()),
            _ => self.inner.read(buffer),
        }
    }
}

/// The time for a log is over.
pub(crate) fn over() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the time for it is over")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_is_read_after_the_time() {
        let mut read = Vec::new();
        let past = Some(Instant::now());
        let error = Until::new(&b"abc"[..], past).read_to_end(&mut read);
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let later = Some(Instant::now() + Duration::from_hours(1));
        Until::new(&b"abc"[..], later)
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, b"abc");
    }

    #[test]
    fn half_of_the_time_is_left_to_those_that_follow() {
        let hour = Duration::from_hours(1);
        let until = Instant::now() + hour;
        let first = share(Some(until), 2).unwrap();
        assert!(first + hour / 3 < until && first > Instant::now() + hour / 3);
        assert_eq!(share(Some(until), 1), Some(until));
        assert_eq!(share(None, 2), None);
    }
}
