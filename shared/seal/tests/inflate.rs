//! Inflating: exact bounds, all members and frames, and a typed error for each kind of bad bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use logbook_seal::{Inflate, InflateError};
use proptest::prelude::*;

const LOG: &[u8] = b"a line\nanother line\n";

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

fn inflate(bytes: &[u8], max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    Inflate::new(bytes, max_bytes)
        .read_to_end(&mut out)
        .map(|_| out)
}

fn error_of(bytes: &[u8]) -> Option<InflateError> {
    InflateError::of(&inflate(bytes, 1 << 20).expect_err("the bytes are bad"))
}

/// Hands out one byte at a time, with interruptions.
struct Trickle<'a>(&'a [u8], bool);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = out.len().min(1);
        self.0.read(&mut out[..count])
    }
}

#[test]
fn all_formats_inflate_to_the_same() {
    for bytes in [LOG.to_vec(), gzip(LOG), zstd(LOG)] {
        assert_eq!(inflate(&bytes, 1000).unwrap(), LOG);
        let mut slow = Vec::new();
        let reader = BufReader::with_capacity(1, Trickle(&bytes, false));
        Inflate::new(reader, 1000).read_to_end(&mut slow).unwrap();
        assert_eq!(slow, LOG);
    }
}

#[test]
fn short_and_empty_inputs_are_plain() {
    for bytes in [&b""[..], b"\x1f", b"\x28\xb5", b"\x28\xb5\x2f", b"abc"] {
        assert_eq!(inflate(bytes, 1000).unwrap(), bytes);
    }
}

#[test]
fn an_empty_log_may_be_compressed() {
    assert!(inflate(&gzip(b""), 0).unwrap().is_empty());
    assert!(inflate(&zstd(b""), 0).unwrap().is_empty());
}

#[test]
fn members_and_frames_follow_one_another() {
    assert_eq!(
        inflate(
            &[gzip(&LOG[..5]), gzip(b""), gzip(&LOG[5..])].concat(),
            1000
        )
        .unwrap(),
        LOG
    );
    let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc";
    let frames = [
        &skippable[..],
        &zstd(&LOG[..5]),
        skippable,
        &zstd(&LOG[5..]),
        skippable,
    ]
    .concat();
    assert_eq!(inflate(&frames, 1000).unwrap(), LOG);
}

#[test]
fn every_field_of_a_gzip_header_is_passed_over() {
    let mut all = GzBuilder::new()
        .extra(vec![1; 300])
        .filename("name")
        .comment("run-1")
        .mtime(1)
        .write(Vec::new(), Compression::default());
    all.write_all(LOG).unwrap();
    assert_eq!(inflate(&all.finish().unwrap(), 1000).unwrap(), LOG);
}

#[test]
fn the_checksum_of_a_gzip_header_is_checked() {
    // FHCRC: the low two bytes of the CRC-32 of the header before it.
    let mut bytes = gzip(LOG);
    bytes[3] |= 2;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[..10]);
    let sum = crc.sum().to_le_bytes();
    bytes.splice(10..10, [sum[0], sum[1]]);
    assert_eq!(inflate(&bytes, 1000).unwrap(), LOG);
    bytes[10] ^= 1;
    assert_eq!(error_of(&bytes), Some(InflateError::Corrupt));
}

#[test]
fn the_bound_is_exact() {
    let exact = LOG.len() as u64;
    for bytes in [LOG.to_vec(), gzip(LOG), zstd(LOG)] {
        assert_eq!(inflate(&bytes, exact).unwrap(), LOG);
        let mut reader = Inflate::new(&bytes[..], exact - 1);
        let mut out = Vec::new();
        let error = reader.read_to_end(&mut out).unwrap_err();
        assert_eq!(
            InflateError::of(&error),
            Some(InflateError::Bomb {
                max_bytes: exact - 1
            })
        );
        assert_eq!(
            out,
            LOG[..LOG.len() - 1],
            "all bytes up to the bound are given"
        );
        assert_eq!(reader.inflated_bytes(), exact - 1);
        let again = reader.fill_buf().unwrap_err();
        assert_eq!(
            InflateError::of(&again),
            InflateError::of(&error),
            "an error is final"
        );
    }
}

#[test]
fn inflated_bytes_counts_what_was_taken() {
    for bytes in [LOG.to_vec(), gzip(LOG), zstd(LOG)] {
        let mut reader = Inflate::new(&bytes[..], 1000);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!((line.as_str(), reader.inflated_bytes()), ("a line\n", 7));
    }
}

/// 10 MB of gzip that would inflate to 10 GB: one member of 10 MB of zeros, a thousand times.
fn gzip_bomb() -> Vec<u8> {
    let member = gzip(&vec![0; 10 << 20]);
    assert!(member.len() < 11_000);
    member.repeat(1000)
}

