//! One run at a time for each product.

use std::time::{Duration, SystemTime};

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Connection, statement};
use logbook_model::{ProductId, Timestamp};

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
        let mut connection = analytics.write().await?;
        // Each statement by itself takes the lease or leaves it.
        let over = "UPDATE analyze_lease SET holder = ?, expires_at = ? \
                    WHERE product = ? AND expires_at < ?";
        let taken = statement(over)
            .bind(lease.holder.as_str())
            .bind(expiry(now))
            .bind(product.as_str())
            .bind(now.0)
            .execute(&mut connection)
            .await?;
        if taken == 1 {
            return Ok(lease);
        }
        let new = "INSERT INTO analyze_lease (product, holder, expires_at) VALUES (?, ?, ?)";
        let inserted = statement(new)
            .bind(product.as_str())
            .bind(lease.holder.as_str())
            .bind(expiry(now))
            .execute(&mut connection)
            .await;
        match inserted {
            Ok(_) => Ok(lease),
            Err(error) if error.is_taken() => Err(busy(&mut connection, product).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Renews the lease within a step's transaction.
    pub(crate) async fn renew(&self, connection: &mut Connection) -> Result<()> {
        let renewed =
            statement("UPDATE analyze_lease SET expires_at = ? WHERE product = ? AND holder = ?")
                .bind(expiry(now()))
                .bind(self.product.as_str())
                .bind(self.holder.as_str())
                .execute(connection)
                .await?;
        if renewed == 1 {
            Ok(())
        } else {
            Err(Error::LeaseLost)
        }
    }

    /// Gives the lease back.
    pub(crate) async fn release(self, analytics: &Database) -> Result<()> {
        let mut connection = analytics.write().await?;
        statement("DELETE FROM analyze_lease WHERE product = ? AND holder = ?")
            .bind(self.product.as_str())
            .bind(self.holder)
            .execute(&mut connection)
            .await?;
        Ok(())
    }
}

/// Takes back the leases of all products, for a host that knows that it runs alone: whoever holds one
/// has died with it, and nobody need wait until it runs out.
pub async fn take_back_leases(analytics: &Database) -> Result<()> {
    let mut connection = analytics.write().await?;
    statement("DELETE FROM analyze_lease")
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Who holds the lease holds it until when.
async fn busy(connection: &mut Connection, product: &ProductId) -> Result<Error> {
    let row = statement("SELECT expires_at FROM analyze_lease WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(connection)
        .await?;
    let until = row.map(|row| Cells::new(&row).time()).transpose()?;
    // Given back since: free from now on.
    Ok(Error::Busy {
        until: until.unwrap_or_else(now),
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_micros() as i64))
}

fn expiry(now: Timestamp) -> i64 {
    now.0 + LEASE.as_micros() as i64
}
