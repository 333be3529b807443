//! What a user's consent leaves of a session.

use logbook_model::{Consent, Level, Part};

/// Takes out of a part what its user did not agree to have kept.
///
/// `usage` keeps all. `error` keeps that there was a session, its versions, its status, and the
/// names of what failed; `crash` keeps no names. Neither keeps who it was.
pub fn restrict(part: &mut Part, consent: Consent) {
    if consent >= Consent::Usage {
        return;
    }
    part.facts.user = None;
    part.facts.installation = None;
    part.facts.account = None;
    part.features
        .retain(|_, feature| consent >= Consent::Error && feature.errors > 0);
    for feature in part.features.values_mut() {
        feature.events = feature.errors;
        feature.uses = feature.errors;
        feature.durations = logbook_model::Sketch::default();
    }
    if consent < Consent::Error {
        part.errors = 0;
        part.unhandled = 0;
    }
    part.events = part.errors.max(part.crashes);
    part.occurrences = part.events;
    for level in Level::ALL {
        if level < Level::Error || consent < Consent::Error {
            part.by_level[level as usize] = 0;
        }
    }
}
