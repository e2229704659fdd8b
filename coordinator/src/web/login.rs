//! Logging in and out in a browser: to the identity provider, back with a session, and out. Knows no page behind the login.
//!
//! **Source:** ELNBuildSync 2.1 has these addresses and codes.

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use serde::Deserialize;

use super::{
    desk::Desk,
    notice::{elsewhere, notice, off, redirect},
    visit::Cookie,
};
use crate::{
    login::{Came, InvalidReturn, LoginError, People, ReturnTo},
    report::chain,
};

/// What is answered about logging in.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/login", get(login))
        .route("/oidc/callback", get(callback))
        .route("/logout", get(logout))
        .with_state(desk)
}

#[derive(Deserialize)]
struct Asked {
    return_to: Option<String>,
}

impl Asked {
    /// Where it ends: the page, if nothing else is asked for.
    fn return_to(&self) -> Result<ReturnTo, InvalidReturn> {
        self.return_to.as_deref().map_or_else(|| Ok(ReturnTo::default()), str::parse)
    }
}

/// What the provider sends people back with.
#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

async fn login(
    State(desk): State<Desk>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let Some(people) = &desk.people else { return off() };
    let Ok(return_to) = asked.return_to() else { return elsewhere() };
    let secure = people.is_secure();
    match people.begin(Cookie::Login.read(&headers, secure), return_to).await {
        Ok(begun) => redirect(begun.address.as_str(), [Cookie::Login.set(&begun.browser, secure)]),
        Err(error) => failed(&error),
    }
}

async fn callback(
    State(desk): State<Desk>,
    Query(back): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let Some(people) = &desk.people else { return off() };
    let browser = Cookie::Login.read(&headers, people.is_secure());
    let Back { state, code, error } = &back;
    if let Some(error) = error {
        let state = state.as_deref().unwrap_or_default();
        return failed(&people.denied(state, browser, error).await);
    }
    let (Some(state), Some(code)) = (state, code) else { return failed(&LoginError::Unknown) };
    match people.finish((state, code), browser).await {
        Ok(came) => welcome(people, &came, &headers).await,
        Err(error) => failed(&error),
    }
}

/// Gives the session to the browser, in the place of an older one.
async fn welcome(people: &People, came: &Came, headers: &HeaderMap) -> Response {
    let secure = people.is_secure();
    if let Some(older) = Cookie::Session.read(headers, secure)
        && let Err(error) = people.end(older).await
    {
        tracing::warn!(error = chain(&error), "an older session lasts until its end");
    }
    tracing::info!("somebody has logged in");
    let cookies = [Cookie::Session.set(&came.session, secure), Cookie::Login.clear(secure)];
    redirect(came.return_to.as_str(), cookies)
}

async fn logout(
    State(desk): State<Desk>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let Some(people) = &desk.people else { return off() };
    let Ok(return_to) = asked.return_to() else { return elsewhere() };
    let secure = people.is_secure();
    if let Some(id) = Cookie::Session.read(&headers, secure)
        && let Err(error) = people.end(id).await
    {
        // The cookie stays, so that it can be tried again.
        return failed(&error.into());
    }
    redirect(return_to.as_str(), [Cookie::Session.clear(secure)])
}

fn failed(error: &LoginError) -> Response {
    tracing::warn!(error = chain(error), "nobody has logged in");
    let away = "The server that keeps them does not answer, or has no room. Try again later; tokens are taken all the same.";
    let (status, title, text) = match error {
        LoginError::Full | LoginError::Away(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Logins cannot be kept now", away)
        }
        LoginError::Unknown => (
            StatusCode::BAD_REQUEST,
            "This login is not under way",
            "It was ended already, took longer than ten minutes, or began in another browser. Log in again.",
        ),
        LoginError::Denied(word) => {
            let text = format!("The identity provider says `{word}`. You can log in again.");
            return notice(StatusCode::UNAUTHORIZED, "You have not logged in", &text);
        }
        LoginError::Provider(_) | LoginError::Name => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Who you are could not be learned",
            "The identity provider does not answer as it should; the coordinator's log says more. Log in again later.",
        ),
    };
    notice(status, title, text)
}
