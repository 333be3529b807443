//! Tokens that open connections to a database by IAM: a signed request that is never sent.
//!
//! Source: Amazon RDS user guide, IAM database authentication: a `GET` of
//! `host:port/?Action=connect&DBUser=user`, presigned by Signature Version 4 for the service
//! `rds-db`, holds for 15 minutes, and is the password without `https://`.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;

use super::stack::encode;
use super::{Call, Signer};
use crate::Result;

const VALID: Duration = Duration::from_mins(15);
const CALL: Call = Call {
    service: "rds-db",
    action: "sign a connection",
};

impl Signer {
    /// A token for a user of a database, from an instant on.
    pub(super) async fn token(
        &self,
        host: &str,
        port: u16,
        user: &str,
        now: SystemTime,
    ) -> Result<String> {
        let failed = |what: &str| CALL.error("NotSigned", what);
        let (credentials, region) = self.identity(CALL).await?;
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.expires_in = Some(VALID);
        settings.signature_location = SignatureLocation::QueryParams;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(CALL.service)
            .time(now)
            .settings(settings)
            .build()
            .map_err(|_| failed("the signature's parameters are not whole"))?
            .into();
        let url = format!(
            "https://{host}:{port}/?Action=connect&DBUser={}",
            encode(user)
        );
        let body = SignableBody::Bytes(&[]);
        let request = SignableRequest::new("GET", &url, std::iter::empty(), body)
            .map_err(|_| failed("the host is no name"))?;
        let (signed, _) = sign(request, &parameters)
            .map_err(|_| failed("the request cannot be signed"))?
            .into_parts();
        let mut token = url.trim_start_matches("https://").to_owned();
        for (name, value) in signed.params() {
            token.push_str(&format!("&{name}={}", encode(value)));
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;

    /// The signature was made by botocore's `generate_db_auth_token` for the same instant.
    #[tokio::test]
    async fn a_token_is_what_the_official_client_makes() {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            Some("session/+=".into()),
            None,
            "test",
        );
        let signer = Signer {
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            region: Some("eu-central-1".to_owned()),
        };
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
        let token = signer
            .token(
                "db.cluster-x.eu-central-1.rds.amazonaws.com",
                3306,
                "logbook",
                at,
            )
            .await
            .unwrap();
        let mut parts: Vec<&str> = token.split('&').collect();
        parts.sort_unstable();
        assert_eq!(parts, include_str!("token.txt").lines().collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn without_credentials_there_is_a_transient_error() {
        let signer = Signer {
            credentials: None,
            region: Some("x".to_owned()),
        };
        let error = signer
            .token("h", 1, "u", SystemTime::UNIX_EPOCH)
            .await
            .unwrap_err();
        assert!(error.is_transient());
    }
}
