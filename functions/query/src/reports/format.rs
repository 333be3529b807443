//! A page of a report as JSON or CSV.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use logbook_bootstrap::Problem;
use logbook_model::ProductId;
use logbook_reports::{Cursor, ReportReply};
use serde_json::Value;

use crate::parameters::Parameters;
use crate::reply;

/// The media type of CSV with a header, by RFC 4180.
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
}

impl Format {
    const NAMES: [&'static str; 2] = ["json", "csv"];

    /// What `format` says, or else what `Accept` prefers.
    pub(super) fn wanted(given: &Parameters, headers: &HeaderMap) -> Result<Self, Problem> {
        let named = given.named("format", Self::from_name, Self::NAMES.into_iter())?;
        Ok(named.unwrap_or_else(|| Self::accepted(headers)))
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// CSV where it is named and JSON is not.
    fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter();
        let accepted: Vec<String> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|range| range.split(';').next())
            .map(|media| media.trim().to_ascii_lowercase())
            .collect();
        let names = |media: &str| accepted.iter().any(|one| one == media);
        if names("text/csv") && !names("application/json") {
            Self::Csv
        } else {
            Self::Json
        }
    }

    /// Writes a page. What a table has no place for goes into headers.
    pub(super) fn write(
        self,
        product: &ProductId,
        page: &ReportReply,
    ) -> Result<Response, Problem> {
        if self == Self::Json {
            let mut json = page.to_json();
            if let Some(members) = json.as_object_mut() {
                members.insert("product".to_owned(), Value::from(product.as_str()));
            }
            return reply::json(&json);
        }
        let mut response = reply::bounded(page.to_csv().into_bytes(), CSV)?;
        let freshness = &page.freshness;
        let beside = [
            (
                "x-logbook-complete-until",
                freshness.complete_until.map(|at| at.to_string()),
            ),
            (
                "x-logbook-days-pending",
                Some(freshness.days_pending.to_string()),
            ),
            (
                "x-logbook-logs-pending",
                Some(freshness.logs_pending.to_string()),
            ),
            (
                "x-logbook-logs-rejected",
                Some(freshness.logs_rejected.to_string()),
            ),
            (
                "x-logbook-withheld-groups",
                Some(page.withheld_groups.to_string()),
            ),
            ("x-logbook-next", page.next.as_ref().map(Cursor::encode)),
            ("content-disposition", Some(file_name(product, page))),
        ];
        for (name, text) in beside {
            // Numbers, times, ids and base64: all of them fit a header.
            if let Some(Ok(value)) = text.map(|text| HeaderValue::from_str(&text)) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        Ok(response)
    }
}

fn file_name(product: &ProductId, page: &ReportReply) -> String {
    let (report, from, to) = (page.report.name(), page.from, page.to);
    format!("attachment; filename=\"{product}_{report}_{from}_{to}.csv\"")
}
