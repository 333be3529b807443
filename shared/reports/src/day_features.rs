//! What a day's sessions did with each feature, read once for all reports.

use std::collections::{BTreeMap, HashMap};

use logbook_backends::sql::rows::{Cells, Connection, select_in, statement};
use logbook_model::{Day, ProductId, Sketch};

use crate::source::DaySessions;
use crate::{Environment, Error, Result};

/// A feature in the sessions of a day, an environment and a version.
pub(crate) struct FeatureGroup<'a> {
    pub(crate) environment: Environment,
    pub(crate) version: &'a str,
    pub(crate) feature: String,
    pub(crate) figures: FeatureFigures,
}

/// What is gathered of it. Sessions are positions in the day's sessions, ascending and distinct.
#[derive(Default)]
pub(crate) struct FeatureFigures {
    pub(crate) uses: u64,
    pub(crate) errors: u64,
    pub(crate) durations: Sketch,
    pub(crate) sessions: Vec<u32>,
    /// Those with an event of the feature that is an error.
    pub(crate) erring: Vec<u32>,
}

impl FeatureFigures {
    /// Takes up those of another version or feature of the same day.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.uses = self.uses.saturating_add(other.uses);
        self.errors = self.errors.saturating_add(other.errors);
        self.durations.merge(&other.durations);
        self.sessions.extend(&other.sessions);
        self.erring.extend(&other.erring);
    }

    /// Puts the sessions in order, each once.
    pub(crate) fn settle(&mut self) {
        for sessions in [&mut self.sessions, &mut self.erring] {
            sessions.sort_unstable();
            sessions.dedup();
        }
    }
}

pub(crate) const FEATURES: &str = "SELECT f.session_id, f.name, f.log_id, f.first_seq, f.uses, f.errors, \
    f.durations FROM sessions.session AS s CROSS JOIN sessions.part_feature AS f \
    WHERE s.product = ? AND s.start_day = ? \
    AND f.product = s.product AND f.session_id = s.session_id";

const PARTS: &str = "SELECT session_id, log_id, started_at, received_at FROM sessions.part \
    WHERE product = ? AND session_id IN";

/// The features of a day.
pub(crate) struct DayFeatures<'a> {
    /// By environment, version and name.
    pub(crate) groups: Vec<FeatureGroup<'a>>,
    /// The names of all features.
    pub(crate) names: Vec<String>,
    /// The first uses in each part of each session, in their order.
    pub(crate) order: Vec<FirstUse>,
}

/// A part's first use of a feature; all are positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FirstUse {
    pub(crate) session: u32,
    part: u32,
    seq: u32,
    /// Among the names of all features.
    pub(crate) feature: u32,
}

/// Reads the features of a day.
pub(crate) async fn read_features<'a>(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &'a DaySessions,
) -> Result<DayFeatures<'a>> {
    let parts = read_parts(connection, product, of_day).await?;
    let mut gathered = Gathered::new(of_day, parts);
    let mut rows = statement(FEATURES)
        .bind(product.as_str())
        .bind(day.0)
        .fetch(connection)?;
    while let Some(row) = rows.next().await? {
        gathered.add(&mut Cells::new(&row))?;
    }
    Ok(gathered.finish())
}

/// The logs of each session that came in several, in the order of its parts.
type Parts = HashMap<u32, Vec<(i64, String)>>;

async fn read_parts(
    connection: &mut Connection,
    product: &ProductId,
    of_day: &DaySessions,
) -> Result<Parts> {
    let rows = select_in(connection, PARTS, product, &of_day.of_several_logs()).await?;
    let mut parts = Parts::new();
    for row in &rows {
        let mut cells = Cells::new(row);
        let session = of_day.position(cells.str()?)?;
        let log = cells.text()?;
        let (started, received) = (cells.int_or_null()?, cells.int()?);
        let of_session = parts.entry(session).or_default();
        of_session.push((started.unwrap_or(received), log));
    }
    for parts in parts.values_mut() {
        parts.sort_unstable();
    }
    Ok(parts)
}

/// Rows put together while they are read.
struct Gathered<'a> {
    of_day: &'a DaySessions,
    parts: Parts,
    releases: Vec<u32>,
    names: Vec<String>,
    known: HashMap<String, u32>,
    /// By the first session seen of a (environment, version), and by position of the name.
    groups: HashMap<(u32, u32), FeatureFigures>,
    order: Vec<FirstUse>,
}

impl<'a> Gathered<'a> {
    fn new(of_day: &'a DaySessions, parts: Parts) -> Self {
        Self {
            of_day,
            parts,
            releases: first_of_release(of_day),
            names: Vec::new(),
            known: HashMap::new(),
            groups: HashMap::new(),
            order: Vec::new(),
        }
    }

    /// Takes up a row of [`FEATURES`].
    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let session = self.of_day.position(cells.str()?)?;
        let feature = self.feature(cells.str()?);
        let log = cells.str()?;
        let part = self.parts.get(&session).map_or(0, |parts| {
            let at = parts.iter().position(|(_, known)| known == log);
            at.unwrap_or(parts.len()) as u32
        });
        self.order.push(FirstUse {
            session,
            part,
            seq: cells.small()?,
            feature,
        });
        let (uses, errors) = (cells.count()?, cells.count()?);
        let durations = cells.bytes()?;
        let release = self.releases[session as usize];
        let group = self.groups.entry((release, feature)).or_default();
        group.uses = group.uses.saturating_add(uses);
        group.errors = group.errors.saturating_add(errors);
        group.sessions.push(session);
        if errors > 0 {
            group.erring.push(session);
        }
        if !durations.is_empty() {
            let durations =
                Sketch::from_bytes(durations).map_err(|error| Error::damaged("sketch", error))?;
            group.durations.merge(&durations);
        }
        Ok(())
    }

    /// The position of a name.
    fn feature(&mut self, name: &str) -> u32 {
        self.known.get(name).copied().unwrap_or_else(|| {
            let position = self.names.len() as u32;
            self.names.push(name.to_owned());
            self.known.insert(name.to_owned(), position);
            position
        })
    }

    fn finish(mut self) -> DayFeatures<'a> {
        let mut groups = BTreeMap::new();
        for ((session, feature), mut figures) in self.groups {
            let session = &self.of_day.sessions[session as usize];
            figures.settle();
            let feature = self.names[feature as usize].as_str();
            let key = (session.environment, session.version.as_str(), feature);
            groups.insert(key, figures);
        }
        let group = |((environment, version, feature), figures): ((_, _, &str), _)| FeatureGroup {
            environment,
            version,
            feature: feature.to_owned(),
            figures,
        };
        let groups = groups.into_iter().map(group).collect();
        self.order.sort_unstable();
        DayFeatures {
            groups,
            names: self.names,
            order: self.order,
        }
    }
}

/// For each session, the first that has its environment and version.
fn first_of_release(of_day: &DaySessions) -> Vec<u32> {
    let mut first = HashMap::new();
    let sessions = of_day.sessions.iter().zip(0u32..);
    sessions
        .map(|(session, at)| {
            let release = (session.environment, session.version.as_str());
            *first.entry(release).or_insert(at)
        })
        .collect()
}
