//! Zstandard, RFC 8878: any number of frames, skippable ones included.
#![expect(
    clippy::disallowed_types,
    reason = "the bound is kept by the Inflate around it"
)]

use std::io::{self, BufRead};

use zstd::stream::raw::{DParameter, Decoder, Operation};
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

use super::InflateError;
use super::peek::Peek;

/// Largest window, as a power of two: 8 MiB, what levels 1 to 19 use at most. Levels 20 to 22 and
/// `--long` want up to 128 MiB, which a small function does not have to spare for a stranger.
const WINDOW_LOG_MAX: u32 = 23;
/// First bytes of a frame, little-endian 0xFD2FB528.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Last three of the first four bytes of a skippable frame, 0x184D2A50 to 0x184D2A5F.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Whether these bytes begin a frame or a skippable frame.
pub(super) fn is_magic(bytes: &[u8]) -> bool {
    bytes == FRAME || (bytes.len() == 4 && bytes[0] & 0xf0 == 0x50 && bytes[1..] == SKIPPABLE)
}

/// The state of one zstd stream.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    between_frames: bool,
}

impl Zstd {
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self {
            decoder,
            between_frames: false,
        })
    }

    /// Inflates the next bytes into `output`, which is not empty; 0 at the end of the stream.
    pub(super) fn inflate<R: BufRead>(
        &mut self,
        input: &mut Peek<R>,
        output: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            let ready = input.fill_buf()?;
            let is_last = ready.is_empty();
            if is_last && self.between_frames {
                return Ok(0);
            }
            let status = self
                .decoder
                .run_on_buffers(ready, output)
                .map_err(|error| typed(&error))?;
            input.consume(status.bytes_read);
            self.between_frames = status.remaining == 0;
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
            if is_last && !self.between_frames {
                return Err(InflateError::Truncated.into());
            }
        }
    }
}

fn typed(error: &io::Error) -> InflateError {
    let code = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<zstd::Error>());
    let is = |kind| code.is_some_and(|code| code.is(kind));
    if is(ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
        InflateError::WindowTooLarge
    } else if is(ZSTD_ErrorCode::ZSTD_error_prefix_unknown) {
        // The first frame was known by its magic bytes, so this is what stands after a frame.
        InflateError::TrailingGarbage
    } else {
        InflateError::Corrupt
    }
}
