//! The requests of a log, one after another.

use std::io::Read;

use logbook_model::{EventReject, LogReject};
use memchr::memchr;

use super::read::{Broken, Lining, Reader};
use super::walk::request;
use crate::family::otlp::Fault;
use crate::family::otlp::early::Early;
use crate::family::otlp::input::Input;
use crate::family::otlp::records::{Owner, Records};
use crate::interpret::Position;

/// Reads all requests.
pub(crate) fn walk<R: Read>(
    input: &mut Input<R>,
    records: &mut Records<'_, '_>,
) -> Result<(), Fault> {
    let mut documents = Documents {
        input,
        records,
        earlier: false,
        one_a_line: false,
    };
    while documents.begins()? {
        documents.one()?;
    }
    Ok(())
}

struct Documents<'i, 'r, 'p, 'o, R> {
    input: &'i mut Input<R>,
    records: &'r mut Records<'p, 'o>,
    /// Something came before: a request, or a line that is none.
    earlier: bool,
    /// A request ended in the line in which it began.
    one_a_line: bool,
}

impl<R: Read> Documents<'_, '_, '_, '_, R> {
    /// Passes blanks; whether anything follows.
    fn begins(&mut self) -> Result<bool, Fault> {
        while let Some(byte) = self.input.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(true);
            }
            self.input.consume_lines(1);
        }
        Ok(false)
    }

    fn one(&mut self) -> Result<(), Fault> {
        let begun = self.input.position();
        let lining = Lining {
            begun: begun.offset,
            one_a_line: self.one_a_line,
            several: false,
        };
        let mut reader = Reader::new(self.input, lining);
        let result = request(&mut reader, self.records);
        let several = reader.lining.several;
        match result {
            Ok(true) => self.one_a_line |= !several,
            Ok(false) if several => {
                return Err(refuse(begun, LogReject::WrongFormat, "has no resourceLogs"));
            }
            Ok(false) => self.other_json(begun)?,
            Err(Broken::Source(error)) => return Err(Fault::Source(error)),
            Err(Broken::Order(owner)) => return Err(self.wrong_order(owner)),
            Err(Broken::Ends) if several || !self.earlier => {
                let (detail, at) = ("ends early", self.input.position());
                return Err(refuse(at, LogReject::Truncated, detail));
            }
            Err(Broken::Malformed(detail)) if several => {
                let at = self.input.position();
                return Err(refuse(at, LogReject::WrongFormat, detail));
            }
            Err(broken) => self.broken_line(begun, &broken)?,
        }
        self.earlier = true;
        Ok(())
    }

    /// A JSON object in a line that is no request.
    fn other_json(&mut self, begun: Position) -> Result<(), Fault> {
        let alone = !self.earlier && !self.begins()?;
        if alone {
            return Err(refuse(begun, LogReject::WrongFormat, "has no resourceLogs"));
        }
        let detail = "a JSON object without resourceLogs";
        self.records.reject(begun, EventReject::Broken, detail);
        self.one_a_line = true;
        Ok(())
    }

    /// A request that breaks in the line in which it began: on with the next line, if there is
    /// one.
    fn broken_line(&mut self, begun: Position, broken: &Broken) -> Result<(), Fault> {
        let detail = match broken {
            Broken::Malformed(detail) => detail,
            _ => "the line ends within the request",
        };
        let at = self.input.position();
        self.skip_line()?;
        if !self.earlier && !self.begins()? {
            let reason = match broken {
                Broken::Malformed(_) => LogReject::WrongFormat,
                _ => LogReject::Truncated,
            };
            return Err(refuse(at, reason, detail));
        }
        let detail = format!("{detail}, at byte {}", at.offset);
        self.records.reject(begun, EventReject::Broken, &detail);
        Ok(())
    }

    /// Passes the rest of the line, but not its break.
    fn skip_line(&mut self) -> Result<(), Fault> {
        loop {
            if let Some(at) = memchr(b'\n', self.input.pending()) {
                self.input.consume(at);
                return Ok(());
            }
            self.input.consume(self.input.pending().len());
            if !self.input.fill()? {
                return Ok(());
            }
        }
    }

    fn wrong_order(&self, owner: Owner) -> Fault {
        let bytes = Early::bound(self.records.limits());
        let detail = match owner {
            Owner::Resource => "its resource comes after more of its scopeLogs than",
            Owner::Scope => "its scope comes after more of its logRecords than",
        };
        let detail = format!("{detail} the {bytes} bytes that are kept");
        refuse(self.input.position(), LogReject::WrongFormat, &detail)
    }
}

fn refuse(at: Position, reason: LogReject, detail: &str) -> Fault {
    let Position { line, offset } = at;
    let detail = format!("line {line}, byte {offset}: the request is no OTLP/JSON: {detail}");
    Fault::Log(reason, detail)
}
