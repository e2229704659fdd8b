//! Ways to log in to a hub. Does *not* keep sessions.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use super::{
    error::{Fault, KojiErrorKind},
    fault::{Meaning, code, meaning},
    transport::{Door, Post, Transport},
    xmlrpc::{MethodCall, Value, read_reply, write_call},
};
use crate::exchange::{NoReply, Reply};

/// What identifies a session on each call.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The session's number.
    pub id: i64,
    /// Its key: a secret.
    pub key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Credentials {
    /// The headers of a call with this number.
    ///
    /// The number goes under both names: hubs 1.31 to 1.35 read one, later ones the other.
    #[must_use]
    pub fn headers(&self, number: i64) -> HeaderMap {
        let number = HeaderValue::from(number);
        let mut headers = HeaderMap::new();
        headers.insert("koji-session-id", HeaderValue::from(self.id));
        // A key with control characters cannot be a header; the hub then says that the key is missing.
        if let Ok(mut key) = HeaderValue::from_str(&self.key) {
            key.set_sensitive(true);
            headers.insert("koji-session-key", key);
        }
        headers.insert("koji-session-callnum", number.clone());
        headers.insert("koji-callnum", number);
        headers
    }
}

/// A session to be renewed, and the number that the renewing call carries.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Its credentials until now.
    pub old: Credentials,
    /// A number above all that were used.
    pub number: i64,
}

/// A way to log in: here by password; by Kerberos and by a client certificate in modules of their own.
#[async_trait]
pub trait Login: Send + Sync {
    /// Opens a session, or renews one (same number, new key).
    ///
    /// # Errors
    ///
    /// [`KojiErrorKind::Login`] if we are refused, [`KojiErrorKind::Unavailable`] if the hub cannot be asked. A login
    /// changes nothing that matters, so there is no doubt about its effect.
    async fn log_in(
        &self,
        transport: &dyn Transport,
        renew: Option<Renewal>,
        limit: Duration,
    ) -> Result<Credentials, KojiErrorKind>;
}

/// Logs in nowhere: what is only read needs no session.
#[derive(Clone, Debug)]
pub struct NoLogin {
    /// Why not, for an error.
    pub why: &'static str,
}

#[async_trait]
impl Login for NoLogin {
    async fn log_in(
        &self,
        _: &dyn Transport,
        _: Option<Renewal>,
        _: Duration,
    ) -> Result<Credentials, KojiErrorKind> {
        Err(KojiErrorKind::Login(self.why.to_owned()))
    }
}

/// Logs in with a user's name and password, as the hub's `login` has it.
#[derive(Clone)]
pub struct PasswordLogin {
    user: String,
    password: String,
}

impl PasswordLogin {
    /// Logs in as this user.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for PasswordLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

#[async_trait]
impl Login for PasswordLogin {
    async fn log_in(
        &self,
        transport: &dyn Transport,
        renew: Option<Renewal>,
        limit: Duration,
    ) -> Result<Credentials, KojiErrorKind> {
        let call = MethodCall::new("login").arg(self.user.as_str()).arg(self.password.as_str());
        // With the headers of a live session the hub says "Already logged in", except to renew.
        let (call, headers) = match renew {
            None => (call, HeaderMap::new()),
            Some(renewal) => (call.named("renew", true), renewal.old.headers(renewal.number)),
        };
        let post = Post { door: Door::Hub, headers, body: write_call(&call).into(), limit };
        read_login(transport.post(post).await)
    }
}

/// The call at the door where the web server has found out who we are, and its headers.
///
/// **Source:** `sslLogin` as the reference client sends it.
pub(super) fn ssl_login(renew: Option<Renewal>) -> (MethodCall, HeaderMap) {
    let call = MethodCall::new("sslLogin").named("proxyuser", Value::Nil);
    match renew {
        None => (call, HeaderMap::new()),
        Some(renewal) => (call.named("renew", true), renewal.old.headers(renewal.number)),
    }
}

/// Reads the answer of a login call, of whatever way.
///
/// # Errors
///
/// As [`Login::log_in`].
pub fn read_login(answer: Result<Reply, NoReply>) -> Result<Credentials, KojiErrorKind> {
    /// Source: the reply of `login` and `sslLogin`.
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Session {
        session_id: i64,
        session_key: String,
    }
    let answer =
        answer.map_err(|fault| KojiErrorKind::Unavailable(format!("while logging in: {fault}")))?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(KojiErrorKind::Login(format!("http status {}", answer.status.as_u16())));
        }
        other => {
            return Err(KojiErrorKind::Unavailable(format!(
                "while logging in: http status {}",
                other.as_u16()
            )));
        }
    }
    match read_reply::<Session>(&answer.body) {
        Ok(Ok(session)) => Ok(Credentials { id: session.session_id, key: session.session_key }),
        Ok(Err(raw)) => Err(refused(raw.into())),
        Err(fault) => Err(KojiErrorKind::Unavailable(format!("while logging in: {fault}"))),
    }
}

fn refused(fault: Fault) -> KojiErrorKind {
    match fault.code {
        code::LOCK | code::AUTH_LOCK | code::OFFLINE => KojiErrorKind::Unavailable(fault.text),
        _ if meaning(&fault) == Meaning::SessionGone => {
            KojiErrorKind::Login("the session to renew is gone".to_owned())
        }
        _ => KojiErrorKind::Login(fault.text),
    }
}
