//! Certificates for servers on loopback, each signed by itself.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate for one name, and the server that has it.
pub struct Identity {
    pub pem: String,
    pub acceptor: TlsAcceptor,
}

impl Identity {
    pub fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// One that was valid long ago.
    pub fn expired(name: &str) -> Self {
        Self::with(name, |params| {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        })
    }

    fn with(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Self {
            pem: certificate.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}
