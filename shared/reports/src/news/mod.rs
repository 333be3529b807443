//! What is new that somebody should hear of: an account fares otherwise, a release changed a
//! measure by more than chance, an error is met that was not known.
//!
//! All of it is read from reports, so that the guard on small groups holds here, too. What was
//! known is kept; the first time that there is anything, all of it is taken as known. Accounts and
//! releases are judged once a day, up to the day before: late logs would else make them waver.

mod found;
mod kept;

use logbook_backends::Database;
use logbook_model::{Notice, ProductId, Section, Timestamp};

use crate::Result;
use crate::analyze::Settings;
use crate::lease::Lease;

pub use kept::{note_told, untold};

/// Lines of a kind that a notice has at most.
const MAX_LINES: usize = 20;

/// What kind of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NewsKind {
    /// An account is in another state.
    Account,
    /// A measure of the latest release differs from the one before by more than chance.
    Release,
    /// An error that was not known.
    Error,
}

impl NewsKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Account, Self::Release, Self::Error];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Release => "release",
            Self::Error => "error",
        }
    }

    /// The inverse of [`NewsKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Account => "Accounts that fare otherwise",
            Self::Release => "What the latest release changed",
            Self::Error => "New errors",
        }
    }
}

/// Something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The how manieth of its product, from 1.
    pub n: i64,
    /// What kind.
    pub kind: NewsKind,
    /// What it is about: the account, the measure of a release, the error.
    pub subject: String,
    /// The same for people.
    pub line: String,
}

/// What is known of something: when it changes, that is news.
struct Known {
    kind: NewsKind,
    subject: String,
    value: String,
    /// The same for people.
    line: String,
}

/// Looks for news after a run that left nothing to do, and keeps them until they are told.
pub(crate) async fn look(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    lease: &Lease<'_>,
    as_of: Timestamp,
) -> Result<()> {
    let day = as_of.day().plus(-1);
    let judged = kept::judged(analytics, product).await?;
    let mut found = found::errors(analytics, product, settings, as_of.day()).await?;
    if judged.is_none_or(|judged| judged < day) {
        found.append(&mut found::releases(analytics, product, settings, day).await?);
        found.append(&mut found::accounts(analytics, product, settings, day).await?);
    }
    if found.is_empty() {
        return Ok(());
    }
    kept::keep(analytics, product, lease, judged, day, found).await
}

/// What is told of some news of a product: at most so many lines of each kind.
pub fn notice(product: &ProductId, news: &[News]) -> Notice {
    let section = |kind: NewsKind| {
        let mine = news.iter().filter(|one| one.kind == kind);
        let mut lines: Vec<String> = mine.map(|one| one.line.clone()).collect();
        if lines.len() > MAX_LINES {
            let more = lines.len() - MAX_LINES;
            lines.truncate(MAX_LINES);
            lines.push(format!("and {more} more"));
        }
        Section {
            heading: kind.heading().to_owned(),
            lines,
        }
    };
    let sections = NewsKind::ALL.map(section).into_iter();
    Notice {
        title: format!("{product}: news"),
        sections: sections
            .filter(|section| !section.lines.is_empty())
            .collect(),
    }
}
