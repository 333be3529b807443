//! `/v1/accounts`: what is agreed with customers, for reports to set beside what they use.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use logbook_bootstrap::http::{MAX_BODY_BYTES, read_body};
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{Contract, ProductId};
use logbook_pipeline::{
    Contracts, Product, account_of, change_contracts, contracts_from_csv, read_contracts,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::Failures;
use crate::parameters::{Id, Parameters};
use crate::session::ProductQuery;
use crate::{Context, Principal, Scope, reply};

/// Most bytes of one contract's JSON.
const MAX_CONTRACT_BYTES: usize = 64 << 10;

/// What a vendor knows of an account that no log says. All of it may be missing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractReply {
    /// What the vendor calls the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Acme, Inc.")]
    name: Option<String>,
    /// Persons that the licence covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 25)]
    seats: Option<u32>,
    /// Licensed modules: each covers the features of its name, and those that go on after `/`, `.`
    /// or `:`.
    #[serde(default)]
    modules: Vec<String>,
    /// Who looks after the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// The day on which the licence ends unless it is renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date")]
    renews_on: Option<String>,
}

impl From<&Contract> for ContractReply {
    fn from(contract: &Contract) -> Self {
        Self {
            name: contract.name.clone(),
            seats: contract.seats,
            modules: contract.modules.clone(),
            owner: contract.owner.clone(),
            renews_on: contract.renews_on.map(|day| day.to_string()),
        }
    }
}

/// A contract and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountReply {
    /// The account as sessions name it: a pseudonym unless the product keeps accounts readable.
    #[schema(example = "acme")]
    account: String,
    #[serde(flatten)]
    contract: ContractReply,
}

/// Every contract of a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountsReply {
    #[schema(value_type = String, example = "editor")]
    product: ProductId,
    /// By account, as sessions name it.
    accounts: BTreeMap<String, ContractReply>,
}

/// What a table changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportReply {
    /// Accounts of the table.
    accounts: usize,
}

/// Lists what is agreed with a product's accounts.
#[utoipa::path(
    operation_id = "list_accounts",
    get, path = "/v1/accounts", tag = "accounts",
    params(ProductQuery),
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The contracts.", body = AccountsReply), Failures),
)]
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let product = product(&context, &principal, Scope::ReadReports, query).await?;
    let held = contracts(&context, &product.id).await?;
    reply::json(&AccountsReply {
        product: product.id,
        accounts: held
            .accounts
            .iter()
            .map(|(account, contract)| (account.clone(), contract.into()))
            .collect(),
    })
}

/// Takes a table of contracts.
///
/// Its header names the columns: `account`, and any of `name`, `seats`, `modules` (between
/// semicolons), `owner`, `renews_on`. The contracts of its accounts are replaced, those of others
/// stay as they are; a line that is not taken is named, and then nothing is changed.
#[utoipa::path(
    operation_id = "import_accounts",
    put, path = "/v1/accounts", tag = "accounts",
    params(ProductQuery),
    request_body(content = String, content_type = "text/csv", description = "RFC 4180."),
    security(("token" = ["admin"])),
    responses((status = 200, description = "All lines are taken.", body = ImportReply), Failures),
)]
pub(crate) async fn import(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Problem> {
    let product = product(&context, &principal, Scope::Admin, query).await?;
    let table = read_body(body, MAX_BODY_BYTES).await?;
    let rows = contracts_from_csv(&table).map_err(|error| bad(&error).with("line", error.line))?;
    let mut named = BTreeMap::new();
    for (account, contract) in rows {
        named.insert(key(&context, &product, &account).await?, contract);
    }
    change(&context, &product, |held| {
        held.accounts.extend(named.clone());
        true
    })
    .await?;
    reply::json(&ImportReply {
        accounts: named.len(),
    })
}

/// Shows what is agreed with an account.
#[utoipa::path(
    operation_id = "show_account",
    get, path = "/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account, as its users' sessions name it, or its \
            pseudonym.", example = "acme"), ProductQuery),
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The contract.", body = AccountReply), Failures),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let product = product(&context, &principal, Scope::ReadReports, query).await?;
    let account = key(&context, &product, &id.0).await?;
    let held = contracts(&context, &product.id).await?;
    let contract = held.accounts.get(&account).ok_or_else(no_contract)?;
    reply::json(&AccountReply {
        contract: contract.into(),
        account,
    })
}

