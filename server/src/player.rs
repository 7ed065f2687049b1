//! Who sends a request: a page with its viewer's token, or a player without.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use protocol::{Error, ErrorKind, VIEWER_HEADER, ViewerToken};
use streaming::Player;

use crate::{connection::Peer, status::Failure};

/// The player behind a playlist or segment request.
#[derive(Debug)]
pub struct From(pub Player);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        if let Some(token) = parts.headers.get(VIEWER_HEADER) {
            let token = ViewerToken(token.to_str().unwrap_or_default().to_owned());
            return if token.is_well_formed() {
                Ok(Self(Player::Viewer(token)))
            } else {
                Err(Error::new(ErrorKind::InvalidRequest, "the viewer's token is not as it should be; reload the page")
                    .into())
            };
        }
        let address = Peer::ip(&parts.extensions).map_or_else(String::new, |address| address.to_string());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let agent: String = agent.chars().take(200).collect();
        Ok(Self(Player::Anonymous(format!("{address} {agent}"))))
    }
}

/// The languages that a request's sender prefers, best first, from `Accept-Language`.
#[must_use]
pub fn languages(headers: &HeaderMap) -> Vec<String> {
    let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut weighed: Vec<(f32, String)> = text
        .split(',')
        .take(20)
        .filter_map(|part| {
            let mut fields = part.split(';').map(str::trim);
            let tag = fields.next().filter(|tag| !tag.is_empty() && *tag != "*" && tag.len() <= 35)?;
            let weight = fields.find_map(|field| field.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
            (weight > 0.0).then(|| (weight, tag.to_owned()))
        })
        .collect();
    weighed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    weighed.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_best_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "fr;q=0.5, de-AT, en;q=0.8, *;q=0.1, xx;q=0, yy;q=z".parse().unwrap());
        assert_eq!(languages(&headers), ["de-AT", "en", "fr"]);
        assert!(languages(&HeaderMap::new()).is_empty());
    }
}
