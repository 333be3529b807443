//! Whose certificates of AWS's services are good.
//!
//! Reading this machine's bundle and parsing its hundred and more certificates takes longer than
//! all else of a cold start. Amazon Trust Services signs for all services of AWS, and asks its
//! clients to trust its five roots; these are they, as Mozilla's list has them.
//!
//! Source: Amazon Trust Services Repository; AWS security blog, how to prepare for the move of
//! AWS to its own certificate authority.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::{Error, Result};

const ROOTS: &str = include_str!("roots.pem");

type HttpClient = aws_sdk_s3::config::SharedHttpClient;

/// Whether the services of a region bear certificates of these roots. Those of China have other
/// names, and other authorities.
pub(super) fn are_enough_for(region: &str) -> bool {
    !region.starts_with("cn-")
}

/// A client that trusts these roots, and no others.
pub(super) fn client() -> Result<HttpClient> {
    let trusted = TrustStore::empty().with_pem_certificate(ROOTS);
    let tls = TlsContext::builder().with_trust_store(trusted).build();
    let tls = tls.map_err(|_| Error::Config {
        reason: "the roots of AWS's certificates cannot be used",
    })?;
    Ok(Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::AwsLc))
        .tls_context(tls)
        .build_https())
}
