//! The walk over a request's outer messages, which may be larger than memory.

use std::io::{self, Read};

use logbook_model::{EventReject, LogReject};

use super::wire::{WireType, split_tag, varint};
use crate::family::otlp::Fault;
use crate::family::otlp::early::Early;
use crate::family::otlp::input::Input;
use crate::family::otlp::records::{Form, Owner, Records};
use crate::interpret::Position;

/// Why a message cannot be read on.
#[derive(Debug)]
enum Broken {
    Source(io::Error),
    Ends,
    Malformed(&'static str),
    Order(Owner),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

/// Reads the whole log.
pub(crate) fn walk<R: Read>(
    input: &mut Input<R>,
    records: &mut Records<'_, '_>,
) -> Result<(), Fault> {
    let mut walk = Walk {
        input,
        records,
        ordinal: 0,
    };
    let result = walk.request();
    let offset = walk.input.position().offset;
    let log = |reason, detail: &str| {
        let detail = format!("byte {offset}: the request is no OTLP protobuf: {detail}");
        Err(Fault::Log(reason, detail))
    };
    match result {
        Ok(()) => Ok(()),
        Err(Broken::Source(error)) => Err(Fault::Source(error)),
        Err(Broken::Ends) => log(LogReject::Truncated, "ends early"),
        Err(Broken::Malformed(detail)) => log(LogReject::WrongFormat, detail),
        Err(Broken::Order(owner)) => {
            let bytes = Early::bound(records.limits());
            let what = match owner {
                Owner::Resource => "its resource comes after more of its scope logs than",
                Owner::Scope => "its scope comes after more of its log records than",
            };
            let detail = format!("{what} the {bytes} bytes that are kept");
            log(LogReject::WrongFormat, &detail)
        }
    }
}

struct Walk<'i, 'r, 'p, 'o, R> {
    input: &'i mut Input<R>,
    records: &'r mut Records<'p, 'o>,
    /// Log records so far.
    ordinal: u64,
}

/// A field of a message that is read as a stream.
struct Streamed {
    number: u32,
    /// Where a message in it ends, if it has bytes; others are passed already.
    end: Option<u64>,
}

impl<R: Read> Walk<'_, '_, '_, '_, R> {
    fn request(&mut self) -> Result<(), Broken> {
        while self.input.peek()?.is_some() {
            match self.field(u64::MAX)? {
                Streamed {
                    number: 1,
                    end: Some(end),
                } => self.owned(Owner::Resource, end)?,
                Streamed { number: 1, .. } => {
                    return Err(Broken::Malformed("resource logs of the wrong wire type"));
                }
                field => self.pass(&field)?,
            }
        }
        Ok(())
    }

    /// A message that has an owner and what belongs to it: a resource and its scopes' logs, or
    /// a scope and its log records.
    fn owned(&mut self, owner: Owner, end: u64) -> Result<(), Broken> {
        let mut early = Early::default();
        while self.offset() < end {
            let field = self.field(end)?;
            let is_child = field.number == 2 || (owner == Owner::Resource && field.number == 1000);
            match field {
                Streamed {
                    number: 1,
                    end: Some(end),
                } => {
                    let late = early.owner();
                    self.take_owner(owner, end)?;
                    if late && self.records.says_anything(owner) {
                        return Err(Broken::Order(owner));
                    }
                    self.replay(owner, &mut early)?;
                }
                Streamed { end: Some(end), .. } if is_child => {
                    if self.keep(&mut early, end)? {
                        continue;
                    }
                    if early.reads() {
                        self.records.forget(owner);
                    }
                    self.replay(owner, &mut early)?;
                    self.child(owner, end)?;
                }
                field => self.pass(&field)?,
            }
        }
        if early.waits() {
            self.records.forget(owner);
            self.replay(owner, &mut early)?;
        }
        Ok(())
    }

    fn child(&mut self, owner: Owner, end: u64) -> Result<(), Broken> {
        match owner {
            Owner::Resource => self.owned(Owner::Scope, end),
            Owner::Scope => self.log_record(end),
        }
    }

    fn take_owner(&mut self, owner: Owner, end: u64) -> Result<(), Broken> {
        let Some(length) = self.whole(end, self.records.limits().record_bytes)? else {
            let detail = self.records.too_long();
            self.records.own_none(owner, EventReject::TooLong, detail);
            return self.pass_to(end);
        };
        let bytes = &self.input.pending()[..length];
        self.records.own(owner, Form::Protobuf, bytes);
        self.input.consume(length);
        Ok(())
    }

    fn log_record(&mut self, end: u64) -> Result<(), Broken> {
        self.ordinal += 1;
        let at = Position {
            line: self.ordinal,
            offset: self.offset(),
        };
        let Some(length) = self.whole(end, self.records.limits().record_bytes)? else {
            let detail = self.records.too_long();
            self.records.reject(at, EventReject::TooLong, &detail);
            return self.pass_to(end);
        };
        let bytes = &self.input.pending()[..length];
        self.records.record(at, Form::Protobuf, bytes);
        self.input.consume(length);
        Ok(())
    }

    /// Keeps records until their owner comes, if they fit.
    fn keep(&mut self, early: &mut Early, end: u64) -> Result<bool, Broken> {
        let room = early.room(self.records.limits());
        if room == 0 {
            return Ok(false);
        }
        let Some(length) = self.whole(end, room)? else {
            return Ok(false);
        };
        early.keep(self.input.position(), &self.input.pending()[..length]);
        self.input.consume(length);
        Ok(true)
    }

    /// Reads the records that were kept.
    fn replay(&mut self, owner: Owner, early: &mut Early) -> Result<(), Broken> {
        for (at, bytes) in early.take() {
            let mut input = Input::from(&*bytes, at);
            let mut walk = Walk {
                input: &mut input,
                records: &mut *self.records,
                ordinal: self.ordinal,
            };
            let end = at.offset + bytes.len() as u64;
            kept(&mut walk, owner, end)?;
            self.ordinal = walk.ordinal;
        }
        Ok(())
    }

    /// The length of the message that ends at `end`, all of it in the window; `None` if it is
    /// longer than the bound.
    fn whole(&mut self, end: u64, max_bytes: usize) -> Result<Option<usize>, Broken> {
        let length = end - self.offset();
        if length > max_bytes as u64 {
            return Ok(None);
        }
        let length = length as usize;
        if self.input.ensure(length)? {
            Ok(Some(length))
        } else {
            Err(Broken::Ends)
        }
    }

    const fn offset(&self) -> u64 {
        self.input.position().offset
    }

    /// The next field of a message that ends at `end`. Of a field with bytes only its head is
    /// read; any other is passed.
    fn field(&mut self, end: u64) -> Result<Streamed, Broken> {
        let tag = self.varint()?;
        let (number, kind) = split_tag(tag).ok_or(Broken::Malformed("a tag of no known kind"))?;
        let mut field = Streamed { number, end: None };
        match kind {
            WireType::Varint => {
                self.varint()?;
            }
            WireType::Fixed64 => self.pass_to(self.offset() + 8)?,
            WireType::Fixed32 => self.pass_to(self.offset() + 4)?,
            WireType::Bytes => {
                let length = self.varint()?;
                field.end = Some(self.offset().saturating_add(length));
            }
        }
        if field.end.unwrap_or(self.offset()) > end {
            return Err(Broken::Malformed("a field is longer than its message"));
        }
        Ok(field)
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        self.input.ensure(10)?;
        match varint(self.input.pending()) {
            Ok(Some((value, length))) => {
                self.input.consume(length);
                Ok(value)
            }
            Ok(None) => Err(Broken::Ends),
            Err(()) => Err(Broken::Malformed("a varint of more than 64 bits")),
        }
    }

    fn pass(&mut self, field: &Streamed) -> Result<(), Broken> {
        field.end.map_or(Ok(()), |end| self.pass_to(end))
    }

    fn pass_to(&mut self, end: u64) -> Result<(), Broken> {
        while self.offset() < end {
            if self.input.peek()?.is_none() {
                return Err(Broken::Ends);
            }
            let pending = self.input.pending().len() as u64;
            self.input
                .consume(pending.min(end - self.offset()) as usize);
        }
        Ok(())
    }
}

/// The children again, from a slice. Apart from its method, so that the types of walks stay two:
/// those of the log and those of a slice.
fn kept(walk: &mut Walk<'_, '_, '_, '_, &[u8]>, owner: Owner, end: u64) -> Result<(), Broken> {
    walk.child(owner, end)
}
