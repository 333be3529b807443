//! Which session an event belongs to.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;
use logbook_model::{Event, Part, PartBuilder, SessionFacts, SessionId};

use crate::limits::Limits;
use crate::log::{LogContext, Observed};

/// Most events held back to see whether a start follows them.
const MAX_HELD: usize = 4096;

/// An event with what the profile says of its session.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    pub(crate) event: Event<'a>,
    /// The session's id as the log gives it.
    pub(crate) id: Option<Cow<'a, str>>,
    /// What keeps sessions without an id apart.
    pub(crate) group: Option<Cow<'a, str>>,
    pub(crate) starts: bool,
    pub(crate) ends: bool,
    /// Only where facts are gathered before the session is known.
    pub(crate) facts: SessionFacts,
    pub(crate) attributes: Vec<(String, String)>,
}

/// No session is left under the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManySessions;

/// Sees every event when its session is settled.
pub(crate) type Observer<'o> = &'o mut dyn FnMut(&Observed<'_>);

/// Gathers events into the parts of their sessions.
pub(crate) struct Sessions<'p, 'o> {
    context: &'p LogContext,
    limits: &'p Limits,
    observer: Option<Observer<'o>>,
    lookback_us: i64,
    has_starts: bool,
    marks_ends: bool,
    parts: Vec<PartBuilder>,
    names: usize,
    by_id: HashMap<String, u32, FixedState>,
    by_group: HashMap<String, u32, FixedState>,
    /// The session to which records without an id belong.
    current: Option<u32>,
    by_rule: u32,
    held: VecDeque<Placed<'static>>,
}

impl<'p, 'o> Sessions<'p, 'o> {
    pub(crate) fn new(
        context: &'p LogContext,
        limits: &'p Limits,
        rule: &crate::profile::SessionRule,
        observer: Option<Observer<'o>>,
    ) -> Self {
        Self {
            context,
            limits,
            observer,
            lookback_us: rule.lookback_us,
            has_starts: !rule.start.is_empty(),
            marks_ends: !rule.end.is_empty(),
            parts: Vec::new(),
            names: 0,
            by_id: HashMap::default(),
            by_group: HashMap::default(),
            current: None,
            by_rule: 0,
            held: VecDeque::new(),
        }
    }

    /// Whether events are held back for a start that may follow, and with them their facts.
    pub(crate) const fn holds_back(&self) -> bool {
        self.lookback_us > 0
    }

    /// Whether anyone looks at the single events.
    pub(crate) const fn observed(&self) -> bool {
        self.observer.is_some()
    }

    /// The session that an event belongs to, made if need be. With look-back, `None`: it is
    /// not known yet.
    pub(crate) fn place(&mut self, placed: Placed<'_>) -> Result<Option<u32>, TooManySessions> {
        if !self.holds_back() || placed.id.is_some() {
            let ordinal = self.settle(&placed)?;
            return Ok(Some(ordinal));
        }
        if placed.starts {
            self.release_before(&placed.event)?;
            let ordinal = self.begin()?;
            self.release_all()?;
            self.push(ordinal, &placed);
        } else {
            self.release_old(&placed.event)?;
            self.held.push_back(own(placed));
        }
        Ok(None)
    }

    /// A session begins at a record that is no event.
    pub(crate) fn begin_unseen(&mut self) -> Result<u32, TooManySessions> {
        self.release_all()?;
        self.begin()
    }

    /// The part of a session.
    pub(crate) fn part_mut(&mut self, ordinal: u32) -> &mut Part {
        self.parts[ordinal as usize].part_mut()
    }

    /// Settles what is held back, and gives all parts.
    pub(crate) fn finish(mut self) -> Vec<Part> {
        // Under the bound a session was found for each of them when they came, or there is one.
        let released = self.release_all();
        debug_assert!(released.is_ok() || self.limits.sessions == 0);
        self.parts.into_iter().map(PartBuilder::finish).collect()
    }

    fn settle(&mut self, placed: &Placed<'_>) -> Result<u32, TooManySessions> {
        let ordinal = match (&placed.id, &placed.group) {
            (Some(id), _) => {
                let ordinal = if let Some(&ordinal) = self.by_id.get(&**id) {
                    ordinal
                } else {
                    let ordinal = self.open(SessionId::from_text(id))?;
                    self.by_id.insert(id.to_string(), ordinal);
                    ordinal
                };
                self.part_mut(ordinal).started |= placed.starts;
                ordinal
            }
            (None, _) if placed.starts => self.begin()?,
            (None, Some(group)) => {
                if let Some(&ordinal) = self.by_group.get(&**group) {
                    ordinal
                } else {
                    let ordinal = self.open_by_rule()?;
                    self.by_group.insert(group.to_string(), ordinal);
                    ordinal
                }
            }
            (None, None) => self.current()?,
        };
        self.push(ordinal, placed);
        Ok(ordinal)
    }

    fn push(&mut self, ordinal: u32, placed: &Placed<'_>) {
        let max_names = self.limits.names_per_log;
        let builder = &mut self.parts[ordinal as usize];
        let before = builder.names();
        if self.names >= max_names {
            builder.close_names();
        }
        builder.push(&placed.event);
        self.names += builder.names() - before;
        let part = builder.part_mut();
        part.facts.fill_from(&placed.facts);
        if placed.ends {
            part.end = Some(placed.event.time);
        }
        if let Some(observer) = &mut self.observer {
            observer(&Observed {
                event: &placed.event,
                session: &part.session,
                ordinal,
                starts: placed.starts,
                ends: placed.ends,
                attributes: &placed.attributes,
            });
        }
    }

    /// A session with an explicit start; the one before it in the log is over.
    fn begin(&mut self) -> Result<u32, TooManySessions> {
        let before = self.current;
        let ordinal = self.open_by_rule()?;
        if let Some(before) = before {
            let part = self.part_mut(before);
            part.superseded = !part.ended();
        }
        self.part_mut(ordinal).started = true;
        self.current = Some(ordinal);
        Ok(ordinal)
    }

    fn current(&mut self) -> Result<u32, TooManySessions> {
        if let Some(ordinal) = self.current {
            return Ok(ordinal);
        }
        let ordinal = self.open_by_rule()?;
        self.part_mut(ordinal).continued = self.has_starts;
        self.current = Some(ordinal);
        Ok(ordinal)
    }

    fn open_by_rule(&mut self) -> Result<u32, TooManySessions> {
        let given = self
            .context
            .metadata
            .get("session")
            .filter(|_| self.by_rule == 0);
        let id = match given {
            Some(id) => SessionId::from_text(id),
            None => SessionId::of_rule(&self.context.product, &self.context.log, self.by_rule),
        };
        let ordinal = self.open(id)?;
        self.by_rule += 1;
        Ok(ordinal)
    }

    fn open(&mut self, id: SessionId) -> Result<u32, TooManySessions> {
        let ordinal = self.parts.len() as u32;
        if ordinal >= self.limits.sessions {
            return Err(TooManySessions);
        }
        let mut builder = PartBuilder::new(
            self.context.product.clone(),
            id,
            self.context.log.clone(),
            self.context.received_at,
            ordinal,
            self.limits.names_per_session,
        );
        builder.part_mut().marks_ends = self.marks_ends;
        self.parts.push(builder);
        Ok(ordinal)
    }

    /// Settles what lies too far back for any start that may still come.
    fn release_old(&mut self, newest: &Event<'_>) -> Result<(), TooManySessions> {
        while let Some(front) = self.held.front() {
            let may_join = self.within(&front.event, newest) && self.held.len() < MAX_HELD;
            if may_join {
                break;
            }
            self.release_one()?;
        }
        Ok(())
    }

    /// Settles what comes before the rows that join the start's session: those just before it,
    /// back to the first that is too old.
    fn release_before(&mut self, start: &Event<'_>) -> Result<(), TooManySessions> {
        let held = self.held.iter().rev();
        let joining = held
            .take_while(|placed| self.within(&placed.event, start))
            .count();
        for _ in joining..self.held.len() {
            self.release_one()?;
        }
        Ok(())
    }

    fn release_all(&mut self) -> Result<(), TooManySessions> {
        while !self.held.is_empty() {
            self.release_one()?;
        }
        Ok(())
    }

    fn release_one(&mut self) -> Result<(), TooManySessions> {
        let ordinal = self.current()?;
        if let Some(placed) = self.held.pop_front() {
            self.push(ordinal, &placed);
        }
        Ok(())
    }

    fn within(&self, earlier: &Event<'_>, later: &Event<'_>) -> bool {
        match (earlier.time, later.time) {
            (Some(earlier), Some(later)) => {
                let step = later.at.0 - earlier.at.0;
                (0..=self.lookback_us).contains(&step)
            }
            _ => false,
        }
    }
}

fn own(placed: Placed<'_>) -> Placed<'static> {
    let event = placed.event;
    Placed {
        event: Event {
            name: event.name.into_owned().into(),
            seq: event.seq,
            line: event.line,
            offset: event.offset,
            time: event.time,
            level: event.level,
            error: event.error,
            kind: event.kind,
            count: event.count,
            duration_us: event.duration_us,
        },
        id: placed.id.map(|id| Cow::Owned(id.into_owned())),
        group: placed.group.map(|group| Cow::Owned(group.into_owned())),
        starts: placed.starts,
        ends: placed.ends,
        facts: placed.facts,
        attributes: placed.attributes,
    }
}
