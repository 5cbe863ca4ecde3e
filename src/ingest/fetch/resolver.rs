//! Names resolved and judged. What passes here is what is connected to: there is no second look-up.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::ingest::guard;

/// Names by the operating system.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A resolver whose answers are judged; what it lets through is what is connected to.
pub(super) struct Guarded {
    pub inner: Arc<dyn Resolve>,
    pub allow_private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let shown = name.as_str().to_owned();
        let answers = self.inner.resolve(name);
        let allow_private = self.allow_private;
        Box::pin(async move {
            let answers: Vec<SocketAddr> = answers.await?.collect();
            if answers.is_empty() {
                return Err(format!("{shown} has no address").into());
            }
            if !allow_private {
                guard::check_answers(&shown, answers.iter().map(SocketAddr::ip))?;
            }
            Ok(Box::new(answers.into_iter()) as Addrs)
        })
    }
}
