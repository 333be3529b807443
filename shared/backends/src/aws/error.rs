//! What a service answers where it does not do what was asked.

use std::error::Error as StdError;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use crate::Error;

/// Codes that find fault with what was handed over: the same call fails for ever. All others
/// find fault with the surroundings: throttling, a busy or failing service, expired or
/// insufficient credentials, a bucket, queue or key that is missing or switched off. Where that
/// is not known it is taken for the surroundings, because nothing is given up over them.
const INPUT_FAULTS: &[&str] = &[
    // S3: the object.
    "EntityTooLarge",
    "KeyTooLongError",
    "MetadataTooLarge",
    // SQS: the message.
    "InvalidMessageContents",
    "AWS.SimpleQueueService.BatchRequestTooLong",
    "BatchRequestTooLong",
    // KMS: the wrapped key, or the context it is said to be of.
    "IncorrectKeyException",
    "InvalidCiphertextException",
];

/// Names a call in its errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) service: &'static str,
    /// What is being done, as a verb with its object.
    pub(crate) action: &'static str,
}

impl Call {
    /// The error of a call. Of the service's own words only code and request id are kept: its
    /// messages quote keys and names.
    pub(crate) fn failed<E>(self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let (code, detail) = match error {
            SdkError::TimeoutError(_) => ("Timeout".to_owned(), String::new()),
            SdkError::DispatchFailure(failure) => (
                "Unreachable".to_owned(),
                failure.as_connector_error().map(causes).unwrap_or_default(),
            ),
            SdkError::ServiceError(_) => {
                let status = status_of(error).map(|status| status.to_string());
                let code = code_of(error).map(str::to_owned);
                let request = error.raw_response().and_then(|raw| raw.request_id());
                (
                    code.or(status).unwrap_or_else(|| "Unknown".to_owned()),
                    request
                        .map(|id| format!("request {id}"))
                        .unwrap_or_default(),
                )
            }
            // No credentials or no region also show here, before anything is sent.
            SdkError::ConstructionFailure(_) => (
                "NotSent".to_owned(),
                "are there credentials and a region?".to_owned(),
            ),
            _ => ("BadAnswer".to_owned(), String::new()),
        };
        self.error(code, detail)
    }

    /// An error that the service did not name itself.
    pub(crate) fn error(self, code: impl Into<String>, detail: impl Into<String>) -> Error {
        let code = code.into();
        Error::Service {
            service: self.service,
            action: self.action,
            transient: !INPUT_FAULTS.contains(&code.as_str()),
            code,
            detail: detail.into(),
        }
    }
}

/// The code of an answer that is an error.
pub(crate) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// The HTTP status of an answer.
pub(crate) fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|raw| raw.status().as_u16())
}

/// An error of the connection, with its causes.
fn causes(error: &(impl StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
