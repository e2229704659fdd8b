//! What is changed over HTTP: jobs that were set aside. Beside that, what is shown for itself: what belongs to nobody. Each
//! change needs a token and a reason, and stands in the audit.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ebs_domain::{id::RequestId, time::Timestamp};
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    desk::{Desk, MAX_REASON, reason},
    gate::Refusal,
    lists,
    view::{DeadView, OrphanView},
};
use crate::{
    report::chain,
    store::{AuditRow, MAX_DEAD_LETTERS, MAX_ORPHANS, StoreError},
    wish::Wish,
};

/// The longest name of a thing that is to be changed, such as a job's id, in bytes.
const MAX_SUBJECT_BYTES: usize = 200;

/// Most entries of the audit that are shown.
const SHOWN_AUDIT: u32 = 200;

/// What is answered below `/api`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/dead", get(dead))
        .route("/api/dead/{job}/redrive", post(redrive))
        .route("/api/dead/{job}/give-up", post(give_up))
        .route("/api/orphans", get(orphans))
        .route("/api/audit", get(audit))
        .with_state(desk.clone())
        .merge(lists::routes(desk))
}

/// The body of a request for a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
}

/// What became of a request.
#[derive(Serialize)]
struct Answered {
    /// Its number, also in the audit.
    request: RequestId,
    /// `done`; absent while the leader has not answered.
    result: Option<String>,
}

/// An entry of the audit, as shown.
#[derive(Serialize)]
struct AuditView {
    request: RequestId,
    who: String,
    asked: Timestamp,
    action: String,
    subject: String,
    why: String,
    done: Option<Timestamp>,
    result: Option<String>,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        let AuditRow { id, who, asked, action, subject, why, done, result } = row;
        Self { request: id, who, asked, action, subject, why, done, result }
    }
}

async fn dead(State(desk): State<Desk>) -> Response {
    match desk.store.dead_letters(MAX_DEAD_LETTERS).await {
        Ok(rows) => Json(rows.into_iter().map(DeadView::from).collect::<Vec<_>>()).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn orphans(State(desk): State<Desk>) -> Response {
    match desk.store.orphans(MAX_ORPHANS).await {
        Ok(rows) => {
            Json(rows.into_iter().map(OrphanView::from).collect::<Vec<_>>()).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

async fn audit(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if let Err(refusal) = desk.admit(&headers, Scope::Read).await {
        return refused(refusal);
    }
    match desk.audit(SHOWN_AUDIT).await {
        Ok(rows) => Json(rows.into_iter().map(AuditView::from).collect::<Vec<_>>()).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn redrive(
    State(desk): State<Desk>,
    Path(job): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    change(&desk, &headers, asked(&body).as_deref(), Wish::Redrive { job }).await
}

async fn give_up(
    State(desk): State<Desk>,
    Path(job): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    change(&desk, &headers, asked(&body).as_deref(), Wish::GiveUp { job }).await
}

/// The reason in a body that says nothing else.
fn asked(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Ask>(body).ok().map(|ask| ask.reason)
}

/// Lets in, checks, stores, waits: the way of every change.
pub(super) async fn change(
    desk: &Desk,
    headers: &HeaderMap,
    why: Option<&str>,
    wish: Wish,
) -> Response {
    let who = match desk.admit(headers, Scope::Operate).await {
        Ok(who) => who,
        Err(refusal) => return refused(refusal),
    };
    if wish.subject().len() > MAX_SUBJECT_BYTES || wish.subject().chars().any(char::is_control) {
        return fault(StatusCode::BAD_REQUEST, "bad_name", "There is nothing of this name.");
    }
    let Some(why) = why.and_then(reason) else {
        let more = wish.body();
        let text = format!(
            "Say why: the body is `{{\"reason\": \"…\"{more}}}`, a reason of 1 to {MAX_REASON} characters in one line."
        );
        return fault(StatusCode::BAD_REQUEST, "reason_needed", &text);
    };
    let request = match desk.ask(&who, wish, why).await {
        Ok(Some(request)) => request,
        Ok(None) => {
            let text = "Too many requests wait for the leader: see whether there is one.";
            return fault(StatusCode::SERVICE_UNAVAILABLE, "too_many_requests", text);
        }
        Err(error) => return unavailable(&error),
    };
    match desk.answer(request).await {
        Ok(Some(result)) => match result.strip_prefix("refused: ") {
            Some(why) => fault(StatusCode::CONFLICT, "refused", why),
            None => Json(Answered { request, result: Some(result) }).into_response(),
        },
        // It is stored: the leader answers it when there is one, and the audit tells.
        Ok(None) | Err(_) => {
            (StatusCode::ACCEPTED, Json(Answered { request, result: None })).into_response()
        }
    }
}

fn refused(refusal: Refusal) -> Response {
    let mut response = fault(refusal.status(), refusal.code(), refusal.text());
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
fn fault(status: StatusCode, code: &str, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": code, "text": text }))).into_response()
}

#[cfg(test)]
mod tests;
