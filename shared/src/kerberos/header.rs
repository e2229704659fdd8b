//! The headers of HTTP's Negotiate. **Source:** RFC 4559.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};

/// What a server says of Negotiate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// That it takes it.
    Offered,
    /// This token.
    Token(Vec<u8>),
}

/// Reads what an answer says.
pub(super) fn said(headers: &HeaderMap) -> Said {
    let mut said = Said::Nothing;
    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        let Ok(text) = value.to_str() else { continue };
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.trim_end_matches(',').eq_ignore_ascii_case("negotiate") {
            continue;
        }
        match STANDARD.decode(rest.trim()) {
            Ok(token) if !token.is_empty() => return Said::Token(token),
            Ok(_) | Err(_) => said = Said::Offered,
        }
    }
    said
}

/// The header that carries a token of ours.
pub(super) fn shown(token: &[u8]) -> HeaderValue {
    let text = format!("Negotiate {}", STANDARD.encode(token));
    let mut value = HeaderValue::from_str(&text).expect("base64 has only characters of a header");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests;
