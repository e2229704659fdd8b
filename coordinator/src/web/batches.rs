//! What operators ask of a batch that has not ended, over HTTP. Each is judged from the store first, so any instance says why not.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use ebs_domain::{
    batch::{Batch, Operation},
    id::BatchId,
};
use ebs_shared::token::Scope;
use serde::Deserialize;

use super::{
    change::{change, fault, refused, unavailable},
    desk::Desk,
};
use crate::{stored, wish::Wish};

/// What is answered below `/api/v1/batches`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new().route("/api/v1/batches/{batch}/{operation}", post(operate)).with_state(desk)
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    /// Which component, by either name; not for `abort`.
    component: Option<String>,
    /// For `abort`: whether its triggers wait again.
    #[serde(default)]
    requeue: bool,
    /// Only says what would become of it.
    #[serde(default)]
    dry_run: bool,
}

async fn operate(
    State(desk): State<Desk>,
    Path((batch, verb)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Ok(id) = batch.parse().map(BatchId::new) else {
        let text = "A batch is named by its number, as `ebsctl status` shows it.";
        return fault(StatusCode::BAD_REQUEST, "bad_name", text);
    };
    let Ok(ask) = serde_json::from_slice::<Ask>(&body) else {
        let text = "The body is `{\"reason\": \"…\"}`, with `component` for `drop`, `fail` and `detach`; `requeue`, for `abort`, and `dry_run` may be true.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    let row = match desk.store.batch(id).await {
        Ok(row) => row.filter(|row| row.ended.is_none()),
        Err(error) => return unavailable(&error),
    };
    let Some(row) = row else {
        let text = format!("Batch {id} does not run: `ebsctl status` shows the one that does.");
        return fault(StatusCode::NOT_FOUND, "not_there", &text);
    };
    let batch = match stored::batch(&*desk.store, &row).await {
        Ok(batch) => batch,
        Err(error) => return unavailable(&error),
    };
    let operation = match operation(&verb, &ask, &batch) {
        Ok(operation) => operation,
        Err((status, code, text)) => return fault(status, code, &text),
    };
    let would = match batch.foresee(&operation) {
        Ok(would) => would,
        Err(why) => return fault(StatusCode::CONFLICT, "refused", &format!("No: {why}.")),
    };
    if ask.dry_run {
        return Json(serde_json::json!({ "would": would })).into_response();
    }
    change(&desk, &headers, Some(&ask.reason), Wish::on_batch(id, operation)).await
}

/// Why something is not asked for: status, code and sentence.
type Bad = (StatusCode, &'static str, String);

/// What is asked for.
fn operation(verb: &str, ask: &Ask, batch: &Batch) -> Result<Operation, Bad> {
    let bad = |text: &str| Err((StatusCode::BAD_REQUEST, "bad_body", text.to_owned()));
    let requeue = ask.requeue;
    match (verb, &ask.component) {
        ("abort", None) => return Ok(Operation::Abort { requeue }),
        ("abort", Some(_)) => return bad("`abort` ends the whole batch: it takes no `component`."),
        ("drop" | "fail" | "detach", None) => return bad("Name the `component`."),
        ("drop" | "fail" | "detach", Some(_)) if requeue => {
            return bad("`requeue` is for `abort` alone.");
        }
        ("drop" | "fail" | "detach", Some(_)) => {}
        (_, _) => {
            let text = "A batch can be told `abort`, `drop`, `fail` and `detach`.".to_owned();
            return Err((StatusCode::NOT_FOUND, "not_there", text));
        }
    }
    let name = ask.component.as_deref().unwrap_or_default().trim();
    let component = batch.member_named(name).cloned().ok_or_else(|| {
        let text = format!("There is no such component in batch {}: {name}.", batch.id);
        (StatusCode::NOT_FOUND, "not_there", text)
    })?;
    Ok(match verb {
        "fail" => Operation::Fail { component },
        "detach" => Operation::Detach { component },
        _ => Operation::Drop { component },
    })
}
