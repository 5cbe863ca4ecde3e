//! The HTTP clients, one for each way out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::Resolve;

use super::failure::{fail, innermost};
use super::resolver::Guarded;
use crate::config::PollSettings;
use crate::model::PollFailure;
use crate::tls;

/// How long a connection is kept for another feed of the same host.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// Requests of one client before another takes its place. Its idle connections go with it: a sweep over thousands of
/// hosts, one connection each, would else run out of open files, which many systems limit to 1,024.
const REQUESTS_EACH: u32 = 256;

/// The clients by proxy, and by whether private addresses may be asked.
pub(super) struct Clients {
    connect_timeout: Duration,
    ca_file: Option<PathBuf>,
    resolver: Arc<dyn Resolve>,
    tls: OnceLock<rustls::ClientConfig>,
    used: Mutex<BTreeMap<(Option<String>, bool), InUse>>,
}

/// A client, and how many requests it was asked for.
struct InUse {
    client: Client,
    n_requests: u32,
}

impl Clients {
    pub(super) fn new(settings: &PollSettings, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            connect_timeout: settings.connect_timeout,
            ca_file: settings.ca_file.clone(),
            resolver,
            tls: OnceLock::new(),
            used: Mutex::default(),
        }
    }

    /// One for all clients: reading the platform's roots takes longer than a poll does.
    fn tls(&self) -> Result<rustls::ClientConfig, PollFailure> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let mut config = tls::client_config(self.ca_file.as_deref()).map_err(|why| {
            let named = if self.ca_file.is_some() { "[poll].ca_file: " } else { "" };
            fail("tls", None, format!("{named}{why}"))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(self.tls.get_or_init(|| config).clone())
    }

    /// The client for a proxy and for private addresses or none.
    pub(super) fn client(&self, proxy: Option<&str>, allow_private: bool) -> Result<Client, PollFailure> {
        let key = (proxy.map(str::to_owned), allow_private);
        let mut clients = self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(used) = clients.get_mut(&key).filter(|used| used.n_requests < REQUESTS_EACH) {
            used.n_requests += 1;
            return Ok(used.client.clone());
        }
        let mut builder = Client::builder()
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(1)
            .dns_resolver(Guarded {
                inner: Arc::clone(&self.resolver),
                // Through a proxy only the proxy's own name is resolved here, and the operator named it.
                allow_private: allow_private || proxy.is_some(),
            });
        if let Some(proxy) = proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|error| {
                fail(
                    "connect",
                    None,
                    format!("the proxy of this feed cannot be used: {error}"),
                )
            })?;
            builder = builder.proxy(proxy);
        }
        let client = builder
            .tls_backend_preconfigured(self.tls()?)
            .build()
            .map_err(|error| fail("tls", None, format!("no HTTP client: {}", innermost(&error))))?;
        let used = InUse {
            client: client.clone(),
            n_requests: 1,
        };
        clients.insert(key, used);
        Ok(client)
    }
}
