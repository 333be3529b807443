//! A day of sessions, read once for all reports.

use std::collections::HashMap;

use logbook_backends::sql::rows::{Cells, Connection};
use logbook_model::{Day, ProductId, Status};

use crate::persons::{Person, person};
use crate::{Environment, Result};

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
}

/// The sessions that belong to a day, by id.
pub(crate) struct DaySessions {
    pub(crate) sessions: Vec<DaySession>,
    pub(crate) by_id: HashMap<String, u32>,
}

/// Reads the sessions of a day, by the index on the day.
pub(crate) async fn read_day(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
) -> Result<DaySessions> {
    let rows = sqlx::query(
        "SELECT session_id, environment, version, status, user_id, installation_id, events \
         FROM sessions.session WHERE product = ? AND start_day = ?",
    )
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
        });
    }
    Ok(read)
}
