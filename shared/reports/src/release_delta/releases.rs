//! Which releases there are, which comes before which, and what is known of each.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::{Day, Sketch};

use crate::catalogue::Report;
use crate::day_table::DayTable;
use crate::groups::{self, Group};
use crate::persons::Persons;
use crate::query::Range;
use crate::release::{self, SemVer};
use crate::request::ReportRequest;
use crate::source::UNKNOWN_VERSION;
use crate::{Error, Result};

/// A release as a whole.
#[derive(Default)]
pub(super) struct Release {
    pub(super) first_day: Option<Day>,
    pub(super) sessions: u64,
    pub(super) crashed: u64,
    pub(super) persons: Persons,
    pub(super) crashing: Persons,
}

impl Group for Release {
    const COLUMNS: &'static str = "day, sessions, crashed, persons, crashing_persons";
    const TABLE: DayTable = DayTable::RELEASE_HEALTH;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let day = cells.date()?;
        self.first_day = Some(self.first_day.map_or(day, |first| first.min(day)));
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.crashed = self.crashed.saturating_add(cells.count()?);
        self.persons.add_bytes(cells.bytes()?)?;
        self.crashing.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// A feature in a release.
#[derive(Default)]
pub(super) struct Feature {
    pub(super) sessions: u64,
    pub(super) erring: u64,
    pub(super) persons: Persons,
    pub(super) durations: Sketch,
}

impl Group for Feature {
    const COLUMNS: &'static str = "sessions, persons, durations";
    const TABLE: DayTable = DayTable::FEATURE_USAGE;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.persons.add_bytes(cells.bytes()?)?;
        let durations = Sketch::from_bytes(cells.bytes()?);
        self.durations
            .merge(&durations.map_err(|error| Error::damaged("sketch", error))?);
        Ok(())
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// Sessions in which a feature failed.
#[derive(Default)]
struct Erring(u64);

impl Group for Erring {
    const COLUMNS: &'static str = "sessions";
    const TABLE: DayTable = DayTable::TOP_ERRORS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0 = self.0.saturating_add(cells.count()?);
        Ok(())
    }

    fn persons(&mut self) -> u64 {
        0
    }
}

/// The releases of a range, by version.
pub(super) async fn releases(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<BTreeMap<String, Release>> {
    let asked = part(request, Report::ReleaseHealth, &["version"]);
    let found = groups::all::<Release>(analytics, &asked, range).await?;
    let named = found
        .into_iter()
        .map(|(mut key, release)| (key.remove(0), release));
    Ok(named
        .filter(|(version, _)| version != UNKNOWN_VERSION)
        .collect())
}

/// The features of a release, by name.
pub(super) async fn features(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    version: &str,
) -> Result<BTreeMap<String, Feature>> {
    let version = || Some(version.to_owned());
    let mut asked = part(request, Report::FeatureUsage, &["feature"]);
    (asked.version, asked.feature) = (version(), request.feature.clone());
    let found = groups::all::<Feature>(analytics, &asked, range).await?;
    let named = found
        .into_iter()
        .map(|(mut key, feature)| (key.remove(0), feature));
    let mut features: BTreeMap<String, Feature> = named.collect();
    let mut asked = part(request, Report::TopErrors, &["error"]);
    (asked.version, asked.error) = (version(), request.feature.clone());
    for (key, erring) in groups::all::<Erring>(analytics, &asked, range).await? {
        if let Some(feature) = key.first().and_then(|name| features.get_mut(name)) {
            feature.erring = erring.0;
        }
    }
    Ok(features)
}

/// The same days and environment, asked of another report.
fn part(request: &ReportRequest, report: Report, by: &[&'static str]) -> ReportRequest {
    ReportRequest {
        by: by.to_vec(),
        environment: request.environment,
        ..ReportRequest::new(report, request.product.clone())
    }
}

/// Each release with the one before it; the first is not there.
pub(super) fn predecessors(releases: &[(&str, Day)]) -> BTreeMap<String, String> {
    let mut ordered = releases.to_vec();
    if releases
        .iter()
        .all(|(version, _)| SemVer::parse(version).is_some())
    {
        ordered.sort_by(|a, b| release::compare(a.0, b.0));
    } else {
        ordered.sort_by_key(|(version, first_day)| (*first_day, *version));
    }
    let pairs = ordered.windows(2);
    pairs
        .map(|pair| (pair[1].0.to_owned(), pair[0].0.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_by_version_or_by_day() {
        let pairs = |releases: &[(&str, i32)]| {
            let releases: Vec<_> = releases.iter().map(|(v, day)| (*v, Day(*day))).collect();
            let found = predecessors(&releases);
            let pairs = found.iter().map(|(new, old)| format!("{old} < {new}"));
            pairs.collect::<Vec<_>>().join(", ")
        };
        let by_version = pairs(&[("1.10", 1), ("1.9", 2), ("1.10-rc", 3)]);
        assert_eq!(by_version, "1.10-rc < 1.10, 1.9 < 1.10-rc");
        let by_day = pairs(&[("1.10", 1), ("1.9", 2), ("red", 2)]);
        assert_eq!(by_day, "1.10 < 1.9, 1.9 < red");
        assert_eq!(pairs(&[("1", 1)]), "");
    }
}
