//! A day of sessions, read once for all reports.

use std::collections::{BTreeMap, HashMap};

use logbook_backends::sql::rows::{Cells, Connection, statement};
use logbook_model::{Day, ProductId, Status};

use crate::persons::{Person, Persons, person};
use crate::{Environment, Error, Result};

/// What stands for a version that a session does not state.
pub(crate) const UNKNOWN_VERSION: &str = "(unknown)";

/// A session, as far as reports look at it.
#[derive(Debug)]
pub(crate) struct DaySession {
    /// Production or other.
    pub(crate) environment: Environment,
    pub(crate) version: String,
    pub(crate) status: Status,
    pub(crate) person: Option<Person>,
    pub(crate) has_events: bool,
    in_several_logs: bool,
    pub(crate) account: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) runtime: Option<String>,
}

/// The sessions that belong to a day, by id.
pub(crate) struct DaySessions {
    pub(crate) sessions: Vec<DaySession>,
    by_id: HashMap<String, u32>,
}

impl DaySessions {
    /// The position of a session.
    pub(crate) fn position(&self, id: &str) -> Result<u32> {
        let position = self.by_id.get(id).copied();
        position.ok_or_else(|| Error::damaged("row", "a feature of no session"))
    }

    /// Sessions and persons of each environment.
    pub(crate) fn totals(&self) -> BTreeMap<Environment, (u64, Persons)> {
        let mut totals: BTreeMap<Environment, (u64, Persons)> = BTreeMap::new();
        for session in &self.sessions {
            let (sessions, persons) = totals.entry(session.environment).or_default();
            *sessions += 1;
            session.person.into_iter().for_each(|p| persons.add(p));
        }
        totals
    }

    /// The ids of those that came in several logs.
    pub(crate) fn of_several_logs(&self) -> Vec<&str> {
        let several = |at: u32| self.sessions[at as usize].in_several_logs;
        let ids = self.by_id.iter().filter(|(_, at)| several(**at));
        ids.map(|(id, _)| id.as_str()).collect()
    }

    /// The persons of some of the sessions.
    pub(crate) fn persons(&self, sessions: &[u32]) -> Persons {
        let sessions = sessions.iter().map(|&at| &self.sessions[at as usize]);
        sessions.filter_map(|session| session.person).collect()
    }
}

// The day's sessions are found by the index on the day, and each by its key. Asked for in one,
// SQLite, which knows nothing of the sizes, would go through all sessions of the product.
const SESSIONS: &str = "SELECT session_id, environment, version, status, user_id, \
    installation_id, events, parts, account_id, os, \
    runtime \
    FROM sessions.session WHERE product = ? AND session_id IN \
    (SELECT session_id FROM sessions.session WHERE product = ? AND start_day = ?)";

/// Reads the sessions of a day.
pub(crate) async fn read_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
) -> Result<DaySessions> {
    let rows = statement(SESSIONS)
        .bind(product.as_str())
        .bind(product.as_str())
        .bind(day.0)
        .fetch_all(connection)
        .await?;
    let mut read = DaySessions {
        sessions: Vec::with_capacity(rows.len()),
        by_id: HashMap::with_capacity(rows.len()),
    };
    for row in &rows {
        let mut cells = Cells::new(row);
        let id = cells.text()?;
        let environment = cells.text_or_null()?;
        let version = cells.text_or_null()?;
        let status = cells.named(Status::from_name)?;
        let (user, installation) = (cells.text_or_null()?, cells.text_or_null()?);
        read.by_id.insert(id, read.sessions.len() as u32);
        read.sessions.push(DaySession {
            environment: Environment::of_session(environment.as_deref()),
            version: version.unwrap_or_else(|| UNKNOWN_VERSION.to_owned()),
            status,
            person: person(user.as_deref(), installation.as_deref()),
            has_events: cells.count()? > 0,
            in_several_logs: cells.count()? > 1,
            account: cells.text_or_null()?,
            os: cells.text_or_null()?,
            runtime: cells.text_or_null()?,
        });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use logbook_backends::sql::rows::{Cells, statement};
    use logbook_backends::{Attached, Database, Durability, sql};

    use super::SESSIONS;
    use crate::day_features::FEATURES;

    #[tokio::test]
    async fn a_day_is_read_by_its_index() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sessions.db");
        let sessions = Database::open_file(&path, Durability::Process);
        sql::migrate(&sessions.await.unwrap()).await.unwrap();
        let name = crate::SESSIONS_SCHEMA.to_owned();
        let file = directory.path().join("analytics.db");
        let attached = vec![Attached { name, path }];
        let analytics = Database::open_file_with(&file, Durability::Process, attached);
        let analytics = analytics.await.unwrap();
        let mut connection = analytics.read().await.unwrap();
        for text in [SESSIONS, FEATURES] {
            let plan = statement(format!("EXPLAIN QUERY PLAN {text}"));
            let plan = plan
                .bind(1)
                .bind(1)
                .bind(1)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let steps = plan.iter().map(|row| {
                let mut cells = Cells::new(row);
                let _ids = [(); 3].map(|()| cells.int().unwrap());
                cells.text().unwrap()
            });
            let steps = steps.collect::<Vec<_>>().join("\n");
            assert!(
                steps.contains("session_day (product=? AND start_day=?)"),
                "{steps}"
            );
            assert!(
                !steps.contains("(product=?)") && !steps.contains("SCAN"),
                "{steps}"
            );
        }
    }
}
