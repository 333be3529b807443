//! What the views need to know of a product, kept beside the report tables: `product_settings`.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, statement};
use logbook_model::{Day, ProductId, Timestamp};

use crate::Result;
use crate::analyze::Settings;
use crate::lease::Lease;
use crate::query::judged_as_of;

/// How many persons a group of a product needs, and the last day of which anything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    min_users: u32,
    judged_on: Day,
}

/// Keeps what holds now; writes nothing where it is there.
pub(crate) async fn keep(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    lease: &Lease<'_>,
) -> Result<()> {
    let Some(judged) = judged_as_of(analytics, product).await? else {
        return Ok(());
    };
    let known = Known {
        min_users: settings.min_users,
        judged_on: Timestamp::day(judged),
    };
    if held(analytics, product).await? == Some(known) {
        return Ok(());
    }
    let mut transaction = analytics.begin_late().await?;
    lease.renew(&mut transaction).await?;
    statement("REPLACE INTO product_settings (product, min_users, judged_on) VALUES (?, ?, ?)")
        .bind(product.as_str())
        .bind(i64::from(known.min_users))
        .bind(known.judged_on.to_string())
        .execute(&mut transaction)
        .await?;
    Ok(transaction.commit().await?)
}

async fn held(analytics: &Database, product: &ProductId) -> Result<Option<Known>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT min_users, judged_on FROM product_settings WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut cells = Cells::new(&row);
    Ok(Some(Known {
        min_users: cells.small()?,
        judged_on: cells.date()?,
    }))
}
