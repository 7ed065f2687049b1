//! The one layer in front of all calls: who may call, from where, and how.
//!
//! A web page of somebody else must not call a server on its visitor's machine or network. So a call needs a body of
//! type JSON (which another origin cannot send without asking first), an Origin that is this site or none, and a Host
//! that is known: an IP address, `localhost`, or a name given with `--host`; a name that an attacker's DNS points here
//! is none of these.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use protocol::{Error, ErrorKind};

use crate::status::Failure;

/// The names under which this server is reached.
#[derive(Clone, Debug)]
pub struct KnownHosts(Arc<[String]>);

impl KnownHosts {
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.trim().to_ascii_lowercase()).collect())
    }

    fn knows(&self, authority: &Authority) -> bool {
        let host = authority.host().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok() || self.0.iter().any(|name| *name == bare)
    }
}

/// Refuses requests for hosts that are not known, whatever they ask for.
pub async fn host(State(known): State<KnownHosts>, request: Request, next: Next) -> Response {
    match authority(request.headers(), request.uri()) {
        Some(authority) if known.knows(&authority) => next.run(request).await,
        _ => Failure(Error::new(
            ErrorKind::Forbidden,
            "this server is not known under that name; start it with --host NAME",
        ))
        .into_response(),
    }
}

/// Whether a call is one that another site's page could not make.
///
/// # Errors
///
/// What is wrong with it, in words for its sender.
pub fn call(request: &Request) -> Result<(), Error> {
    if request.method() != Method::POST {
        return Err(Error::new(ErrorKind::InvalidRequest, "calls are POST requests with a JSON body"));
    }
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
    if !json {
        return Err(Error::new(ErrorKind::InvalidRequest, "send JSON, with content-type: application/json"));
    }
    own_site(request)
}

/// Whether a request that changes something comes from this site's page or from no page at all. Where its body is no
/// JSON it must have a header of ours besides, which another origin cannot send without asking first.
///
/// # Errors
///
/// `forbidden`.
pub fn own_site(request: &Request) -> Result<(), Error> {
    if !same_origin(request.headers(), request.uri()) {
        return Err(Error::new(ErrorKind::Forbidden, "this call comes from another site; open Matinee's own page"));
    }
    Ok(())
}

fn authority(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    match headers.get(header::HOST) {
        Some(host) => host.to_str().ok()?.parse().ok(),
        None => uri.authority().cloned(),
    }
}

fn same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    match (origin.as_ref().and_then(Uri::authority), authority(headers, uri)) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_dns_could_point_here_are_unknown() {
        let known = KnownHosts::new(&["Films.example".into()]);
        for good in ["127.0.0.1:8000", "localhost", "[::1]:8000", "192.168.1.5", "films.example:443"] {
            assert!(known.knows(&good.parse().unwrap()), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000"] {
            assert!(!known.knows(&bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn the_origin_is_this_site_or_absent() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        let uri = Uri::from_static("/api/open");
        assert!(same_origin(&headers(None), &uri));
        assert!(same_origin(&headers(Some("http://127.0.0.1:8000")), &uri));
        for bad in ["http://evil.example", "http://127.0.0.1:8001", "null", "http://127.0.0.1:8000.evil.example"] {
            assert!(!same_origin(&headers(Some(bad)), &uri), "{bad}");
        }
    }
}
