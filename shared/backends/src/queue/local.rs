//! A queue in a SQLite file.
//!
//! One connection writes, so that a statement is never refused for want of a lock within this
//! process. Commits go to the write-ahead log by `write(2)`: with `synchronous=NORMAL` they
//! are in the operating system's hands when a call returns and so outlive `kill -9`; with
//! `FULL` ([`Durability::Fsync`]) they outlive loss of power as well.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Attributes, Depth, Message, Queue, QueuePolicy, Receive, sql};
use crate::database::sqlite;
use crate::disk::{hex, now, random};
use crate::{Error, Result};

/// How long to sleep at most while waiting: what another process sends into the same file
/// wakes nobody here.
const POLL: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub(super) struct LocalQueue {
    pool: SqlitePool,
    policy: QueuePolicy,
    sent: Arc<Notify>,
}

impl LocalQueue {
    pub(super) async fn open(path: &Path, policy: QueuePolicy) -> Result<Self> {
        let pool = sqlite::writer(path, policy.durability, Vec::new()).await?;
        sqlx::raw_sql(sql::SCHEMA).execute(&pool).await?;
        Ok(Self {
            pool,
            policy,
            sent: Arc::new(Notify::new()),
        })
    }

    pub(super) async fn send(&self, messages: &[(&str, &Attributes)]) -> Result<Vec<String>> {
        let mut ids = Vec::with_capacity(messages.len());
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (body, attributes) in messages {
            let id = hex(&random::<16>()?);
            let attributes =
                serde_json::to_string(attributes).map_err(|e| Error::damaged("attributes", e))?;
            sqlx::query(sql::SEND)
                .bind(&id)
                .bind(*body)
                .bind(attributes)
                .bind(now().0)
                .execute(&mut *transaction)
                .await?;
            ids.push(id);
        }
        transaction.commit().await?;
        self.sent.notify_waiters();
        Ok(ids)
    }

    pub(super) async fn receive(&self, how: Receive) -> Result<Vec<Message>> {
        let deadline = Instant::now() + how.wait;
        loop {
            // Listening begins before looking, so that nothing sent in between is missed.
            let mut sent = std::pin::pin!(self.sent.notified());
            sent.as_mut().enable();
            let messages = self.take(how).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            let pause = self.until_due().await?.min(left).min(POLL);
            // Either end of the wait leads to another look.
            let _ = tokio::time::timeout(pause, sent).await;
        }
    }

    async fn take(&self, how: Receive) -> Result<Vec<Message>> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let now = now().0;
        bury(&mut transaction, now, self.policy.max_receives).await?;
        let mut rows = sqlx::query(sql::TAKE)
            .bind(now)
            .bind(later(now, how.visibility))
            .bind(how.max.clamp(1, Queue::MAX_BATCH) as i64)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        rows.sort_by_key(|row| row.get::<i64, _>(6));
        rows.iter().map(message).collect()
    }

    async fn until_due(&self) -> Result<Duration> {
        let due: Option<i64> = sqlx::query_scalar(sql::NEXT_DUE)
            .fetch_one(&self.pool)
            .await?;
        let wait_us = due.map_or(i64::MAX, |due| due.saturating_sub(now().0));
        Ok(Duration::from_micros(wait_us.max(1000) as u64))
    }

    pub(super) async fn delete(&self, receipts: &[&str]) -> Result<Vec<bool>> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut deleted = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            let done = sqlx::query(sql::DELETE)
                .bind(sequence_of(receipt))
                .bind(*receipt)
                .execute(&mut *transaction)
                .await?;
            deleted.push(done.rows_affected() > 0);
        }
        transaction.commit().await?;
        Ok(deleted)
    }

    pub(super) async fn change_visibility(
        &self,
        receipt: &str,
        visibility: Duration,
    ) -> Result<bool> {
        let done = sqlx::query(sql::CHANGE)
            .bind(sequence_of(receipt))
            .bind(receipt)
            .bind(later(now().0, visibility))
            .execute(&self.pool)
            .await?;
        self.sent.notify_waiters();
        Ok(done.rows_affected() > 0)
    }

    pub(super) async fn redrive(&self, max: u64) -> Result<u64> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let now = now().0;
        bury(&mut transaction, now, self.policy.max_receives).await?;
        let done = sqlx::query(sql::REDRIVE)
            .bind(now)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.sent.notify_waiters();
        Ok(done.rows_affected())
    }

    pub(super) async fn dead_letters(&self, max: u64) -> Result<Vec<Message>> {
        let rows = sqlx::query(sql::DEAD)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(message).collect()
    }

    pub(super) async fn depth(&self) -> Result<Depth> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let now = now().0;
        bury(&mut transaction, now, self.policy.max_receives).await?;
        let row = sqlx::query(sql::DEPTH)
            .bind(now)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let oldest: Option<i64> = row.try_get(3)?;
        Ok(Depth {
            visible: row.try_get::<i64, _>(0)? as u64,
            in_flight: row.try_get::<i64, _>(1)? as u64,
            dead: row.try_get::<i64, _>(2)? as u64,
            oldest_age: oldest
                .map(|sent_at| Duration::from_micros(now.saturating_sub(sent_at).max(0) as u64)),
        })
    }
}

/// Moves what is due and was received too often to the dead letters.
async fn bury(connection: &mut SqliteConnection, now: i64, max_receives: u32) -> Result<()> {
    sqlx::query(sql::BURY)
        .bind(now)
        .bind(i64::from(max_receives))
        .execute(connection)
        .await?;
    Ok(())
}

fn message(row: &SqliteRow) -> Result<Message> {
    let attributes: String = row.try_get(3)?;
    Ok(Message {
        id: row.try_get(0)?,
        receipt_handle: row.try_get(1)?,
        body: row.try_get(2)?,
        attributes: serde_json::from_str(&attributes)
            .map_err(|error| Error::damaged("message", error))?,
        receive_count: row.try_get::<i64, _>(4)? as u32,
        sent_at: logbook_model::Timestamp(row.try_get(5)?),
    })
}

/// The row that a receipt speaks of; none has number -1.
fn sequence_of(receipt: &str) -> i64 {
    receipt
        .split_once('-')
        .and_then(|(sequence, _)| sequence.parse().ok())
        .unwrap_or(-1)
}

fn later(now: i64, by: Duration) -> i64 {
    now.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}
