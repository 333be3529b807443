//! Which releases there are, which comes before which, and what is known of each.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::{Day, Sketch};

use crate::blocks::{Days, counts};
use crate::catalogue::Report;
use crate::day_table::DayTable;
use crate::groups::{self, Group};
use crate::persons::Persons;
use crate::query::Range;
use crate::release::{self, SemVer};
use crate::request::ReportRequest;
use crate::source::UNKNOWN_VERSION;
use crate::{Error, Result};

/// A release as a whole, of the days that count for it.
#[derive(Default)]
pub(super) struct Release {
    pub(super) first_day: Option<Day>,
    pub(super) sessions: u64,
    pub(super) crashed: u64,
    pub(super) persons: Persons,
    pub(super) crashing: Persons,
}

/// What a release is made of.
pub(super) struct Parts {
    /// Its features, by name.
    pub(super) features: BTreeMap<String, Feature>,
    pub(super) users: ByDay,
}

/// Who used a release on each day of a range.
pub(super) struct ByDay {
    days: BTreeMap<Day, Persons>,
    /// How many they are without some of the days, as far as they were counted.
    without: BTreeMap<Vec<Day>, u64>,
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

impl ByDay {
    /// How many used it on the days that count beside a feature: the whole of its adoption.
    pub(super) fn beside(&mut self, feature: &Feature, min_users: u32) -> u64 {
        let least = u64::from(min_users);
        let left_out = self.days.iter_mut().filter_map(|(day, persons)| {
            let is_enough = persons.count() >= least;
            (!counts(feature.days.as_ref(), *day, is_enough)).then_some(*day)
        });
        let left_out: Vec<Day> = left_out.collect();
        if let Some(known) = self.without.get(&left_out) {
            return *known;
        }
        let days = self.days.iter_mut();
        let rest = days.filter(|(day, _)| left_out.binary_search(day).is_err());
        let mut users: Persons = rest
            .flat_map(|(_, persons)| persons.sorted().iter().copied())
            .collect();
        let users = users.count();
        self.without.insert(left_out, users);
        users
    }
}

/// A release on a day.
#[derive(Default)]
struct OnDay(Persons);

impl Group for OnDay {
    const COLUMNS: &'static str = "persons";
    const TABLE: DayTable = DayTable::RELEASE_HEALTH;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.0.count()
    }
}

/// A feature in a release, of the days that count for it.
#[derive(Default)]
pub(super) struct Feature {
    pub(super) sessions: u64,
    pub(super) erring: u64,
    pub(super) persons: Persons,
    pub(super) durations: Sketch,
    /// Which of its days count; `None` where all do, empty where nobody used it.
    days: Option<Days>,
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

impl Feature {
    /// A feature that nobody used: it is shown, since it tells of nobody.
    pub(super) fn unused(min_users: u32) -> Self {
        Self {
            days: (min_users > 0).then(Days::new),
            ..Self::default()
        }
    }

    /// Whether it may be told of.
    pub(super) fn is_shown(&mut self, min_users: u32) -> bool {
        let is_unused = self.days.as_ref().is_some_and(Days::is_empty);
        is_unused || self.persons.count() >= u64::from(min_users)
    }
}

/// The releases of a range, by version.
pub(super) async fn releases(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<BTreeMap<String, Release>> {
    let asked = part(request, Report::ReleaseHealth, &["version"]);
    let found = groups::counted::<Release>(analytics, &asked, range).await?;
    let named = found
        .into_iter()
        .map(|(mut key, (release, _))| (key.remove(0), release));
    Ok(named
        .filter(|(version, _)| version != UNKNOWN_VERSION)
        .collect())
}

/// What a release is made of.
pub(super) async fn parts(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    version: &str,
) -> Result<Parts> {
    let mut asked = part(request, Report::ReleaseHealth, &["day"]);
    asked.version = Some(version.to_owned());
    let mut days = BTreeMap::new();
    for (key, on_day) in groups::all::<OnDay>(analytics, &asked, range).await? {
        let day = key.first().and_then(|day| day.parse().ok());
        let day = day.ok_or_else(|| Error::damaged("row", "its day is none"))?;
        days.insert(day, on_day.0);
    }
    Ok(Parts {
        features: features(analytics, request, range, version).await?,
        users: ByDay {
            days,
            without: BTreeMap::new(),
        },
    })
}

/// The features of a release, by name.
async fn features(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    version: &str,
) -> Result<BTreeMap<String, Feature>> {
    let version = || Some(version.to_owned());
    let mut asked = part(request, Report::FeatureUsage, &["feature"]);
    (asked.version, asked.feature) = (version(), request.feature.clone());
    let found = groups::counted::<Feature>(analytics, &asked, range).await?;
    let named = found
        .into_iter()
        .map(|(mut key, (feature, days))| (key.remove(0), Feature { days, ..feature }));
    let mut features: BTreeMap<String, Feature> = named.collect();
    let (Some((first, _)), Some((last, _))) =
        (features.first_key_value(), features.last_key_value())
    else {
        return Ok(features);
    };
    let ends = (std::slice::from_ref(first), std::slice::from_ref(last));
    let mut asked = part(request, Report::TopErrors, &["error"]);
    (asked.version, asked.error) = (version(), request.feature.clone());
    let column = (DayTable::TOP_ERRORS, "sessions");
    let erring = groups::sums(analytics, &asked, range, column, ends).await?;
    for (key, of_days) in erring {
        if let Some(feature) = key.first().and_then(|name| features.get_mut(name)) {
            // Where the feature failed it was used: each of these days is one of its own.
            let days = feature.days.as_ref();
            let of_days = of_days.iter().filter(|one| counts(days, one.day, false));
            feature.erring = of_days.map(|one| one.sum).sum();
        }
    }
    Ok(features)
}

/// The same days and environment, asked of another report.
fn part(request: &ReportRequest, report: Report, by: &[&'static str]) -> ReportRequest {
    ReportRequest {
        by: by.to_vec(),
        environment: request.environment,
        min_users: request.min_users,
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
