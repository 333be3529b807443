//! The lines of a log, before they are written.

use crate::people::Environment;
use crate::plan::{Flaw, Log, Plan};
use crate::releases::SESSION_IN_LINES_SINCE;
use crate::script::{Record, What};
use crate::upload::Route;
use crate::world::World;

/// One line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) run: u32,
    /// The first of its run in this log: it bears what is known of the run.
    pub(crate) first: bool,
    pub(crate) whole: bool,
    pub(crate) record: Record,
    pub(crate) state: LineState,
}

/// What is odd about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineState {
    Good,
    /// It is cut in half and no record.
    Broken,
    /// It has bytes that are no UTF-8, and is a record.
    Repaired,
}

/// The lines of a log in order.
pub(crate) fn sheet(world: &World, plan: &Plan, log: &Log) -> Vec<Line> {
    let mut lines = Vec::new();
    for slice in &plan.slices[log.slices.start as usize..log.slices.end as usize] {
        let records = world.script(slice.run);
        let kept = &records[slice.from as usize..slice.to as usize];
        lines.extend(kept.iter().enumerate().map(|(at, &record)| Line {
            run: slice.run,
            first: at == 0,
            whole: slice.whole,
            record,
            state: LineState::Good,
        }));
    }
    let state = match log.flaw {
        Flaw::BrokenLine => LineState::Broken,
        Flaw::InvalidUtf8 => LineState::Repaired,
        _ => return lines,
    };
    let middle = lines.len() / 2;
    let plain = |line: &&mut Line| {
        !line.first && line.record.fault.is_none() && matches!(line.record.what, What::Use(_))
    };
    if let Some(line) = lines[middle..].iter_mut().find(plain) {
        line.state = state;
    }
    lines
}

/// Whether the facts of the run, and its id, are said beside the log and not in it: so did the
/// oldest clients.
pub(crate) fn facts_beside(world: &World, log: &Log, lines: &[Line]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    let run = &world.runs[first.run as usize];
    log.slices.len() == 1
        && log.route != Route::Inbox
        && first.whole
        && first.record.what == What::Start
        && run.release < SESSION_IN_LINES_SINCE
        && world.person_of(first.run).environment == Environment::Production
}
