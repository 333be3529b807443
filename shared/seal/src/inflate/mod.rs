//! Inflating what others compressed, under an exact bound and in small constant memory.
//!
//! The one place in the workspace that touches a raw decompressor: those of `flate2` and `zstd`
//! know no bound, and `flate2`'s gzip reader stops after the first member.

mod error;
mod gzip;
mod header;
mod peek;
mod zstd;

use std::io::{self, BufRead, Read};

pub use error::InflateError;

pub(crate) use header::gzip_texts;

use gzip::Gzip;
use peek::Peek;
use zstd::Zstd;

/// Size of the buffer that inflated bytes wait in: 16 KiB made gzip a fifth slower, 256 KiB a tenth
/// faster.
const BUFFER_BYTES: usize = 64 * 1024;

/// Reads gzip (all its members), zstd (all its frames) or plain bytes, told apart by their magic
/// bytes, and gives the inflated bytes.
///
/// - After exactly `max_bytes` inflated bytes it ends with [`InflateError::Bomb`] if there is more.
/// - Memory: a buffer of 64 KiB and the window of the format: 32 KiB for gzip, at most 8 MiB for
///   zstd; a frame that asks for more ends with [`InflateError::WindowTooLarge`].
/// - Zero bytes after gzip (the padding of tape blocks) are ignored; anything else that is not a
///   further member is [`InflateError::TrailingGarbage`].
///
/// Errors of the bytes are `io::Error`s that hold an [`InflateError`], to be taken out by
/// [`InflateError::of`]; errors of the source pass through unchanged. An error is final.
pub struct Inflate<R> {
    input: Peek<R>,
    stage: Stage,
    max_bytes: u64,
    /// Bytes put into the buffer, or passed through, so far.
    total_bytes: u64,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

enum Stage {
    Unknown,
    Plain,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
    End,
    Failed(InflateError),
}

impl<R: BufRead> Inflate<R> {
    /// Inflates `reader`, to at most `max_bytes`. Reads nothing yet.
    pub const fn new(reader: R, max_bytes: u64) -> Self {
        let input = Peek::new(reader);
        Self {
            input,
            stage: Stage::Unknown,
            max_bytes,
            total_bytes: 0,
            buffer: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    /// Inflated bytes that the caller has taken so far.
    pub const fn inflated_bytes(&self) -> u64 {
        self.total_bytes - (self.end - self.start) as u64
    }

    /// Looks at the magic bytes and prepares the decoder.
    fn begin(&mut self) -> io::Result<()> {
        let magic = self.input.peek()?;
        self.stage = if magic.starts_with(&header::MAGIC) {
            Stage::Gzip(Box::new(Gzip::new()))
        } else if zstd::is_magic(magic) {
            Stage::Zstd(Box::new(Zstd::new()?))
        } else {
            Stage::Plain
        };
        if !matches!(self.stage, Stage::Plain) {
            self.buffer = vec![0; BUFFER_BYTES];
        }
        Ok(())
    }

    /// Puts the next inflated bytes into the buffer, which is empty. At the bound it asks for one
    /// byte more, only to see whether there is one.
    fn refill(&mut self) -> io::Result<()> {
        let left = self.max_bytes - self.total_bytes;
        let room = usize::try_from(left.max(1)).map_or(BUFFER_BYTES, |left| left.min(BUFFER_BYTES));
        let output = &mut self.buffer[..room];
        let count = match &mut self.stage {
            Stage::Gzip(gzip) => gzip.inflate(&mut self.input, output),
            Stage::Zstd(zstd) => zstd.inflate(&mut self.input, output),
            _ => Ok(0),
        };
        let count = count.map_err(|error| self.fail(error))?;
        if count == 0 {
            self.stage = Stage::End;
        } else if left == 0 {
            return Err(self.fail(self.bomb()));
        }
        (self.start, self.end) = (0, count);
        self.total_bytes += count as u64;
        Ok(())
    }

    fn bomb(&self) -> io::Error {
        InflateError::Bomb {
            max_bytes: self.max_bytes,
        }
        .into()
    }

    /// Remembers errors of the bytes, so that reading on gives the same error again.
    fn fail(&mut self, error: io::Error) -> io::Error {
        if let Some(inflate) = InflateError::of(&error) {
            self.stage = Stage::Failed(inflate);
        }
        error
    }
}

impl<R: BufRead> BufRead for Inflate<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if matches!(self.stage, Stage::Unknown) {
            self.begin()?;
        }
        match self.stage {
            Stage::Plain => {
                let left = self.max_bytes - self.total_bytes;
                let available = self.input.fill_buf()?;
                if left == 0 && !available.is_empty() {
                    return Err(InflateError::Bomb {
                        max_bytes: self.max_bytes,
                    }
                    .into());
                }
                let count =
                    usize::try_from(left).map_or(available.len(), |left| left.min(available.len()));
                Ok(&available[..count])
            }
            Stage::Failed(error) if self.start == self.end => Err(error.into()),
            Stage::Gzip(_) | Stage::Zstd(_) if self.start == self.end => {
                self.refill()?;
                Ok(&self.buffer[self.start..self.end])
            }
            _ => Ok(&self.buffer[self.start..self.end]),
        }
    }

    fn consume(&mut self, count: usize) {
        if matches!(self.stage, Stage::Plain) {
            self.input.consume(count);
            self.total_bytes += count as u64;
        } else {
            self.start = (self.start + count).min(self.end);
        }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R> std::fmt::Debug for Inflate<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflate")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
