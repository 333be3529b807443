//! `GET /v1/reports` and `GET /v1/reports/{name}`: sums over sessions, for R&D and sales.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_reports::{Error, Report, ReportReply, ReportRequest, catalogue, query};

mod description;
mod format;

use crate::openapi::Failures;
use crate::parameters::{Id, Parameters};
use crate::{Context, Principal, Scope, reply};
use description::{CatalogueReply, ReportPageReply, ReportQuery};
use format::Format;

/// Parameters of every report, beside its own.
const OWN: [&str; 2] = ["product", "format"];

/// Describes every report: its question, its definition, its columns and its parameters.
#[utoipa::path(
    operation_id = "list_reports",
    get, path = "/v1/reports", tag = "reports",
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The reports.", body = CatalogueReply), Failures),
)]
pub(crate) async fn list(
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadReports)?;
    Parameters::strict(query.as_deref(), &[])?;
    reply::json(&CatalogueReply {
        reports: catalogue(),
    })
}

/// Shows a page of a report.
///
/// Groups of fewer persons than the product's `min_users` are withheld, and counted.
#[utoipa::path(
    operation_id = "show_report",
    get, path = "/v1/reports/{name}", tag = "reports",
    params(("name" = String, Path, description = "The report.", example = "feature-usage"),
           ReportQuery),
    security(("token" = ["read:reports"])),
    responses(
        (status = 200, description = "A page of the report. As CSV, what JSON has beside the rows \
         is in the headers.",
         content((ReportPageReply = "application/json"), (String = "text/csv")),
         headers(
            ("X-Logbook-Complete-Until" = String, description = "CSV only."),
            ("X-Logbook-Days-Pending" = u64, description = "CSV only."),
            ("X-Logbook-Logs-Pending" = u64, description = "CSV only."),
            ("X-Logbook-Logs-Rejected" = u64, description = "CSV only."),
            ("X-Logbook-Withheld-Groups" = u64, description = "CSV only."),
            ("X-Logbook-Next" = String, description = "CSV only: the `after` of the next page."),
         )),
        Failures,
    ),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    name: Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadReports)?;
    let report = Report::from_name(&name.0).map_err(problem)?;
    let known = report.description().parameters.iter();
    let allowed: Vec<&str> = OWN.into_iter().chain(known.map(|one| one.name)).collect();
    let given = Parameters::strict(query.as_deref(), &allowed)?;
    let format = Format::wanted(&given, &headers)?;
    let product = given.product(&context, &principal).await?;
    let asked = given.others(&OWN);
    let mut request =
        ReportRequest::parse(report.name(), product.id.clone(), asked).map_err(problem)?;
    request.min_users = product.min_users;
    let page = ask(&context, &request).await?;
    format.write(&product.id, &page)
}

async fn ask(context: &Context, request: &ReportRequest) -> Result<ReportReply, Problem> {
    query(&context.analytics, request).await.map_err(problem)
}

/// What is wrong with a question, or with the tables.
pub(crate) fn problem(error: Error) -> Problem {
    let detail = error.to_string();
    match error {
        Error::UnknownReport { .. } => Problem::new(ProblemKind::NotFound, detail),
        Error::UnknownParameter { name, .. } => {
            Problem::new(ProblemKind::UnknownParameter, detail).with("parameter", name)
        }
        Error::RepeatedParameter { parameter } | Error::BadValue { parameter, .. } => {
            Problem::new(ProblemKind::BadRequest, detail).with("parameter", parameter)
        }
        Error::Backend(error) => error.into(),
        error => Problem::internal(&error, error.is_transient()),
    }
}
