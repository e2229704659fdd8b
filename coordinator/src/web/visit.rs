//! What a browser or a program shows of a session, and the cookies that a browser is given. Does *not* decide who may what.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use ebs_shared::token::is_secret;

use super::gate::{Visit, shown};
use crate::{
    login::{People, SESSION_LIFE, TRIP_LIFE},
    report::chain,
};

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The id of a session. **Source:** ELNBuildSync 2.1 has this name.
    Session,
    /// What ties a login that is under way to the browser.
    Login,
}

/// Who visits. A session is looked for in a token's place, and in the cookie if there is no token.
pub(super) async fn visit(people: &People, headers: &HeaderMap) -> Visit {
    let (id, in_header) = match shown(headers) {
        Ok(secret) if is_secret(secret) => (secret, true),
        Ok(_) => return Visit::None,
        // A proxy before us may have a password of its own in that header.
        Err(_) => match Cookie::Session.read(headers, people.is_secure()) {
            Some(id) => (id, false),
            None => return Visit::None,
        },
    };
    match people.session(id).await {
        Ok(Some(session)) if in_header => Visit::Header(session),
        Ok(Some(session)) => Visit::Cookie(session),
        Ok(None) if in_header => Visit::Over,
        Ok(None) => Visit::None,
        Err(error) => {
            tracing::warn!(error = chain(&error), "a session cannot be looked at");
            Visit::Unknown
        }
    }
}

/// The id of the session that a page is asked for with.
pub(super) fn session_id<'a>(people: &People, headers: &'a HeaderMap) -> Option<&'a str> {
    let in_header = shown(headers).ok().filter(|secret| is_secret(secret));
    in_header.or_else(|| Cookie::Session.read(headers, people.is_secure()))
}

impl Cookie {
    /// Its name. Under `__Host-` a browser takes it from nobody but this very host, and only by https.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-ebs_session",
            (Self::Session, false) => "ebs_session",
            (Self::Login, true) => "__Host-ebs_login",
            (Self::Login, false) => "ebs_login",
        }
    }

    fn life(self) -> Duration {
        match self {
            Self::Session => SESSION_LIFE,
            Self::Login => TRIP_LIFE,
        }
    }

    /// What a browser shows of it, if that has the form of a secret of ours.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|it| it.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
        Some(value.trim()).filter(|value| is_secret(value))
    }

    /// Gives it to a browser.
    pub(super) fn set(self, value: &str, secure: bool) -> Option<HeaderValue> {
        self.line(value, self.life().as_secs(), secure)
    }

    /// Takes it from a browser.
    pub(super) fn clear(self, secure: bool) -> Option<HeaderValue> {
        self.line("", 0, secure)
    }

    fn line(self, value: &str, seconds: u64, secure: bool) -> Option<HeaderValue> {
        let (name, only) = (self.name(secure), if secure { "; Secure" } else { "" });
        let line =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{only}");
        HeaderValue::try_from(line).ok()
    }
}

#[cfg(test)]
mod tests;
