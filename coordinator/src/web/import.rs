//! `POST /api/v1/import`: what was open in the service before this one, and what becomes of each row.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use ebs_domain::id::RequestId;
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    change::{asked_for, fault, refused},
    desk::Desk,
    triggers::{Counter, unknown},
};
use crate::{
    manual::{
        Asking,
        import::{FailedRow, Judged, MAX_ROWS, RowVerdict, WaitingRow},
    },
    wish::Wish,
};

/// What is answered at `/api/v1/import`.
pub(super) fn routes(desk: Desk, asking: Asking) -> Router {
    Router::new().route("/api/v1/import", post(import)).with_state(Counter { desk, asking })
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    /// What waited there.
    #[serde(default)]
    triggers: Vec<WaitingRow>,
    /// What was not built there any more.
    #[serde(default)]
    denied: Vec<FailedRow>,
    /// Only says what would become of each row.
    #[serde(default)]
    dry_run: bool,
}

/// What became of it.
#[derive(Serialize)]
struct Answered {
    /// The request's number, also in the audit; none if nothing was asked of the leader.
    request: Option<RequestId>,
    /// `done`; absent while the leader has not answered.
    result: Option<String>,
    /// Row by row.
    triggers: Vec<RowVerdict>,
    /// Row by row.
    denied: Vec<RowVerdict>,
}

async fn import(State(counter): State<Counter>, headers: HeaderMap, body: Bytes) -> Response {
    let Counter { desk, asking } = &counter;
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Ok(ask) = serde_json::from_slice::<Ask>(&body) else {
        let text = "The body is `{\"reason\": \"…\", \"triggers\": [{\"component\": \"bash\", \"build\": 1, \"created\": 1795348800000}], \"denied\": [{\"source\": \"…\", \"created\": 1795348800000}]}`, times in ms since 1970; `dry_run` may be true.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    let rows = ask.triggers.len() + ask.denied.len();
    if rows == 0 || rows > MAX_ROWS {
        let text = format!(
            "There are {rows} rows: from 1 to {MAX_ROWS} are taken, more in several requests."
        );
        return fault(StatusCode::BAD_REQUEST, "bad_rows", &text);
    }
    let Judged { triggers, denied, waited, failed } =
        match asking.judge_rows(&ask.triggers, &ask.denied).await {
            Ok(judged) => judged,
            Err(error) => return unknown(&error),
        };
    if ask.dry_run || waited.is_empty() && failed.is_empty() {
        let result = (!ask.dry_run).then(|| "nothing to take over".to_owned());
        return Json(Answered { request: None, result, triggers, denied }).into_response();
    }
    let what = format!("triggers: {}, denied sources: {}", waited.len(), failed.len());
    let wish = Wish::Import { what, triggers: waited, denied: failed };
    match asked_for(desk, &headers, Some(&ask.reason), wish).await {
        Ok((request, result)) => {
            let code = if result.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
            let answered = Answered { request: Some(request), result, triggers, denied };
            (code, Json(answered)).into_response()
        }
        Err(response) => response,
    }
}
