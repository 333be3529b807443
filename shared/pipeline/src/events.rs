//! From an opened log to its single events.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use logbook_formats::{Limits, LogContext, Observed, Profile, ReadError, read_log};
use logbook_model::LogId;
use logbook_seal::Inflate;

use crate::error::read_error;
use crate::parse::{MAX_INFLATED_BYTES, log_context, profile_of};
use crate::{Error, Opened, Product, Result};

type Source = io::Chain<Cursor<Vec<u8>>, Inflate<Inflate<Cursor<Vec<u8>>>>>;

/// Shows the events of an opened log one by one, as parsing sees them. Its work keeps a core
/// busy: call it beside the tasks that wait.
#[derive(Debug)]
pub struct EventReader {
    source: Source,
    profile: Profile,
    context: LogContext,
}

impl EventReader {
    /// Decides on the profile as parsing does.
    ///
    /// # Errors
    /// [`Error::Rejected`] where no profile fits, or the log does not inflate; [`Error::Registry`]
    /// where the profile is faulty.
    pub fn new(product: &Product, log: &LogId, opened: Opened) -> Result<Self> {
        let attributes = opened.attributes;
        let reader = opened.log.into_reader(MAX_INFLATED_BYTES);
        let mut source = Inflate::new(reader, MAX_INFLATED_BYTES);
        let (head, profile) = profile_of(product, &attributes, &mut source)?;
        Ok(Self {
            source: Cursor::new(head).chain(source),
            profile,
            context: log_context(&product.id, log, &attributes),
        })
    }

    /// The profile that reads it, as `name@version`.
    pub fn profile(&self) -> String {
        self.profile.reference()
    }

    /// Shows the events in the order of the log, until `observe` breaks off; then no more of
    /// the log is read.
    ///
    /// # Errors
    /// [`Error::Rejected`] where the log as a whole is refused; what was shown before stands.
    pub fn read(self, mut observe: impl FnMut(&Observed<'_>) -> ControlFlow<()>) -> Result<()> {
        let done = Cell::new(false);
        let mut observe = |event: &Observed<'_>| {
            if !done.get() && observe(event).is_break() {
                done.set(true);
            }
        };
        let source = Until {
            source: self.source,
            done: &done,
        };
        let limits = Limits::default();
        let read = read_log(
            source,
            &self.profile,
            &self.context,
            &limits,
            Some(&mut observe),
        );
        match read {
            // What was cut off by us says nothing of the log.
            _ if done.get() => Ok(()),
            Ok(_) => Ok(()),
            Err(ReadError::Rejected { reason, detail, .. }) => Err(Error::rejected(reason, detail)),
            Err(ReadError::Source(error)) => Err(read_error(error)),
        }
    }
}

/// A source that ends once nobody wants more.
struct Until<'d> {
    source: Source,
    done: &'d Cell<bool>,
}

impl Read for Until<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done.get() {
            return Ok(0);
        }
        self.source.read(out)
    }
}
