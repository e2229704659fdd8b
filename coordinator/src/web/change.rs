//! The way of every change that is asked for over HTTP: let in, checked, stored for the leader, answered. Does *not* know what
//! can be asked.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ebs_domain::id::RequestId;
use ebs_shared::token::Scope;
use serde::Serialize;

use super::{
    desk::{Desk, MAX_REASON, reason},
    gate::Refusal,
};
use crate::{report::chain, store::StoreError, wish::Wish};

/// The longest name of a thing that is to be changed, such as a job's id, in bytes.
const MAX_SUBJECT_BYTES: usize = 200;

/// What became of a request.
#[derive(Serialize)]
struct Answered {
    /// Its number, also in the audit.
    request: RequestId,
    /// `done`; absent while the leader has not answered.
    result: Option<String>,
}

/// Lets in, checks, stores, waits a while, and says what came of it.
pub(super) async fn change(
    desk: &Desk,
    headers: &HeaderMap,
    why: Option<&str>,
    wish: Wish,
) -> Response {
    match asked_for(desk, headers, why, wish).await {
        // Without a result it is stored: the leader answers it when there is one, and the audit tells.
        Ok((request, result)) => {
            let code = if result.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
            (code, Json(Answered { request, result })).into_response()
        }
        Err(response) => response,
    }
}

/// The same; what came of it, if the leader has answered already.
///
/// # Errors
///
/// The answer to one that is not let in, not taken, or refused by the leader.
pub(super) async fn asked_for(
    desk: &Desk,
    headers: &HeaderMap,
    why: Option<&str>,
    wish: Wish,
) -> Result<(RequestId, Option<String>), Response> {
    let who = desk.admit(headers, Scope::Operate).await.map_err(refused)?;
    if wish.subject().len() > MAX_SUBJECT_BYTES || wish.subject().chars().any(char::is_control) {
        let text = "There is nothing of this name.";
        return Err(fault(StatusCode::BAD_REQUEST, "bad_name", text));
    }
    let Some(why) = why.and_then(reason) else {
        let more = wish.body();
        let text = format!(
            "Say why: the body is `{{\"reason\": \"…\"{more}}}`, a reason of 1 to {MAX_REASON} characters in one line."
        );
        return Err(fault(StatusCode::BAD_REQUEST, "reason_needed", &text));
    };
    let request = match desk.ask(&who, wish, why).await {
        Ok(Some(request)) => request,
        Ok(None) => {
            let text = "Too many requests wait for the leader: see whether there is one.";
            return Err(fault(StatusCode::SERVICE_UNAVAILABLE, "too_many_requests", text));
        }
        Err(error) => return Err(unavailable(&error)),
    };
    let result = desk.answer(request).await.unwrap_or(None);
    match result.as_deref().and_then(|result| result.strip_prefix("refused: ")) {
        Some(why) => Err(fault(StatusCode::CONFLICT, "refused", why)),
        None => Ok((request, result)),
    }
}

pub(super) fn refused(refusal: Refusal) -> Response {
    let mut response = fault(refusal.status(), refusal.code(), &refusal.text());
    if refusal.status() == StatusCode::UNAUTHORIZED {
        let way = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, way);
    }
    response
}

pub(super) fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(error = chain(error), "a request is not served");
    fault(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "The database does not answer.")
}

/// An error: a stable code for machines, and a sentence for people.
pub(super) fn fault(status: StatusCode, code: &str, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": code, "text": text }))).into_response()
}
