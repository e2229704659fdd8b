//! Decisions on held groups over HTTP: retried or discarded. Each is judged from the store first, so any instance says why not.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use ebs_domain::{
    batch::{Decision, Group, Undecided},
    id::BatchId,
};
use ebs_shared::token::Scope;
use serde::Deserialize;

use super::{
    change::{change, fault, refused, unavailable},
    desk::Desk,
};
use crate::{
    store::{Store, StoreError},
    stored,
    wish::Wish,
};

/// What is answered below `/api/v1/batches`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/v1/batches/{batch}/groups/{group}/retry", post(retry))
        .route("/api/v1/batches/{batch}/groups/{group}/discard", post(discard))
        .with_state(desk)
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    /// Only says what would become of it.
    #[serde(default)]
    dry_run: bool,
}

async fn retry(
    State(desk): State<Desk>,
    Path(which): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    decide(&desk, &which, Decision::Retry, &headers, &body).await
}

async fn discard(
    State(desk): State<Desk>,
    Path(which): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    decide(&desk, &which, Decision::Discard, &headers, &body).await
}

async fn decide(
    desk: &Desk,
    (batch, group): &(String, String),
    decision: Decision,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    if let Err(refusal) = desk.admit(headers, Scope::Operate).await {
        return refused(refusal);
    }
    let (Ok(batch), Ok(number)) = (batch.parse().map(BatchId::new), group.parse()) else {
        let text = "A batch and a group are named by their numbers, as `ebsctl status` shows them.";
        return fault(StatusCode::BAD_REQUEST, "bad_name", text);
    };
    let Ok(ask) = serde_json::from_slice::<Ask>(body) else {
        let text = "The body is `{\"reason\": \"…\"}`; `dry_run` may be true.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    let judged = match judge(&*desk.store, batch, number, decision).await {
        Ok(judged) => judged,
        Err(error) => return unavailable(&error),
    };
    let would = match judged {
        Ok(would) => would,
        Err(undecided) => {
            let code = match undecided {
                Undecided::NoGroup { .. } => StatusCode::NOT_FOUND,
                Undecided::NotHeld { .. }
                | Undecided::NotNow { .. }
                | Undecided::Stopped { .. } => StatusCode::CONFLICT,
            };
            return fault(code, "refused", &undecided.to_string());
        }
    };
    if ask.dry_run {
        return Json(serde_json::json!({ "would": would })).into_response();
    }
    change(desk, headers, Some(&ask.reason), Wish::on_group(batch, number, decision)).await
}

/// What the leader would do, in a sentence, or why it would not.
async fn judge(
    store: &dyn Store,
    id: BatchId,
    number: u32,
    decision: Decision,
) -> Result<Result<String, Undecided>, StoreError> {
    let nobody = Undecided::NoGroup { batch: id, group: number };
    let Some(row) = store.batch(id).await? else { return Ok(Err(nobody)) };
    let batch = stored::batch(store, &row).await?;
    Ok(batch.judge(number, decision).map(|()| {
        let group = batch.groups.get(&number);
        let builds = group.map_or(0, |group| group.packed.len());
        let tag = group.and_then(Group::tag).map(ToString::to_string).unwrap_or_default();
        match decision {
            Decision::Retry => {
                format!("an update of {builds} builds is made from {tag}, unless there is one")
            }
            Decision::Discard => {
                format!(
                    "{tag} is removed and its {builds} builds are left out, unless there is an update from it"
                )
            }
        }
    }))
}
