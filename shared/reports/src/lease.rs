//! One run at a time for each product.

use std::time::{Duration, SystemTime};

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Connection};
use logbook_model::{ProductId, Timestamp};

use crate::connections::{begin, pools};
use crate::{Error, Result};

/// How long a lease lasts if it is not renewed. A run renews it with every step, so that after
/// a kill the next need not wait longer than this.
const LEASE: Duration = Duration::from_mins(2);

/// The right to compute a product's reports.
///
/// It is renewed as the first statement of each step's transaction: a run whose lease another
/// has taken writes nothing more, however late it wakes.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    product: &'a ProductId,
    holder: String,
}

impl<'a> Lease<'a> {
    /// Takes the lease, if none holds it or the holder's has run out.
    pub(crate) async fn take(analytics: &Database, product: &'a ProductId) -> Result<Self> {
        let mut holder = [0; 16];
        getrandom::fill(&mut holder).map_err(logbook_backends::Error::Random)?;
        let lease = Self {
            product,
            holder: format!("{:032x}", u128::from_be_bytes(holder)),
        };
        let now = now();
        let mut transaction = begin(analytics).await?;
        sqlx::query("DELETE FROM analyze_lease WHERE product = ? AND expires_at < ?")
            .bind(product.as_str())
            .bind(now.0)
            .execute(&mut *transaction)
            .await?;
        let held = sqlx::query("SELECT expires_at FROM analyze_lease WHERE product = ?")
            .bind(product.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(row) = held {
            let until = Cells::new(&row).time()?;
            return Err(Error::Busy { until });
        }
        sqlx::query("INSERT INTO analyze_lease (product, holder, expires_at) VALUES (?, ?, ?)")
            .bind(product.as_str())
            .bind(lease.holder.as_str())
            .bind(expiry(now))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(lease)
    }

    /// Renews the lease within a step's transaction.
    pub(crate) async fn renew(&self, connection: &mut Connection) -> Result<()> {
        let renewed =
            sqlx::query("UPDATE analyze_lease SET expires_at = ? WHERE product = ? AND holder = ?")
                .bind(expiry(now()))
                .bind(self.product.as_str())
                .bind(self.holder.as_str())
                .execute(connection)
                .await?;
        if renewed.rows_affected() == 1 {
            Ok(())
        } else {
            Err(Error::LeaseLost)
        }
    }

    /// Gives the lease back.
    pub(crate) async fn release(self, analytics: &Database) -> Result<()> {
        let (_, writer) = pools(analytics)?;
        sqlx::query("DELETE FROM analyze_lease WHERE product = ? AND holder = ?")
            .bind(self.product.as_str())
            .bind(self.holder)
            .execute(writer)
            .await?;
        Ok(())
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_micros() as i64))
}

fn expiry(now: Timestamp) -> i64 {
    now.0 + LEASE.as_micros() as i64
}
