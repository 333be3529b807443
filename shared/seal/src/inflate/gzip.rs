//! Gzip, RFC 1952: any number of members, then perhaps padding.
#![expect(
    clippy::disallowed_types,
    reason = "the bound is kept by the Inflate around it"
)]

use std::io::{self, BufRead};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::InflateError;
use super::header::{Header, MAGIC};
use super::peek::Peek;

/// Bytes after a member: checksum and length of what it inflates to.
const TRAILER_BYTES: usize = 8;

/// The state of one gzip stream. The decoder is reset, not rebuilt, for each member, so that a
/// stream of many tiny ones costs little.
pub(super) struct Gzip {
    part: Part,
    decoder: Decompress,
    crc: Crc,
}

enum Part {
    Header(Header),
    Deflate,
    Trailer {
        bytes: [u8; TRAILER_BYTES],
        len: usize,
    },
    Between,
    Padding,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            part: Part::Header(Header::new()),
            decoder: Decompress::new(false),
            crc: Crc::new(),
        }
    }

    /// Inflates the next bytes into `output`, which is not empty; 0 at the end of the stream.
    pub(super) fn inflate<R: BufRead>(
        &mut self,
        input: &mut Peek<R>,
        output: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            if matches!(self.part, Part::Deflate) {
                let count = self.deflate(input, output)?;
                if count > 0 {
                    return Ok(count);
                }
                continue;
            }
            let ready = input.fill_buf()?;
            if ready.is_empty() {
                return match self.part {
                    Part::Between | Part::Padding => Ok(0),
                    _ => Err(InflateError::Truncated.into()),
                };
            }
            let taken = self.frame(ready)?;
            input.consume(taken);
        }
    }

    /// Takes bytes that are not deflated data, up to the end of the current part.
    fn frame(&mut self, ready: &[u8]) -> Result<usize, InflateError> {
        for (index, &byte) in ready.iter().enumerate() {
            self.step(byte)?;
            if matches!(self.part, Part::Deflate) {
                return Ok(index + 1);
            }
        }
        Ok(ready.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), InflateError> {
        match &mut self.part {
            Part::Header(header) => {
                if header.push(byte)? {
                    self.decoder.reset(false);
                    self.crc.reset();
                    self.part = Part::Deflate;
                }
            }
            Part::Trailer { bytes, len } => {
                bytes[*len] = byte;
                *len += 1;
                if *len == TRAILER_BYTES {
                    let [c0, c1, c2, c3, s0, s1, s2, s3] = *bytes;
                    let sum_fits = u32::from_le_bytes([c0, c1, c2, c3]) == self.crc.sum();
                    let size_fits = u32::from_le_bytes([s0, s1, s2, s3]) == self.crc.amount();
                    if !(sum_fits && size_fits) {
                        return Err(InflateError::Corrupt);
                    }
                    self.part = Part::Between;
                }
            }
            Part::Between if byte == MAGIC[0] => {
                let mut header = Header::new();
                header.push(byte)?;
                self.part = Part::Header(header);
            }
            Part::Between | Part::Padding if byte == 0 => self.part = Part::Padding,
            Part::Between | Part::Padding => return Err(InflateError::TrailingGarbage),
            Part::Deflate => {}
        }
        Ok(())
    }

    /// Runs the decoder once over what is ready. 0 where it needs more input or the member ended.
    fn deflate<R: BufRead>(&mut self, input: &mut Peek<R>, output: &mut [u8]) -> io::Result<usize> {
        let ready = input.fill_buf()?;
        let is_last = ready.is_empty();
        let (in_before, out_before) = (self.decoder.total_in(), self.decoder.total_out());
        let status = self
            .decoder
            .decompress(ready, output, FlushDecompress::None);
        let status = status.map_err(|_| InflateError::Corrupt)?;
        let taken = (self.decoder.total_in() - in_before) as usize;
        let count = (self.decoder.total_out() - out_before) as usize;
        input.consume(taken);
        self.crc.update(&output[..count]);
        match status {
            Status::StreamEnd => {
                self.part = Part::Trailer {
                    bytes: [0; TRAILER_BYTES],
                    len: 0,
                }
            }
            Status::Ok | Status::BufError if count == 0 && is_last => {
                return Err(InflateError::Truncated.into());
            }
            Status::Ok | Status::BufError if count == 0 && taken == 0 => {
                return Err(InflateError::Corrupt.into());
            }
            Status::Ok | Status::BufError => {}
        }
        Ok(count)
    }
}
