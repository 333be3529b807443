//! The tables `part` and `part_feature`: what one log says about one session.

use std::collections::BTreeMap;

use logbook_model::{Feature, LogId, Name, Part, ProductId, SessionFacts, SessionId, Sketch};

use super::rows::{
    Cells, Connection, Query, bigint, bind_event_time, filled, insert, select_in, statement,
};
use crate::{Error, Result};

const COLUMNS: &str = "product, session_id, log_id, ordinal, received_at, profile, marks_ends, \
    started, continued, superseded, has_end, end_at, end_local, started_at, started_local, \
    last_activity_at, last_activity_local, first_seq, last_seq, events, occurrences, errors, \
    unhandled, crashes, backward_steps, level_unspecified, level_trace, level_debug, level_info, \
    level_warn, level_error, level_fatal, version, os, runtime, user_id, installation_id, \
    account_id, environment";

const FEATURE_COLUMNS: &str = "product, session_id, log_id, name, events, uses, errors, \
    first_seq, last_seq, duration_count, duration_sum_us, durations";

fn bind<'q>(query: Query<'q>, part: &'q &Part) -> Query<'q> {
    let query = query
        .bind(part.product.as_str())
        .bind(part.session.as_str())
        .bind(part.log.as_str())
        .bind(i64::from(part.ordinal))
        .bind(part.received_at.0)
        .bind(&*part.profile)
        .bind(i64::from(part.marks_ends))
        .bind(i64::from(part.started))
        .bind(i64::from(part.continued))
        .bind(i64::from(part.superseded))
        .bind(i64::from(part.ended()));
    let query = bind_event_time(query, part.end.flatten());
    let query = bind_event_time(query, part.started_at);
    let query = bind_event_time(query, part.last_activity_at)
        .bind(i64::from(part.first_seq))
        .bind(i64::from(part.last_seq))
        .bind(bigint(part.events))
        .bind(bigint(part.occurrences))
        .bind(bigint(part.errors))
        .bind(bigint(part.unhandled))
        .bind(bigint(part.crashes))
        .bind(bigint(part.backward_steps));
    bind_facts(bind_levels(query, &part.by_level), &part.facts)
}

pub(super) fn bind_levels<'q>(query: Query<'q>, by_level: &[u64; 7]) -> Query<'q> {
    by_level
        .iter()
        .fold(query, |query, &n| query.bind(bigint(n)))
}

pub(super) fn bind_facts<'q>(query: Query<'q>, facts: &'q SessionFacts) -> Query<'q> {
    query
        .bind(facts.version.as_deref())
        .bind(facts.os.as_deref())
        .bind(facts.runtime.as_deref())
        .bind(facts.user.as_deref())
        .bind(facts.installation.as_deref())
        .bind(facts.account.as_deref())
        .bind(facts.environment.as_deref())
}

pub(super) fn read_levels(cells: &mut Cells<'_>) -> Result<[u64; 7]> {
    let mut by_level = [0; 7];
    for n in &mut by_level {
        *n = cells.count()?;
    }
    Ok(by_level)
}

pub(super) fn read_facts(cells: &mut Cells<'_>) -> Result<SessionFacts> {
    Ok(SessionFacts {
        version: cells.text_or_null()?,
        os: cells.text_or_null()?,
        runtime: cells.text_or_null()?,
        user: cells.text_or_null()?,
        installation: cells.text_or_null()?,
        account: cells.text_or_null()?,
        environment: cells.text_or_null()?,
    })
}

fn read(mut cells: Cells<'_>) -> Result<Part> {
    let (product, session, log) = (cells.product()?, cells.session()?, cells.log()?);
    let (ordinal, received_at, profile) = (cells.small()?, cells.time()?, cells.text()?);
    let (marks_ends, started) = (cells.flag()?, cells.flag()?);
    let (continued, superseded) = (cells.flag()?, cells.flag()?);
    let (has_end, end_time) = (cells.flag()?, cells.event_time()?);
    Ok(Part {
        product,
        session,
        log,
        ordinal,
        received_at,
        profile,
        marks_ends,
        started,
        continued,
        superseded,
        end: has_end.then_some(end_time),
        started_at: cells.event_time()?,
        last_activity_at: cells.event_time()?,
        first_seq: cells.small()?,
        last_seq: cells.small()?,
        events: cells.count()?,
        occurrences: cells.count()?,
        errors: cells.count()?,
        unhandled: cells.count()?,
        crashes: cells.count()?,
        backward_steps: cells.count()?,
        by_level: read_levels(&mut cells)?,
        facts: read_facts(&mut cells)?,
        features: BTreeMap::new(),
    })
}

