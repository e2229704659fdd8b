//! What is changed over HTTP: jobs that were set aside. Beside that, what is shown for itself: what belongs to nobody. Each
//! change needs a token and a reason, and stands in the audit.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ebs_domain::{id::RequestId, time::Timestamp};
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    batches,
    change::{change, refused, unavailable},
    deny,
    desk::Desk,
    groups, lists, pause, reconcile, shadow,
    view::{DeadView, OrphanView},
};
use crate::{
    store::{AuditRow, MAX_DEAD_LETTERS, MAX_ORPHANS},
    wish::Wish,
};

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
        .merge(batches::routes(desk.clone()))
        .merge(deny::routes(desk.clone()))
        .merge(groups::routes(desk.clone()))
        .merge(lists::routes(desk.clone()))
        .merge(reconcile::routes(desk.clone()))
        .merge(shadow::routes(desk.clone()))
        .merge(pause::routes(desk))
}

/// The body of a request for a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
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

#[cfg(test)]
mod tests;
