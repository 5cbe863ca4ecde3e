//! Where an answer sends us.

use reqwest::{Response, header};
use url::Url;

use super::failure::{fail, shown};
use crate::model::PollFailure;

/// Same host and port, or the https form of the same host.
pub(super) fn same_site(start: &Url, url: &Url) -> bool {
    start.host_str() == url.host_str()
        && (start.port_or_known_default() == url.port_or_known_default()
            || (start.port().is_none() && url.port().is_none() && url.scheme() == "https"))
}

pub(super) fn redirect_target(response: &Response, url: &Url) -> Result<Option<Url>, PollFailure> {
    let status = response.status();
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let broken = || {
        let message = format!("`{}` redirects ({status}) without saying where", shown(url.as_str()));
        fail("redirect", Some(status), message)
    };
    let location = response.headers().get(header::LOCATION).ok_or_else(broken)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut target = url.join(&location).map_err(|_| broken())?;
    target.set_fragment(None);
    Ok(Some(target))
}
