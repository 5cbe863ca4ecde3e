//! How we speak TLS to servers of others (feeds, relay, mailbox): the platform's roots, and the operator's own beside them.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The client side of TLS 1.2 and 1.3 with the platform's roots and those of a PEM file.
///
/// # Errors
/// For the operator: a file without certificates, or a platform without roots.
pub fn client_config(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, String> {
    let mut extra: Vec<CertificateDer<'static>> = Vec::new();
    if let Some(path) = ca_file {
        let unreadable =
            |e: &dyn std::fmt::Display| format!("Unable to read the certificates in `{}`: {e}", path.display());
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
            extra.push(certificate.map_err(|e| unreadable(&e))?);
        }
        if extra.is_empty() {
            return Err(unreadable(&"there is none"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
        .map_err(|e| format!("Unable to use the system's root certificates: {e}"))?;
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}
