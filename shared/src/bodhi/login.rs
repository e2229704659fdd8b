//! The login: token, cookie, CSRF token. Keeps the login cookie between calls; a session lives for one POST only, since the
//! server forgets it after 20 minutes. Does *not* post updates.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};

use super::{
    api::BodhiErrorKind,
    door::Door,
    fault::answer,
    jar::Jar,
    shapes::{self, RawCsrf},
    token::{TokenError, TokenSource},
};
use crate::{
    config::SecretText,
    exchange::{NoReply, Reply},
};

/// Logs in, and remembers it.
pub(super) struct Login {
    source: Arc<dyn TokenSource>,
    kept: Mutex<Jar>,
}

impl Login {
    pub(super) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, kept: Mutex::default() }
    }

    /// The login as it is, or a new one if there is none yet.
    pub(super) async fn jar(&self, door: &Door) -> Result<Jar, BodhiErrorKind> {
        let kept = self.kept();
        if kept.logged_in() { Ok(kept) } else { self.renew(door).await }
    }

    /// A new login, whatever there was.
    pub(super) async fn renew(&self, door: &Door) -> Result<Jar, BodhiErrorKind> {
        self.keep(Jar::default());
        let mut refused: Option<SecretText> = None;
        for _ in 0..2 {
            let token = self.source.token(refused.as_ref()).await.map_err(told)?;
            if refused.as_ref() == Some(&token) {
                break;
            }
            let reply = exchange(door, &token).await?;
            let mut jar = Jar::default();
            jar.take_over(&reply.headers);
            match reply.status.as_u16() {
                200..=299 if jar.logged_in() => {
                    let jar = jar.login();
                    self.keep(jar.clone());
                    return Ok(jar);
                }
                401 => refused = Some(token),
                // The provider being down shows as a 500; that says nothing about the token.
                status => {
                    return Err(BodhiErrorKind::Unavailable(format!(
                        "login: {}",
                        answer(status, &reply.body)
                    )));
                }
            }
        }
        let way_out = self.source.way_out();
        Err(BodhiErrorKind::Login(format!("the access token is not accepted: {way_out}")))
    }

    fn kept(&self) -> Jar {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Jar) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

fn told(error: TokenError) -> BodhiErrorKind {
    match error {
        TokenError::Missing(_) => BodhiErrorKind::Login(error.to_string()),
        TokenError::Unavailable(_) => BodhiErrorKind::Unavailable(error.to_string()),
    }
}

/// Exchanges a token for the login cookie.
async fn exchange(door: &Door, token: &SecretText) -> Result<Reply, BodhiErrorKind> {
    let mut headers = HeaderMap::new();
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        BodhiErrorKind::Login("the access token has characters that cannot be sent".to_owned())
    })?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    door.send(Method::GET, "oidc/login-token", headers, None).await.map_err(nothing_posted)
}

/// A CSRF token that belongs to the session in `jar`, which is taken over.
pub(super) async fn csrf(door: &Door, jar: &mut Jar) -> Result<String, BodhiErrorKind> {
    let reply =
        door.send(Method::GET, "csrf", jar.headers(), None).await.map_err(nothing_posted)?;
    jar.take_over(&reply.headers);
    if !reply.status.is_success() {
        return Err(BodhiErrorKind::Unavailable(format!(
            "csrf: {}",
            answer(reply.status.as_u16(), &reply.body)
        )));
    }
    let raw: RawCsrf = shapes::read(&reply.body).map_err(BodhiErrorKind::Unavailable)?;
    Ok(raw.csrf_token)
}

/// A failed read: it changed nothing, so it can be asked again.
pub(super) fn nothing_posted(fault: NoReply) -> BodhiErrorKind {
    BodhiErrorKind::Unavailable(fault.to_string())
}
