//! Bodhi's two cookies, kept by hand, byte for byte. Does *not* look at domains or paths: they go to one server only.

use http::{HeaderMap, HeaderValue, header};

/// The cookies of one exchange.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Jar {
    /// The login. **Source:** `/oidc/login-token` sets it; its `%3D` and `!` go back as they came.
    auth_tkt: Option<String>,
    /// Holds the CSRF token. **Source:** any reply may renew it; the token inside stays the same.
    session: Option<String>,
}

impl Jar {
    /// Takes over what a reply sets.
    pub(super) fn take_over(&mut self, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Some((name, rest)) = value.to_str().ok().and_then(|text| text.split_once('='))
            else {
                continue;
            };
            let value = rest.split(';').next().unwrap_or_default().trim_end();
            let kept = (!value.is_empty()).then(|| value.to_owned());
            match name.trim() {
                "auth_tkt" => self.auth_tkt = kept,
                "session" => self.session = kept,
                _ => {}
            }
        }
    }

    /// Whether there is a login.
    pub(super) fn logged_in(&self) -> bool {
        self.auth_tkt.is_some()
    }

    /// The login alone: what outlives one exchange.
    pub(super) fn login(&self) -> Self {
        Self { auth_tkt: self.auth_tkt.clone(), session: None }
    }

    /// The headers that carry it.
    pub(super) fn headers(&self) -> HeaderMap {
        let both = [("auth_tkt", &self.auth_tkt), ("session", &self.session)];
        let pairs: Vec<String> = both
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
            .collect();
        let mut headers = HeaderMap::new();
        if let Ok(mut value) = HeaderValue::from_str(&pairs.join("; "))
            && !pairs.is_empty()
        {
            value.set_sensitive(true);
            headers.insert(header::COOKIE, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests;
