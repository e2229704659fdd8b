//! Who is logged in: login cookies, session cookies and the CSRF tokens in them.

use http::{HeaderMap, header};

use super::cookies::Session;
use crate::{chance, world::State};

/// Age in microseconds from which a session cookie is replaced. Source: pyramid renews what is over a second old.
const RENEW: i64 = 1_000_000;

/// A cookie of the request.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE);
    let pairs = all.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

impl State {
    fn opaque(&self, what: &str) -> String {
        let count = self.bodhi.logins.tickets.len() + self.bodhi.logins.sessions.len();
        let count = count.to_string();
        let part = |n: &str| {
            format!("{:016x}", chance::draw(self.script.seed, &["cookie", what, &count, n]))
        };
        ["1", "2", "3"].map(part).concat()
    }

    /// A login cookie for a user. Its value holds `%3D` and `!`, as the real one does.
    pub(super) fn new_ticket(&mut self, user: i64) -> String {
        let value = format!("{}%3D!userid_type:b64unicode", self.opaque("ticket"));
        self.bodhi.logins.tickets.insert(value.clone(), user);
        value
    }

    /// The user that the request's login cookie belongs to.
    pub(super) fn logged_in(&self, headers: &HeaderMap) -> Option<i64> {
        self.bodhi.logins.tickets.get(&cookie(headers, "auth_tkt")?).copied()
    }

    /// The CSRF token of the request's session, if that is still known.
    pub(super) fn csrf(&self, headers: &HeaderMap) -> Option<&str> {
        let session = self.bodhi.logins.sessions.get(&cookie(headers, "session")?)?;
        let idle = i64::try_from(self.script.bodhi.session_idle_ms)
            .unwrap_or(i64::MAX)
            .saturating_mul(1000);
        (self.now().saturating_sub(session.at) < idle).then_some(&*session.csrf)
    }

    /// The session's CSRF token, made if there is none, and the cookie to send if it is new.
    pub(super) fn need_csrf(&mut self, headers: &HeaderMap) -> (String, Option<String>) {
        match self.csrf(headers).map(str::to_owned) {
            Some(token) => {
                let cookie = self.renewed(headers);
                (token, cookie)
            }
            None => {
                let token = self.opaque("csrf")[..40].to_owned();
                let value = self.new_session(token.clone());
                (token, Some(value))
            }
        }
    }

    fn new_session(&mut self, csrf: String) -> String {
        let value = self.opaque("session");
        let at = self.now();
        self.bodhi.logins.sessions.insert(value.clone(), Session { csrf, at });
        value
    }

    /// A new session cookie with the same token, once the last is over a second old.
    pub(super) fn renewed(&mut self, headers: &HeaderMap) -> Option<String> {
        self.csrf(headers)?;
        let session = self.bodhi.logins.sessions.get(&cookie(headers, "session")?)?.clone();
        (self.now().saturating_sub(session.at) > RENEW).then(|| self.new_session(session.csrf))
    }
}