/// 320 KB of zstd that would inflate to 10 GB: a frame (RFC 8878) of 80,000 blocks of type RLE,
/// four bytes each, that stand for 128 KiB each.
fn zstd_bomb() -> Vec<u8> {
    let frame_header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
    let block_header = (((128_u32 << 10) << 3) | (1 << 1)).to_le_bytes();
    let block = [block_header[0], block_header[1], block_header[2], b'x'];
    [&frame_header[..], &block.repeat(80_000)].concat()
}

#[test]
fn bombs_stop_at_the_bound() {
    const BOUND: u64 = 64 << 20;
    for bomb in [gzip_bomb(), zstd_bomb()] {
        let began = Instant::now();
        let mut reader = Inflate::new(&bomb[..], BOUND);
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert_eq!(
            InflateError::of(&error),
            Some(InflateError::Bomb { max_bytes: BOUND })
        );
        assert_eq!(reader.inflated_bytes(), BOUND);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn many_tiny_members_cost_little() {
    let began = Instant::now();
    assert!(inflate(&gzip(b"").repeat(200_000), 10).unwrap().is_empty());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_zstd_frame_with_a_large_window_is_refused() {
    let frame = |window_log: u8| {
        [
            0x28,
            0xb5,
            0x2f,
            0xfd,
            0x00,
            (window_log - 10) << 3,
            1,
            0,
            0,
        ]
    };
    assert!(inflate(&frame(23), 10).unwrap().is_empty());
    for window_log in [24, 27, 31] {
        assert_eq!(
            error_of(&frame(window_log)),
            Some(InflateError::WindowTooLarge)
        );
    }
}

#[test]
fn every_cut_is_noticed() {
    let two_members = [gzip(LOG), gzip(LOG)].concat();
    let first = two_members.len() / 2;
    for len in (4..two_members.len()).filter(|&len| len != first) {
        assert_eq!(
            error_of(&two_members[..len]),
            Some(InflateError::Truncated),
            "gzip of {len} bytes"
        );
    }
    let frame = zstd(LOG);
    for len in 4..frame.len() {
        assert_eq!(
            error_of(&frame[..len]),
            Some(InflateError::Truncated),
            "zstd of {len} bytes"
        );
    }
}

#[test]
fn a_wrong_checksum_or_size_is_noticed() {
    let good = gzip(LOG);
    for at in good.len() - 8..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(error_of(&bad), Some(InflateError::Corrupt), "byte {at}");
    }
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(LOG).unwrap();
    let mut bad = encoder.finish().unwrap();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(error_of(&bad), Some(InflateError::Corrupt));
}

#[test]
fn bad_headers_are_corrupt() {
    for (at, value) in [(2, 7), (3, 0x80)] {
        let mut bad = gzip(LOG);
        bad[at] = value;
        assert_eq!(error_of(&bad), Some(InflateError::Corrupt));
    }
    let endless_name = [
        &[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0][..],
        &vec![b'x'; 70_000],
    ]
    .concat();
    assert_eq!(error_of(&endless_name), Some(InflateError::Corrupt));
}

#[test]
fn padding_is_ignored_and_garbage_is_not() {
    assert_eq!(
        inflate(&[gzip(LOG), vec![0; 70_000]].concat(), 1000).unwrap(),
        LOG
    );
    for tail in [&b"x"[..], b"\0x", b"\0\x1f\x8b"] {
        assert_eq!(
            error_of(&[&gzip(LOG), tail].concat()),
            Some(InflateError::TrailingGarbage)
        );
    }
    assert_eq!(
        error_of(&[&gzip(LOG), &b"\x1fx"[..]].concat()),
        Some(InflateError::Corrupt)
    );
    assert_eq!(
        error_of(&[&zstd(LOG), &b"garbage"[..]].concat()),
        Some(InflateError::TrailingGarbage)
    );
}

#[test]
fn an_error_of_the_source_passes_through() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let bytes = gzip(LOG);
    let source = BufReader::new((&bytes[..12]).chain(Broken));
    let error = Inflate::new(source, 1000)
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert_eq!(
        (error.kind(), InflateError::of(&error)),
        (io::ErrorKind::ConnectionReset, None)
    );
}

proptest! {
    #[test]
    fn what_was_compressed_comes_back(log in proptest::collection::vec(any::<u8>(), 0..200_000), cut in any::<prop::sample::Index>()) {
        let (head, tail) = log.split_at(cut.index(log.len() + 1));
        prop_assert_eq!(&inflate(&[gzip(head), gzip(tail)].concat(), 1 << 20).unwrap(), &log);
        prop_assert_eq!(&inflate(&[zstd(head), zstd(tail)].concat(), 1 << 20).unwrap(), &log);
    }

    #[test]
    fn arbitrary_bytes_never_panic_nor_pass_the_bound(bytes in proptest::collection::vec(any::<u8>(), 0..500), is_zstd in any::<bool>()) {
        let magic: &[u8] = if is_zstd { &[0x28, 0xb5, 0x2f, 0xfd] } else { &[0x1f, 0x8b, 8, 0] };
        let mut out = Vec::new();
        let _ = Inflate::new(&[magic, &bytes].concat()[..], 1000).read_to_end(&mut out);
        prop_assert!(out.len() <= 1000);
    }
}
