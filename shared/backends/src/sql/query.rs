//! What an API asks of the sessions.

use std::ops::RangeInclusive;

use logbook_model::{Day, Part, ProductId, Session, SessionId, Status, Timestamp};

use super::part;
use super::rows::{Cells, statement};
use super::session::{self, SessionRow};
use crate::{Database, Result};

/// Which sessions to list.
#[derive(Debug, Clone)]
pub struct SessionFilter {
    /// The product.
    pub product: ProductId,
    /// The days on which they count.
    pub days: RangeInclusive<Day>,
    /// Only this version of the software.
    pub version: Option<String>,
    /// Only this status.
    pub status: Option<Status>,
    /// Only this user; where a session names none, its installation stands for it.
    pub user: Option<String>,
    /// Only sessions in which something of this name happened.
    pub name: Option<String>,
}

/// Where a session stands in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// When it counts as begun.
    pub effective_start: Timestamp,
    /// The session.
    pub session: SessionId,
}

impl SessionRow {
    /// Where it stands: what to give as `after` for the page that follows it.
    pub fn key(&self) -> SessionKey {
        SessionKey {
            effective_start: self.session.effective_start,
            session: self.session.id.clone(),
        }
    }
}

/// A session with everything that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDetail {
    /// The session, with its features.
    pub session: Session,
    /// The instant after which silence changes it.
    pub open_until: Option<Timestamp>,
    /// Its parts with their features, by log id.
    pub parts: Vec<Part>,
}

/// Lists sessions, the latest first, at most `limit` of them after `after`.
pub async fn sessions(
    db: &Database,
    filter: &SessionFilter,
    after: Option<&SessionKey>,
    limit: u32,
) -> Result<Vec<SessionRow>> {
    let mut sql = format!(
        "SELECT {} FROM session WHERE product = ? AND effective_start >= ? \
         AND effective_start <= ?",
        session::COLUMNS
    );
    let clauses = [
        (filter.version.is_some(), " AND version = ?"),
        (filter.status.is_some(), " AND status = ?"),
        (
            filter.user.is_some(),
            " AND (user_id = ? OR (user_id IS NULL AND installation_id = ?))",
        ),
        (
            filter.name.is_some(),
            " AND EXISTS (SELECT 1 FROM part_feature WHERE part_feature.product = \
             session.product AND part_feature.session_id = session.session_id \
             AND part_feature.name = ?)",
        ),
        (
            after.is_some(),
            " AND (effective_start, session_id) < (?, ?)",
        ),
    ];
    for (_, clause) in clauses.iter().filter(|(wanted, _)| *wanted) {
        sql.push_str(clause);
    }
    sql.push_str(" ORDER BY effective_start DESC, session_id DESC LIMIT ?");

    let last = Timestamp::start_of(Day(filter.days.end().0.saturating_add(1))).0 - 1;
    let mut query = statement(sql)
        .bind(filter.product.as_str())
        .bind(Timestamp::start_of(*filter.days.start()).0)
        .bind(after.map_or(last, |key| last.min(key.effective_start.0)));
    if let Some(version) = &filter.version {
        query = query.bind(&**version);
    }
    if let Some(status) = filter.status {
        query = query.bind(status.name());
    }
    if let Some(user) = &filter.user {
        query = query.bind(&**user).bind(&**user);
    }
    if let Some(name) = &filter.name {
        query = query.bind(&**name);
    }
    if let Some(key) = after {
        query = query.bind(key.effective_start.0).bind(key.session.as_str());
    }
    let rows = query
        .bind(i64::from(limit))
        .fetch_all(&mut db.sessions().read().await?)
        .await?;
    rows.iter()
        .map(|row| session::read(Cells::new(row)))
        .collect()
}

/// How many sessions of a product there are.
pub async fn count_sessions(db: &Database, product: &ProductId) -> Result<u64> {
    let mut connection = db.sessions().read().await?;
    let row = statement("SELECT COUNT(*) FROM session WHERE product = ?")
        .bind(product.as_str())
        .fetch_one(&mut connection)
        .await?;
    Cells::new(&row).count()
}

/// One session with its parts and features; `None` if there is none.
pub async fn session(
    db: &Database,
    product: &ProductId,
    id: &SessionId,
) -> Result<Option<SessionDetail>> {
    // One transaction: row and parts of the same moment.
    let mut transaction = db.sessions().snapshot().await?;
    let row = statement(format!(
        "SELECT {} FROM session WHERE product = ? AND session_id = ?",
        session::COLUMNS
    ))
    .bind(product.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut transaction)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = session::read(Cells::new(&row))?;
    let parts = part::parts_with_features(&mut transaction, product, id).await?;
    let features = Session::fold(&parts, 0, None).map(|session| session.features);
    Ok(Some(SessionDetail {
        session: Session {
            features: features.unwrap_or_default(),
            ..row.session
        },
        open_until: row.open_until,
        parts,
    }))
}
