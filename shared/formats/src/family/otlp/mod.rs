//! OpenTelemetry's logs: `ExportLogsServiceRequest` (the same message as `LogsData`), as
//! OTLP/JSON or as protobuf. The first bytes say which.
//!
//! Both are read as a stream: a request may be larger than memory. What is in memory at once is
//! one log record, one resource and one scope, each at most [`Limits::record_bytes`], and, where
//! records come before the resource or the scope they belong to (as they do where keys are
//! sorted: `logRecords`, `scope`), up to eight times as many bytes of them. More than that are
//! read without that resource or scope; if it then comes after all, and says anything that the
//! profile reads, the log is refused rather than its records misattributed.
//!
//! **JSON.** One request, several, or one a line. A record that is broken is refused and the log
//! goes on, as long as its brackets and quotes are in balance. A line that is not is one record
//! refused: what was read of it stands, and reading goes on with the next line. A request that
//! spans lines leaves no such place to go on from: the log is refused.
//!
//! **Protobuf** has no lines: in their stead a record's ordinal, from 1, is its line.
//!
//! Records whose resource or scope is broken are refused with it, each of them.
//!
//! Sources: opentelemetry-proto 1.7 (`logs.proto`, `common.proto`, `resource.proto`), the OTLP
//! specification 1.7 ("JSON Protobuf Encoding"), protobuf's JSON mapping and wire format.
//!
//! [`Limits::record_bytes`]: crate::Limits::record_bytes

mod early;
mod input;
mod json;
mod plan;
mod proto;
mod records;
mod scalar;

pub(crate) use plan::is_field;

use std::io::{self, Read};

use logbook_model::LogReject;

use crate::interpret::Interpreter;
use crate::log::{ParsedLog, ReadError};
use input::Input;
use records::Records;

/// Bytes by which the encoding is told. Blanks before a JSON text must end within them.
const HEAD_BYTES: usize = 4096;

pub(super) fn read(
    source: impl Read,
    interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let mut input = Input::new(source);
    input.ensure(HEAD_BYTES)?;
    if input.pending().starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let encoding = sniff(input.pending());
    let mut records = Records::new(interpreter);
    let fault = match encoding {
        Encoding::Blank => None,
        Encoding::Json => json::walk(&mut input, &mut records).err(),
        Encoding::Protobuf => proto::walk(&mut input, &mut records).err(),
        Encoding::Unknown => Some(Fault::Log(
            LogReject::WrongFormat,
            "it begins neither like OTLP/JSON nor like OTLP protobuf".to_owned(),
        )),
    };
    let bytes = input.position().offset;
    let interpreter = records.into_interpreter();
    match fault {
        None => interpreter.finish(bytes),
        Some(Fault::Source(error)) => Err(error.into()),
        Some(Fault::Log(reason, detail)) => Err(interpreter.refuse_log(reason, detail)),
    }
}

/// Why reading stops.
#[derive(Debug)]
enum Fault {
    /// The source failed.
    Source(io::Error),
    /// The log as a whole is refused.
    Log(LogReject, String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    Blank,
    Json,
    Protobuf,
    Unknown,
}

/// Tells the encodings apart.
///
/// Protobuf begins with 0x0a, the tag of its only field, which is a line break in JSON. What
/// follows the line break and `{` (a length of 123) decides: in JSON it is a blank or a quote
/// and then, within the quotes, no control character; in protobuf a quote could only be the
/// length of the resource, and the tag after it is a control character.
fn sniff(head: &[u8]) -> Encoding {
    let text = head.trim_ascii_start();
    let json = match text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) {
        Some([b'"', first, ..]) => *first >= 0x20,
        Some(rest) => matches!(rest, [] | [b'"' | b'}', ..]) || head[0] == b'{',
        None => false,
    };
    match head.first() {
        _ if text.is_empty() => Encoding::Blank,
        _ if json => Encoding::Json,
        Some(0x0a) => Encoding::Protobuf,
        _ => Encoding::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart_by_their_first_bytes() {
        for json in [
            &b"{\"resourceLogs\":[]}"[..],
            b"\n{\"resourceLogs\":[]}",
            b"\n{\n\"resourceLogs\":[]}",
            b" \r\n\t{ }",
            b"{",
            b"{]",
        ] {
            assert_eq!(sniff(json), Encoding::Json, "{json:?}");
        }
        for protobuf in [
            &b"\x0a\x00"[..],
            b"\x0a\x7b\x0a\x22\x0a\x20",
            b"\x0a\x7b\x12\x79",
            b"\x0a\x20\x0a\x0a\x0a\x08",
        ] {
            assert_eq!(sniff(protobuf), Encoding::Protobuf, "{protobuf:?}");
        }
        assert_eq!(sniff(b""), Encoding::Blank);
        assert_eq!(sniff(b"\n \n"), Encoding::Blank);
        assert_eq!(sniff(b"[1]"), Encoding::Unknown);
        assert_eq!(sniff(b"PK\x03\x04"), Encoding::Unknown);
    }
}
