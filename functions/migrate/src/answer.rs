//! What CloudFormation is told.
//!
//! Source: AWS CloudFormation user guide, custom resource request and response objects. An
//! answer has at most 4,096 bytes.

use aws_lambda_events::event::cloudformation::CloudFormationCustomResourceRequest as Request;
use serde::Serialize;

/// The same for ever: another id would have CloudFormation delete what the old one names.
const PHYSICAL_ID: &str = "logbook-schemas";
const MAX_REASON_CHARS: usize = 500;

/// What of a request goes into its answer, and where that goes.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) url: String,
    stack_id: String,
    request_id: String,
    logical_id: String,
    physical_id: String,
}

impl Asked {
    /// Reads a request, and whether it is one to delete.
    pub(crate) fn of(request: &Request) -> (Self, bool) {
        let of = |url: &str, stack: &str, id: &str, logical: &str, physical: Option<&str>| Self {
            url: url.to_owned(),
            stack_id: stack.to_owned(),
            request_id: id.to_owned(),
            logical_id: logical.to_owned(),
            physical_id: physical.unwrap_or(PHYSICAL_ID).to_owned(),
        };
        match request {
            Request::Update(r) => (
                of(
                    &r.response_url,
                    &r.stack_id,
                    &r.request_id,
                    &r.logical_resource_id,
                    Some(&r.physical_resource_id),
                ),
                false,
            ),
            Request::Delete(r) => (
                of(
                    &r.response_url,
                    &r.stack_id,
                    &r.request_id,
                    &r.logical_resource_id,
                    Some(&r.physical_resource_id),
                ),
                true,
            ),
            Request::Create(r) => (
                of(
                    &r.response_url,
                    &r.stack_id,
                    &r.request_id,
                    &r.logical_resource_id,
                    None,
                ),
                false,
            ),
            // The type may grow: what is not known yet is answered, and changes nothing.
            _ => (of("", "", "", "", None), true),
        }
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Answer<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

impl<'a> Answer<'a> {
    /// Success, or failure for a reason.
    pub(crate) fn new(asked: &'a Asked, failure: Option<String>) -> Self {
        Self {
            status: if failure.is_some() {
                "FAILED"
            } else {
                "SUCCESS"
            },
            reason: failure.map(|text| text.chars().take(MAX_REASON_CHARS).collect()),
            physical_resource_id: &asked.physical_id,
            stack_id: &asked.stack_id,
            request_id: &asked.request_id,
            logical_resource_id: &asked.logical_id,
        }
    }

    /// As CloudFormation reads it.
    pub(crate) fn to_json(&self) -> String {
        // Texts only: there is nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }
}
