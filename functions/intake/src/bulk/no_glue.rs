//! Where nothing but the embedded runner is built there is no Glue: a value that nobody can make.

#![expect(clippy::unused_async, reason = "what they stand for is async")]

use super::{BulkError, Run, Start};

/// The job that reads logs in bulk.
#[derive(Debug, Clone)]
pub enum GlueJob {}

impl GlueJob {
    pub(super) async fn runs(&self) -> Result<Vec<Run>, BulkError> {
        match *self {}
    }

    pub(super) async fn start(&self, _: &str) -> Result<Start, BulkError> {
        match *self {}
    }
}
