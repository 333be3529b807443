//! Contracts as `accounts` joins them: a copy of what the archive says.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Query, insert, statement};
use logbook_model::{Contract, ProductId};

use crate::Result;
use crate::tables::delete_all;

const COLUMNS: &str = "product, account, name, seats, modules, owner, renews_on";

/// Which state of a product's contracts the reports show; `None` before any.
pub async fn contracts_version(
    analytics: &Database,
    product: &ProductId,
) -> Result<Option<String>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT version FROM contract_version WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut connection)
        .await?;
    Ok(row.map(|row| Cells::new(&row).text()).transpose()?)
}

/// Puts a product's contracts, by account as sessions name it, in the place of those that the
/// reports show.
pub async fn store_contracts(
    analytics: &Database,
    product: &ProductId,
    contracts: &BTreeMap<String, Contract>,
    version: &str,
) -> Result<()> {
    let rows: Vec<_> = contracts
        .iter()
        .map(|(account, contract)| (product, account, contract, contract.modules.join(";")))
        .collect();
    let mut transaction = analytics.begin_late().await?;
    delete_all(&mut transaction, &["account_contract"], product).await?;
    let head = "INSERT INTO account_contract";
    insert(&mut transaction, head, COLUMNS, &rows, bind).await?;
    statement("REPLACE INTO contract_version (product, version) VALUES (?, ?)")
        .bind(product.as_str())
        .bind(version)
        .execute(&mut transaction)
        .await?;
    Ok(transaction.commit().await?)
}

type Row<'a> = (&'a ProductId, &'a String, &'a Contract, String);

fn bind<'q>(query: Query<'q>, (product, account, contract, modules): &'q Row<'_>) -> Query<'q> {
    query
        .bind(product.as_str())
        .bind(account.as_str())
        .bind(contract.name.as_deref())
        .bind(contract.seats.map(i64::from))
        .bind(modules.as_str())
        .bind(contract.owner.as_deref())
        .bind(contract.renews_on.map(|day| day.to_string()))
}

/// The accounts under contract that follow one, in order; or just one of them.
pub(super) async fn accounts(
    analytics: &Database,
    product: &ProductId,
    only: Option<&str>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>> {
    let clause = only.map_or("", |_| " AND account = ?");
    let mut query = statement(format!(
        "SELECT account FROM account_contract WHERE product = ? AND account > ?{clause} \
         ORDER BY account LIMIT ?"
    ))
    .bind(product.as_str())
    .bind(after.unwrap_or_default());
    if let Some(only) = only {
        query = query.bind(only);
    }
    let mut connection = analytics.read().await?;
    let rows = query.bind(i64::from(limit)).fetch_all(&mut connection);
    let rows = rows.await?;
    rows.iter().map(|row| Ok(Cells::new(row).text()?)).collect()
}

/// The contracts from one account to another, both included.
pub(super) async fn between(
    analytics: &Database,
    product: &ProductId,
    first: &str,
    last: &str,
) -> Result<BTreeMap<String, Contract>> {
    let mut connection = analytics.read().await?;
    let rows = statement(
        "SELECT account, name, seats, modules, owner, renews_on FROM account_contract \
         WHERE product = ? AND account >= ? AND account <= ?",
    )
    .bind(product.as_str())
    .bind(first)
    .bind(last)
    .fetch_all(&mut connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let account = cells.text()?;
            let name = cells.text_or_null()?;
            let seats = cells.int_or_null()?;
            let modules = cells.text()?;
            let contract = Contract {
                name,
                seats: seats.and_then(|seats| u32::try_from(seats).ok()),
                modules: modules.split_terminator(';').map(str::to_owned).collect(),
                owner: cells.text_or_null()?,
                renews_on: cells.date_or_null()?,
            };
            Ok((account, contract))
        })
        .collect()
}
