//! What records and the uploader say of a session.

use logbook_model::SessionFacts;

use crate::log::LogContext;
use crate::profile::rules::Subject;
use crate::profile::{FactSource, Profile};
use crate::value::SlotSet;

/// Which fields may still say something new of each session, by its position in the log: soon
/// none of those that its records have.
#[derive(Debug, Default)]
pub(super) struct Wanted(Vec<SlotSet>);

impl Wanted {
    /// Fills in what a record says of its session.
    #[inline]
    pub(super) fn gather(
        &mut self,
        profile: &Profile,
        subject: Subject<'_, '_>,
        ordinal: u32,
        facts: &mut SessionFacts,
    ) {
        let at = ordinal as usize;
        let wanted = self.0.get(at).copied();
        if wanted.is_some_and(|wanted| !wanted.meets(subject.slots.filled())) {
            return;
        }
        let has_filled = gather_facts(profile, subject, facts);
        if at >= self.0.len() {
            self.0.resize(at + 1, SlotSet::all());
        }
        if has_filled || wanted.is_none_or(|wanted| wanted == SlotSet::all()) {
            self.0[at] = wanted_of(profile, facts);
        }
    }
}

/// The fields of facts that are not known.
fn wanted_of(profile: &Profile, facts: &mut SessionFacts) -> SlotSet {
    let sources = profile.facts.iter();
    let open = sources.filter(|source| fact_mut(facts, source.fact).is_none());
    open.fold(SlotSet::default(), |set, source| {
        set.union(source.value.first_field())
    })
}

/// Fills in the facts that are not known yet and that this record says; whether there were any.
pub(super) fn gather_facts(
    profile: &Profile,
    subject: Subject<'_, '_>,
    facts: &mut SessionFacts,
) -> bool {
    let mut has_filled = false;
    for source in &profile.facts {
        // Most records have few of the fields.
        if !source.value.may_fit(subject.slots) {
            continue;
        }
        let held = fact_mut(facts, source.fact);
        if held.is_some() || !source.when.holds(subject) {
            continue;
        }
        let mut scratch = String::new();
        let Some(text) = source.value.render(subject.slots, &mut scratch) else {
            continue;
        };
        let text = match &source.pattern {
            None => Some(&*text),
            Some(pattern) => pattern
                .captures(&text)
                .and_then(|groups| groups.name("value"))
                .map(|group| group.as_str()),
        };
        *held = text.and_then(SessionFacts::bounded);
        has_filled |= held.is_some();
    }
    has_filled
}

/// The facts that a record says by itself; `None` if it says none.
pub(super) fn facts_of(profile: &Profile, subject: Subject<'_, '_>) -> Option<Box<SessionFacts>> {
    let says =
        |source: &FactSource| source.value.may_fit(subject.slots) && source.when.holds(subject);
    // Most records say none, which is sooner told than gathered.
    if !profile.facts.iter().any(says) {
        return None;
    }
    let mut facts = SessionFacts::default();
    gather_facts(profile, subject, &mut facts);
    (facts != SessionFacts::default()).then(|| Box::new(facts))
}

/// What the uploader said of all sessions.
pub(super) fn given_facts(context: &LogContext) -> SessionFacts {
    let mut facts = SessionFacts::default();
    for (position, name) in crate::profile::FACTS.iter().enumerate() {
        if let Some(text) = context.metadata.get(*name) {
            *fact_mut(&mut facts, position) = SessionFacts::bounded(text);
        }
    }
    facts
}

/// A fact by its position in [`crate::profile::FACTS`].
fn fact_mut(facts: &mut SessionFacts, position: usize) -> &mut Option<String> {
    match position {
        0 => &mut facts.version,
        1 => &mut facts.os,
        2 => &mut facts.runtime,
        3 => &mut facts.user,
        4 => &mut facts.installation,
        5 => &mut facts.account,
        _ => &mut facts.environment,
    }
}
