//! The upload API, as `/openapi.json` describes it. Another function answers it, at another
//! address of a stack; whoever reads the description is to learn of both.

#![allow(
    dead_code,
    reason = "read by the macros that make the description, and never called"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::openapi::problems;

/// What every endpoint of the upload API may answer instead.
struct Refusals;

impl Refusals {
    const ALL: [(&'static str, &'static str); 9] = [
        (
            "400",
            "A header, a parameter or the body is not what it should be.",
        ),
        ("401", "No key, or a wrong one."),
        (
            "403",
            "The log's consent is `off`, and nothing was kept; of a stack also: no API key, or a wrong one.",
        ),
        ("405", "The path takes POST."),
        ("413", "The body is larger than is taken here."),
        ("415", "The body's kind or encoding is not known."),
        ("429", "Of a stack: the API key's quota is used up."),
        ("500", "A fault of the server."),
        (
            "503",
            "A store cannot be reached for now; `Retry-After` says when to try again.",
        ),
    ];
}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&Self::ALL)
    }
}

/// What becomes of an id that is taken.
struct Conflicts;

impl Conflicts {
    const ALL: [(&'static str, &'static str); 2] = [
        ("409", "The id is taken by other content."),
        ("410", "The log of this id was erased."),
    ];
}

impl IntoResponses for Conflicts {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&Self::ALL)
    }
}

/// Both of them as exporters hear them: a `google.rpc.Status` in the request's own encoding.
struct ExportRefusals;

impl IntoResponses for ExportRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let all = Refusals::ALL.iter().chain(&Conflicts::ALL);
        let response = |(status, description): &(&str, &str)| {
            let response = ResponseBuilder::new().description(*description).build();
            ((*status).to_owned(), RefOr::T(response))
        };
        all.map(response).collect()
    }
}

/// What may be said of a log, in headers. The log's own word comes first.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
struct Said {
    /// The log's id: `A-Z a-z 0-9`, and `-` and `_` after the first; at most 64. Without it one
    /// is made. The same id with the same content is taken once, however often it is sent.
    #[serde(rename = "X-Logbook-Log-Id")]
    log_id: Option<String>,
    /// `off`, `crash`, `error` or `usage`; without it the product's default holds.
    #[serde(rename = "X-Logbook-Consent")]
    consent: Option<String>,
    /// The session of a log that names none.
    #[serde(rename = "X-Logbook-Session")]
    session: Option<String>,
    /// Version of the software.
    #[serde(rename = "X-Logbook-Version")]
    version: Option<String>,
    /// Operating system.
    #[serde(rename = "X-Logbook-Os")]
    os: Option<String>,
    /// Runtime.
    #[serde(rename = "X-Logbook-Runtime")]
    runtime: Option<String>,
    /// The user; becomes a pseudonym before anything is written.
    #[serde(rename = "X-Logbook-User")]
    user: Option<String>,
    /// The installation; becomes a pseudonym likewise.
    #[serde(rename = "X-Logbook-Installation")]
    installation: Option<String>,
    /// The customer's account; a pseudonym too, unless the product keeps accounts readable.
    #[serde(rename = "X-Logbook-Account")]
    account: Option<String>,
    /// Deployment environment.
    #[serde(rename = "X-Logbook-Environment")]
    environment: Option<String>,
    /// The file's name, for profiles that take a date from it.
    #[serde(rename = "X-Logbook-File-Name")]
    file_name: Option<String>,
    /// When the file was last modified: RFC 3339 in UTC, or microseconds since 1970.
    #[serde(rename = "X-Logbook-Modified-At")]
    modified_at: Option<String>,
}

/// The log's id, as a parameter.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// The log's id, in the stead of the header.
    log_id: Option<String>,
}

/// A log that was taken.
#[derive(Serialize, ToSchema)]
struct ArchivedReply {
    product: String,
    log_id: String,
    /// `archived`: it is durable.
    #[schema(example = "archived")]
    state: String,
    /// It had been taken before, and nothing was changed.
    duplicate: bool,
    /// The path of its receipt.
    #[schema(example = "/v1/logs/run-1/receipt")]
    receipt: String,
}

/// What a ticket is asked for. What the headers say may be said here as well.
#[derive(Deserialize, ToSchema)]
struct TicketRequest {
    /// Size of the upload, exactly.
    #[schema(maximum = 268_435_456)]
    bytes: u64,
    log_id: Option<String>,
    consent: Option<String>,
    session: Option<String>,
    version: Option<String>,
    os: Option<String>,
    runtime: Option<String>,
    user: Option<String>,
    installation: Option<String>,
    account: Option<String>,
    environment: Option<String>,
    file_name: Option<String>,
    modified_at: Option<String>,
}

/// Where to send an upload to.
#[derive(Serialize, ToSchema)]
struct TicketReply {
    product: String,
    log_id: String,
    /// `PUT`.
    #[schema(example = "PUT")]
    method: String,
    /// Secret: whoever has it may upload this one log.
    url: String,
    /// All of them must be sent, as they are.
    headers: BTreeMap<String, String>,
    /// At most 15 minutes from now.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The path of the log's receipt.
    receipt: String,
}

/// Takes a log in, plain or compressed by gzip or zstd. When it answers, the log is durable.
///
/// At most 4 MiB as sent; larger ones go by a ticket. Of a stack, this path is below `UploadUrl`.
#[utoipa::path(
    operation_id = "create_log",
    post, path = "/v1/logs", tag = "uploads",
    params(Said, LogQuery),
    security(("key" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The log."),
    responses(
        (status = 201, description = "It was taken.", body = ArchivedReply),
        (status = 200, description = "It had been taken before.", body = ArchivedReply),
        Conflicts,
        Refusals,
    ),
)]
fn create_log() {}

/// Takes logs from any exporter of OpenTelemetry's.
///
/// The body is an `ExportLogsServiceRequest`, in protobuf or JSON, plain or compressed, of at most
/// 4 MiB; refusals are a `google.rpc.Status` in the same encoding. Of a stack, this path is below
/// `UploadUrl`.
#[utoipa::path(
    operation_id = "export_logs",
    post, path = "/v1/otlp/v1/logs", tag = "uploads",
    params(Said),
    security(("key" = [])),
    request_body(content(
        (Vec<u8> = "application/x-protobuf"),
        (Object = "application/json"),
    ), description = "ExportLogsServiceRequest."),
    responses(
        (status = 200, description = "It was taken: an ExportLogsServiceResponse, whose partial success \
            counts the records that are refused."),
        ExportRefusals,
    ),
)]
fn export_logs() {}

/// Gives a ticket for an upload of up to 256 MiB, which goes past this API into the inbox.
///
/// Of a stack, this path is below `UploadUrl`.
#[utoipa::path(
    operation_id = "create_ticket",
    post, path = "/v1/uploads", tag = "uploads",
    params(Said),
    security(("key" = [])),
    request_body(content = TicketRequest, description = "What is to be uploaded."),
    responses((status = 201, description = "The ticket.", body = TicketReply), Refusals),
)]
fn create_ticket() {}