type FeatureRow<'a> = (&'a Part, &'a str, &'a Feature);

fn bind_feature<'q>(query: Query<'q>, (part, name, feature): &'q FeatureRow<'_>) -> Query<'q> {
    let durations = if feature.durations.is_empty() {
        Vec::new()
    } else {
        feature.durations.to_bytes()
    };
    query
        .bind(part.product.as_str())
        .bind(part.session.as_str())
        .bind(part.log.as_str())
        .bind(*name)
        .bind(bigint(feature.events))
        .bind(bigint(feature.uses))
        .bind(bigint(feature.errors))
        .bind(i64::from(feature.first_seq))
        .bind(i64::from(feature.last_seq))
        .bind(bigint(feature.durations.count()))
        .bind(bigint(feature.durations.sum_us()))
        .bind(durations)
}

fn read_feature(mut cells: Cells<'_>) -> Result<(LogId, Name, Feature)> {
    let (log, name) = (cells.log()?, cells.text()?.into());
    let feature = Feature {
        events: cells.count()?,
        uses: cells.count()?,
        errors: cells.count()?,
        first_seq: cells.small()?,
        last_seq: cells.small()?,
        durations: Sketch::from_bytes(cells.bytes()?)
            .map_err(|error| Error::damaged("sketch", error))?,
    };
    Ok((log, name, feature))
}

/// Inserts parts with their features, in key order.
pub(super) async fn insert_parts(connection: &mut Connection, parts: &mut [&Part]) -> Result<()> {
    parts.sort_unstable_by(|a, b| (&a.session, &a.log).cmp(&(&b.session, &b.log)));
    insert(connection, "INSERT INTO part", COLUMNS, parts, bind).await?;
    let features: Vec<FeatureRow<'_>> = parts
        .iter()
        .flat_map(|&part| {
            let named = part.features.iter();
            named.map(move |(name, feature)| (part, name.as_str(), feature))
        })
        .collect();
    let head = "INSERT INTO part_feature";
    insert(connection, head, FEATURE_COLUMNS, &features, bind_feature).await
}

/// Which sessions some logs speak of, as (log, session).
pub(super) async fn sessions_of(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<Vec<(LogId, SessionId)>> {
    let head = "SELECT log_id, session_id FROM part WHERE product = ? AND log_id IN";
    let rows = select_in(connection, head, product, logs).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.log()?, cells.session()?))
        })
        .collect()
}

/// Deletes the parts of a log, which are of these sessions, with their features.
pub(super) async fn delete_parts(
    connection: &mut Connection,
    product: &ProductId,
    log: &LogId,
    sessions: &[&str],
) -> Result<()> {
    for (holes, sessions) in filled(sessions) {
        let text = format!(
            "DELETE FROM part_feature WHERE product = ? AND log_id = ? AND session_id IN ({holes})"
        );
        let query = statement(text).bind(product.as_str()).bind(log.as_str());
        let query = sessions.into_iter().fold(query, Query::bind);
        query.execute(&mut *connection).await?;
    }
    statement("DELETE FROM part WHERE product = ? AND log_id = ?")
        .bind(product.as_str())
        .bind(log.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// All parts of some sessions, in key order of the sessions, without their features.
pub(super) async fn parts_of(
    connection: &mut Connection,
    product: &ProductId,
    sessions: &[&str],
) -> Result<BTreeMap<SessionId, Vec<Part>>> {
    let head = format!("SELECT {COLUMNS} FROM part WHERE product = ? AND session_id IN");
    let mut parts: BTreeMap<SessionId, Vec<Part>> = BTreeMap::new();
    for row in &select_in(connection, &head, product, sessions).await? {
        let part = read(Cells::new(row))?;
        parts.entry(part.session.clone()).or_default().push(part);
    }
    Ok(parts)
}

/// All parts of one session with their features, by log id.
pub(super) async fn parts_with_features(
    connection: &mut Connection,
    product: &ProductId,
    session: &SessionId,
) -> Result<Vec<Part>> {
    let parts = parts_of(connection, product, &[session.as_str()]).await?;
    let mut by_log: BTreeMap<LogId, Part> = parts
        .into_values()
        .flatten()
        .map(|part| (part.log.clone(), part))
        .collect();
    let rows = statement(
        "SELECT log_id, name, events, uses, errors, first_seq, last_seq, durations \
         FROM part_feature WHERE product = ? AND session_id = ?",
    )
    .bind(product.as_str())
    .bind(session.as_str())
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let (log, name, feature) = read_feature(Cells::new(row))?;
        if let Some(part) = by_log.get_mut(&log) {
            part.features.insert(name, feature);
        }
    }
    Ok(by_log.into_values().collect())
}
