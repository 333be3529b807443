//! `GET /v1/logs/{id}/receipt`: how far a log has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use logbook_bootstrap::http::bearer;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{LogId, ProductId, Timestamp};
use logbook_pipeline::{Receipt, receipt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::Failures;
use crate::parameters::{Id, Parameters, bad};
use crate::session::ProductQuery;
use crate::{Context, Scope, reply};

/// How product keys begin, which tells them from tokens.
const KEY_PREFIX: &str = "lbk_";
/// The header that bears a product key.
pub(crate) const KEY_HEADER: &str = "x-logbook-key";

/// Each step of a log with its time, or the reason why it goes no further.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptReply {
    #[schema(value_type = String)]
    product: ProductId,
    #[schema(value_type = String)]
    log_id: LogId,
    /// `pending`, `parsed`, `duplicate`, `rejected` or `erased`.
    #[schema(value_type = String, example = "parsed")]
    state: &'static str,
    /// The way it came: `api`, `otlp`, `ticket` or `inbox`.
    #[schema(value_type = String, example = "api")]
    via: &'static str,
    /// The steps done, in order.
    steps: Vec<StepReply>,
    /// Profile and version that read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Version of the parser that read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parser_version: Option<String>,
    /// The log with the same content, where this one is a duplicate.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<LogId>,
    /// Why it was rejected.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Records, good and refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    /// Refused records.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects_total: Option<u64>,
    /// Sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<u64>,
    /// Lines or records in which invalid UTF-8 or NUL was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired_utf8: Option<u64>,
    /// Records that were kept though something is odd, by what it is: `epoch_start`, `far_ahead`,
    /// `no_zone`, `duplicate_keys`. Only where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    flagged: BTreeMap<String, u64>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepReply {
    /// `received`, `archived`, `queued` or `parsed`.
    #[schema(value_type = String, example = "archived")]
    step: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Receipt> for ReceiptReply {
    fn from(receipt: Receipt) -> Self {
        let steps = receipt.steps.into_iter();
        Self {
            product: receipt.product,
            log_id: receipt.log_id,
            state: receipt.state,
            via: receipt.via,
            steps: steps
                .map(|one| StepReply {
                    step: one.step,
                    at: one.at,
                })
                .collect(),
            profile: receipt.profile,
            parser_version: receipt.parser_version,
            duplicate_of: receipt.duplicate_of,
            reason: receipt.reason,
            detail: receipt.detail,
            records: receipt.records,
            rejects_total: receipt.rejects_total,
            sessions: receipt.sessions,
            repaired_utf8: receipt.repaired_utf8,
            flagged: receipt.flagged,
        }
    }
}

/// Shows how far a log has come. A product's upload key may ask too, for its own product.
#[utoipa::path(
    operation_id = "show_receipt",
    get, path = "/v1/logs/{id}/receipt", tag = "logs",
    params(("id" = String, Path, description = "The log."), ProductQuery),
    security(("token" = ["read:sessions"]), ("key" = [])),
    responses((status = 200, description = "The receipt.", body = ReceiptReply), Failures),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    id: Id,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Result<Response, Problem> {
    let product = asked_for(&context, query.as_deref(), &parts).await?;
    let found = receipt(&context.vault, &context.sessions, &product, &id.log()?).await?;
    let found = found.ok_or_else(|| Problem::new(ProblemKind::NotFound, "there is no such log"))?;
    reply::json(&ReceiptReply::from(found))
}

/// The product: the key's, or else the one asked for by a token.
async fn asked_for(
    context: &Context,
    query: Option<&str>,
    parts: &Parts,
) -> Result<ProductId, Problem> {
    let Some(key) = key_of(&parts.headers) else {
        let principal = context.auth.authorize(parts)?;
        principal.require(Scope::ReadSessions)?;
        let given = Parameters::of::<ProductQuery>(query)?;
        return given.product_with_logs(context, &principal).await;
    };
    let Some(product) = context.registry.product_of_key(key).await? else {
        let detail = "the key is not one of a product";
        return Err(Problem::new(ProblemKind::Unauthorized, detail));
    };
    let given = Parameters::of::<ProductQuery>(query)?;
    match given.text("product")? {
        Some(other) if other != product.id.as_str() => {
            Err(bad("product", "must be the key's product, or left out"))
        }
        _ => Ok(product.id.clone()),
    }
}

/// The product key of a request.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    match headers.get(KEY_HEADER) {
        // What is no text is no valid key.
        Some(value) => Some(value.to_str().unwrap_or_default()),
        None => bearer(headers).filter(|token| token.starts_with(KEY_PREFIX)),
    }
}