/// Says what is agreed with an account, in place of what was said before.
///
/// Reports show it from their next run on.
#[utoipa::path(
    operation_id = "put_account",
    put, path = "/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account, as its users' sessions name it, or its \
            pseudonym.", example = "acme"), ProductQuery),
    request_body(content = ContractReply, description = "The contract."),
    security(("token" = ["admin"])),
    responses((status = 200, description = "It is kept.", body = AccountReply), Failures),
)]
pub(crate) async fn put(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Problem> {
    let product = product(&context, &principal, Scope::Admin, query).await?;
    let body = read_body(body, MAX_CONTRACT_BYTES).await?;
    let contract = contract(&body)?;
    let account = key(&context, &product, &id.0).await?;
    change(&context, &product, |held| {
        let before = held.accounts.insert(account.clone(), contract.clone());
        before.as_ref() != Some(&contract)
    })
    .await?;
    reply::json(&AccountReply {
        contract: (&contract).into(),
        account,
    })
}

/// Forgets what is agreed with an account; what its people did stays.
#[utoipa::path(
    operation_id = "delete_account",
    delete, path = "/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account, as its users' sessions name it, or its \
            pseudonym.", example = "acme"), ProductQuery),
    security(("token" = ["admin"])),
    responses((status = 204, description = "It is forgotten."), Failures),
)]
pub(crate) async fn delete(
    State(context): State<Arc<Context>>,
    principal: Principal,
    id: Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let product = product(&context, &principal, Scope::Admin, query).await?;
    let account = key(&context, &product, &id.0).await?;
    let forget = |held: &mut Contracts| held.accounts.remove(&account).is_some();
    if change(&context, &product, forget).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(no_contract())
    }
}

fn contract(body: &[u8]) -> Result<Contract, Problem> {
    // An array would do for serde.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(bad(&"a JSON object is needed"));
    }
    let contract: Contract = serde_json::from_slice(body).map_err(|error| bad(&error))?;
    contract.checked().map_err(|error| bad(&error))
}

fn bad(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::BadRequest, error.to_string())
}

fn no_contract() -> Problem {
    Problem::new(ProblemKind::NotFound, "nothing is agreed with this account")
}

async fn product(
    context: &Context,
    principal: &Principal,
    scope: Scope,
    query: Option<String>,
) -> Result<Product, Problem> {
    principal.require(scope)?;
    let given = Parameters::of::<ProductQuery>(query.as_deref())?;
    given.product(context, principal).await
}

/// The account as sessions name it.
async fn key(context: &Context, product: &Product, text: &str) -> Result<String, Problem> {
    let account = account_of(context.vault.keys(), product, text).await?;
    account.ok_or_else(|| bad(&"the account is empty"))
}

async fn contracts(context: &Context, product: &ProductId) -> Result<Contracts, Problem> {
    let read = read_contracts(&context.vault.archive, product, None).await?;
    Ok(read.map(|read| read.contracts).unwrap_or_default())
}

/// Changes the contracts of a registered product, and calls for reports that show them.
async fn change(
    context: &Context,
    product: &Product,
    change: impl Fn(&mut Contracts) -> bool,
) -> Result<bool, Problem> {
    let products = context.registry.snapshot().await?;
    if products.product(&product.id)?.is_none() {
        let detail = format!("the product {} is not registered", product.id);
        return Err(Problem::new(ProblemKind::NotFound, detail));
    }
    let changed = change_contracts(&context.vault.archive, &product.id, change).await?;
    if let Some(marks) = context.marks.as_ref().filter(|_| changed) {
        marks.put_dirty(&product.id, (context.now)()).await?;
    }
    Ok(changed)
}
