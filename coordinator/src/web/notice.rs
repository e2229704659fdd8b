//! Answers for browsers: a page of one sentence, and being sent on.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// A sentence where a page was expected.
#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page of one sentence.
pub(super) fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    html(status, &Notice { title, text })
}

/// A page.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "page not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends a browser on, with cookies given or taken.
pub(super) fn redirect<const N: usize>(to: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    let Ok(to) = HeaderValue::try_from(to) else { return elsewhere() };
    let mut response = (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// There is no login.
pub(super) fn off() -> Response {
    let text = "Nobody logs in here: the configuration names no identity provider, or not how to log in at it (`ebs.login`).";
    notice(StatusCode::NOT_FOUND, "There is no login", text)
}

/// It would be another site.
pub(super) fn elsewhere() -> Response {
    let text = "`return_to` must be a path of this site, such as `/trigger`.";
    notice(StatusCode::BAD_REQUEST, "That is not here", text)
}
