//! Which session an event belongs to.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;
use logbook_model::{Event, Part, PartBuilder, SessionFacts, SessionId};

use crate::interpret::Position;
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
    pub(crate) facts: Option<Box<SessionFacts>>,
    pub(crate) attributes: Vec<(String, String)>,
}

/// No session is left under the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManySessions;

/// Where a session kept apart by rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Events without an id belong to it.
    Open(u32),
    /// Its start came when no session was left: what follows it has none.
    Refused,
}

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
    /// The session of the last event with an id.
    last_of_id: u32,
    /// The run to which events without an id and without a group belong.
    current: Option<Run>,
    /// The same for each group.
    by_group: HashMap<String, Run, FixedState>,
    by_rule: u32,
    held: VecDeque<Placed<'static>>,
    /// Events that were held back and then found no session under the bound.
    refused: Vec<Position>,
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
            marks_ends: !rule.end_optional && !rule.end.is_empty(),
            parts: Vec::new(),
            names: 0,
            by_id: HashMap::default(),
            last_of_id: 0,
            current: None,
            by_group: HashMap::default(),
            by_rule: 0,
            held: VecDeque::new(),
            refused: Vec::new(),
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
            let joining = self.release_before(&placed);
            let begun = self.begin(placed.group.as_deref());
            for joining in joining {
                self.release(&joining);
            }
            self.push(begun?, &placed);
        } else {
            self.release_old(&placed.event);
            if self.run(placed.group.as_deref()) == Some(Run::Refused) {
                return Err(TooManySessions);
            }
            self.held.push_back(own(placed));
        }
        Ok(None)
    }

    /// A session begins at a record that is no event.
    pub(crate) fn begin_unseen(
        &mut self,
        id: Option<&str>,
        group: Option<&str>,
    ) -> Result<u32, TooManySessions> {
        let Some(id) = id else {
            self.release_all();
            return self.begin(group);
        };
        let ordinal = self.of_id(id)?;
        self.part_mut(ordinal).started = true;
        Ok(ordinal)
    }

    /// Whether the log has no session so far.
    pub(crate) const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Events taken earlier that have found no session since.
    #[inline]
    pub(crate) fn take_refused(&mut self) -> Vec<Position> {
        std::mem::take(&mut self.refused)
    }

    /// The part of a session.
    pub(crate) fn part_mut(&mut self, ordinal: u32) -> &mut Part {
        self.parts[ordinal as usize].part_mut()
    }

    /// All parts. What is held back has been settled by [`Sessions::release_all`].
    pub(crate) fn finish(self) -> Vec<Part> {
        self.parts.into_iter().map(PartBuilder::finish).collect()
    }

    fn settle(&mut self, placed: &Placed<'_>) -> Result<u32, TooManySessions> {
        let ordinal = match &placed.id {
            Some(id) => {
                let ordinal = self.of_id(id)?;
                self.part_mut(ordinal).started |= placed.starts;
                ordinal
            }
            None if placed.starts => self.begin(placed.group.as_deref())?,
            None => self.current(placed.group.as_deref())?,
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
        if let Some(facts) = &placed.facts {
            part.facts.fill_from(facts);
        }
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

    /// A session with an explicit start; the one before it in its group is over.
    fn begin(&mut self, group: Option<&str>) -> Result<u32, TooManySessions> {
        if let Some(Run::Open(before)) = self.run(group) {
            let part = self.part_mut(before);
            part.superseded = !part.ended();
            part.continued |= !part.started;
        }
        let opened = self.open_by_rule();
        self.set_run(group, opened.map_or(Run::Refused, Run::Open));
        let ordinal = opened?;
        self.part_mut(ordinal).started = true;
        Ok(ordinal)
    }

    fn current(&mut self, group: Option<&str>) -> Result<u32, TooManySessions> {
        match self.run(group) {
            Some(Run::Open(ordinal)) => return Ok(ordinal),
            Some(Run::Refused) => return Err(TooManySessions),
            None => {}
        }
        let known = self.parts.len();
        let ordinal = self.open_by_rule()?;
        if ordinal as usize == known {
            // Not every group need have a start: there, the next start of the group tells.
            self.part_mut(ordinal).continued = self.has_starts && group.is_none();
        }
        self.set_run(group, Run::Open(ordinal));
        Ok(ordinal)
    }

    fn run(&self, group: Option<&str>) -> Option<Run> {
        match group {
            None => self.current,
            Some(group) => self.by_group.get(group).copied(),
        }
    }

    fn set_run(&mut self, group: Option<&str>, run: Run) {
        match group {
            None => self.current = Some(run),
            Some(group) => {
                self.by_group.insert(group.to_owned(), run);
            }
        }
    }

    fn of_id(&mut self, text: &str) -> Result<u32, TooManySessions> {
        // Mostly the same one as before.
        let last = self.parts.get(self.last_of_id as usize);
        if last.is_some_and(|last| last.part().session.as_str() == text) {
            return Ok(self.last_of_id);
        }
        let ordinal = if let Some(&ordinal) = self.by_id.get(text) {
            ordinal
        } else {
            let ordinal = self.of_session(SessionId::from_text(text))?;
            self.by_id.insert(text.to_owned(), ordinal);
            ordinal
        };
        self.last_of_id = ordinal;
        Ok(ordinal)
    }

    /// The session of an id, made if need be: a log has one part a session, whether its id is
    /// the log's own, the uploader's or made by rule.
    fn of_session(&mut self, id: SessionId) -> Result<u32, TooManySessions> {
        if let Some(&ordinal) = self.by_id.get(id.as_str()) {
            return Ok(ordinal);
        }
        let text = id.as_str().to_owned();
        let ordinal = self.open(id)?;
        self.by_id.insert(text, ordinal);
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
        let ordinal = self.of_session(id)?;
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
    fn release_old(&mut self, newest: &Event<'_>) {
        while let Some(front) = self.held.front()
            && (self.held.len() >= MAX_HELD || !self.within(&front.event, newest))
        {
            self.release_one();
        }
    }

    /// Settles what comes in the start's group before the rows that join its session, and gives
    /// those: the rows just before it, back to the first that is too old.
    fn release_before(&mut self, start: &Placed<'_>) -> VecDeque<Placed<'static>> {
        let (own, others): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| held.group == start.group);
        self.held = others;
        let mut earlier = own;
        let joining = earlier.iter().rev();
        let joining = joining
            .take_while(|held| self.within(&held.event, &start.event))
            .count();
        let joining = earlier.split_off(earlier.len() - joining);
        for placed in earlier {
            self.release(&placed);
        }
        joining
    }

    /// Settles all that is held back.
    pub(crate) fn release_all(&mut self) {
        while !self.held.is_empty() {
            self.release_one();
        }
    }

    fn release_one(&mut self) {
        if let Some(placed) = self.held.pop_front() {
            self.release(&placed);
        }
    }

    fn release(&mut self, placed: &Placed<'static>) {
        match self.current(placed.group.as_deref()) {
            Ok(ordinal) => self.push(ordinal, placed),
            Err(TooManySessions) => self.refused.push(Position {
                line: placed.event.line,
                offset: placed.event.offset,
            }),
        }
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
