//! `GET /v1/digest`: the week in a few lines.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use logbook_bootstrap::Problem;
use logbook_model::Notice;
use logbook_reports::{Settings, digest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::Failures;
use crate::parameters::Parameters;
use crate::reports::problem;
use crate::{Context, Principal, Scope, reply};

/// Which week.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes; what comes is read by name")]
struct DigestQuery {
    /// The product; needed where there is more than one.
    product: Option<String>,
    /// The day with which the week ends; by default the last that was analyzed whole.
    #[param(value_type = Option<String>, format = "date")]
    to: Option<String>,
}

/// Lines for people, by section.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeReply {
    #[schema(example = "editor: the week to 2026-11-22")]
    title: String,
    sections: Vec<SectionReply>,
}

/// What there is to say of one thing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SectionReply {
    #[schema(example = "Use")]
    heading: String,
    lines: Vec<String>,
}

impl From<Notice> for NoticeReply {
    fn from(notice: Notice) -> Self {
        let sections = notice.sections.into_iter();
        Self {
            title: notice.title,
            sections: sections
                .map(|one| SectionReply {
                    heading: one.heading,
                    lines: one.lines,
                })
                .collect(),
        }
    }
}

/// Tells of a week: its use, releases, errors, accounts and logs.
#[utoipa::path(
    operation_id = "show_digest",
    get, path = "/v1/digest", tag = "reports",
    params(DigestQuery),
    security(("token" = ["read:reports"])),
    responses((status = 200, description = "The week.", body = NoticeReply), Failures),
)]
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    principal.require(Scope::ReadReports)?;
    let given = Parameters::of::<DigestQuery>(query.as_deref())?;
    let product = given.product(&context, &principal).await?;
    let settings = Settings {
        session_timeout_secs: product.session_timeout_secs,
        min_users: product.min_users,
    };
    let week = digest(&context.analytics, &product.id, &settings, given.day("to")?);
    reply::json(&NoticeReply::from(week.await.map_err(problem)?))
}
