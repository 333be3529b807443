//! The table `session`: the fold of a session's parts, without its features.

use std::collections::{BTreeMap, HashMap};

use logbook_model::{Day, EndReason, Part, ProductId, Session, SessionId, Status, Timestamp};

use super::part::{bind_facts, bind_levels, read_facts, read_levels};
use super::rows::{
    Cells, Connection, Query, bigint, bind_event_time, insert, select_in, statement,
};
use crate::Result;

/// A row of `session`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session; its features are empty here.
    pub session: Session,
    /// The instant after which silence changes the row; `None` when nothing depends on it.
    pub open_until: Option<Timestamp>,
}

impl SessionRow {
    /// Folds parts; `None` when there are none.
    pub(super) fn fold(
        parts: &[Part],
        timeout_secs: u32,
        as_of: Option<Timestamp>,
    ) -> Option<Self> {
        let session = Session::fold_without_features(parts, timeout_secs, as_of)?;
        // The same session if it is silent for ever: where that makes no difference, no
        // judgement is outstanding.
        let silent =
            Session::fold_without_features(parts, timeout_secs, Some(Timestamp(i64::MAX)))?;
        let depends = (silent.status, silent.end_reason, silent.ended_at)
            != (session.status, session.end_reason, session.ended_at);
        let timeout_us = i64::from(timeout_secs) * 1_000_000;
        let open_until =
            depends.then(|| Timestamp(session.effective_end.0.saturating_add(timeout_us)));
        Some(Self {
            session,
            open_until,
        })
    }

    /// The day it counts for.
    pub const fn day(&self) -> Day {
        self.session.effective_start.day()
    }
}

pub(super) const COLUMNS: &str = "product, session_id, parts, started_at, started_local, \
    last_activity_at, last_activity_local, ended_at, ended_local, effective_start, \
    effective_end, start_day, status, end_reason, awaits_end, open_until, events, occurrences, \
    errors, crashes, level_unspecified, level_trace, level_debug, level_info, level_warn, \
    level_error, level_fatal, version, os, runtime, user_id, installation_id, account_id, \
    environment";

fn bind<'q>(query: Query<'q>, row: &'q SessionRow) -> Query<'q> {
    let session = &row.session;
    let query = query
        .bind(session.product.as_str())
        .bind(session.id.as_str())
        .bind(i64::from(session.parts));
    let query = bind_event_time(query, session.started_at);
    let query = bind_event_time(query, session.last_activity_at);
    let query = bind_event_time(query, session.ended_at)
        .bind(session.effective_start.0)
        .bind(session.effective_end.0)
        .bind(row.day().0)
        .bind(session.status.name())
        .bind(session.end_reason.name())
        .bind(i64::from(session.awaits_end))
        .bind(row.open_until.map(|at| at.0))
        .bind(bigint(session.events))
        .bind(bigint(session.occurrences))
        .bind(bigint(session.errors))
        .bind(bigint(session.crashes));
    bind_facts(bind_levels(query, &session.by_level), &session.facts)
}

pub(super) fn read(mut cells: Cells<'_>) -> Result<SessionRow> {
    let (product, id, parts) = (cells.product()?, cells.session()?, cells.small()?);
    let (started_at, last_activity_at) = (cells.event_time()?, cells.event_time()?);
    let ended_at = cells.event_time()?;
    let (effective_start, effective_end, _day) = (cells.time()?, cells.time()?, cells.day()?);
    let status = cells.named(Status::from_name)?;
    let end_reason = cells.named(EndReason::from_name)?;
    let (awaits_end, open_until) = (cells.flag()?, cells.time_or_null()?);
    let session = Session {
        product,
        id,
        parts,
        started_at,
        last_activity_at,
        ended_at,
        effective_start,
        effective_end,
        status,
        end_reason,
        awaits_end,
        events: cells.count()?,
        occurrences: cells.count()?,
        errors: cells.count()?,
        crashes: cells.count()?,
        by_level: read_levels(&mut cells)?,
        facts: read_facts(&mut cells)?,
        features: BTreeMap::new(),
    };
    Ok(SessionRow {
        session,
        open_until,
    })
}

/// Writes rows in place of what is there.
pub(super) async fn replace_sessions(
    connection: &mut Connection,
    rows: &[SessionRow],
) -> Result<()> {
    insert(connection, "REPLACE INTO session", COLUMNS, rows, bind).await
}

pub(super) async fn delete_session(
    connection: &mut Connection,
    product: &ProductId,
    session: &SessionId,
) -> Result<()> {
    statement("DELETE FROM session WHERE product = ? AND session_id = ?")
        .bind(product.as_str())
        .bind(session.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// The days for which some sessions count now, as far as they have rows.
pub(super) async fn days_of(
    connection: &mut Connection,
    product: &ProductId,
    sessions: &[&str],
) -> Result<HashMap<SessionId, Day>> {
    let head = "SELECT session_id, start_day FROM session WHERE product = ? AND session_id IN";
    let rows = select_in(connection, head, product, sessions).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.session()?, cells.day()?))
        })
        .collect()
}
