//! Who signs, and for which region.

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::Call;
use crate::Result;

/// What signs.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) credentials: Option<SharedCredentialsProvider>,
    pub(super) region: Option<String>,
}

impl Signer {
    /// Credentials that hold now, and the region.
    pub(super) async fn identity(&self, call: Call) -> Result<(Credentials, &str)> {
        let failed = |what: &str| call.error("NotSigned", what);
        let (Some(credentials), Some(region)) = (&self.credentials, &self.region) else {
            return Err(failed("are there credentials and a region?"));
        };
        let credentials = credentials.provide_credentials().await;
        let credentials = credentials.map_err(|_| failed("the credentials cannot be had"))?;
        Ok((credentials, region))
    }
}
