//! What a day's sessions did with each feature, read once for all reports.

use std::collections::{BTreeMap, HashMap};

use logbook_backends::sql::rows::{Cells, Connection, statement};
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

pub(crate) const FEATURES: &str = "SELECT f.session_id, f.name, f.uses, f.errors, f.durations \
    FROM sessions.session AS s CROSS JOIN sessions.part_feature AS f \
    WHERE s.product = ? AND s.start_day = ? \
    AND f.product = s.product AND f.session_id = s.session_id";

/// Reads the features of a day, by environment, version and name.
pub(crate) async fn read_features<'a>(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &'a DaySessions,
) -> Result<Vec<FeatureGroup<'a>>> {
    let (names, gathered) = gather(connection, product, day, of_day).await?;
    let mut groups = BTreeMap::new();
    for ((session, feature), mut figures) in gathered {
        let session = &of_day.sessions[session as usize];
        for sessions in [&mut figures.sessions, &mut figures.erring] {
            sessions.sort_unstable();
            sessions.dedup();
        }
        let feature = names[feature as usize].as_str();
        let key = (session.environment, session.version.as_str(), feature);
        groups.insert(key, figures);
    }
    let group = |((environment, version, feature), figures): ((_, _, &str), _)| FeatureGroup {
        environment,
        version,
        feature: feature.to_owned(),
        figures,
    };
    Ok(groups.into_iter().map(group).collect())
}

/// The names of features, and groups by the first session seen of a (environment, version) and
/// by position of the feature's name.
type Gathered = (Vec<String>, HashMap<(u32, u32), FeatureFigures>);

async fn gather(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
    of_day: &DaySessions,
) -> Result<Gathered> {
    let releases = first_of_release(of_day);
    let mut names: Vec<String> = Vec::new();
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut groups: HashMap<(u32, u32), FeatureFigures> = HashMap::new();
    let mut rows = statement(FEATURES)
        .bind(product.as_str())
        .bind(day.0)
        .fetch(connection)?;
    while let Some(row) = rows.next().await? {
        let mut cells = Cells::new(&row);
        let (id, name) = (cells.str()?, cells.str()?);
        let (uses, errors) = (cells.count()?, cells.count()?);
        let durations = cells.bytes()?;
        let session = of_day.position(id)?;
        let feature = known.get(name).copied().unwrap_or_else(|| {
            names.push(name.to_owned());
            known.insert(name.to_owned(), names.len() as u32 - 1);
            names.len() as u32 - 1
        });
        let group = groups
            .entry((releases[session as usize], feature))
            .or_default();
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
    }
    Ok((names, groups))
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
