//! HTTPS beside the SDK's own clients.

use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// TLS by rustls and aws-lc-rs that believes those whom this machine believes, as the SDK's
/// clients do: the system's certificates, or those that `SSL_CERT_FILE` names.
pub fn tls_config() -> TlsConfig {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots = roots
        .iter()
        .map(|root| Certificate::from_der(root).to_owned());
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
        .build()
}
