//! `/control/pause` and `/control/unpause` as users of the Python service know them. Ours last over a restart.
//!
//! **Source:** ELNBuildSync 2.1.

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use ebs_shared::token::Scope;

use super::{
    change::{asked_for, fault, refused, unavailable},
    desk::Desk,
    greeting::{Asked, admitted},
    notice::notice,
    pause::pauses,
    triggers::Counter,
};
use crate::{manual::Asking, wish::Wish};

/// What stands in the audit: the Python service's clients give no reason.
const REASON: &str = "asked by POST /control, which takes no reason";

/// What is answered below `/control`.
pub(super) fn routes(desk: Desk, asking: Asking) -> Router {
    let counter = Counter { desk, asking };
    Router::new().route("/control/{action}", get(show).post(act)).with_state(counter)
}

/// The wish, and what is said once it is done.
fn known(action: &str) -> Option<(Wish, &'static str)> {
    match action {
        "pause" => Some((Wish::Pause { until: None }, "Paused: no new batch begins.\n")),
        "unpause" => Some((Wish::Unpause, "Not paused by an operator any more.\n")),
        _ => None,
    }
}

async fn show(
    State(counter): State<Counter>,
    uri: Uri,
    Path(action): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let admitted = match admitted(&counter.desk, &headers, &uri).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    if known(&action).is_none() {
        let text = "There are `/control/pause` and `/control/unpause`.";
        return notice(StatusCode::NOT_FOUND, "There is no such control", text);
    }
    let Some(snapshot) = counter.asking.board.in_use() else {
        let text = "The configuration has not been read yet: ask again later.";
        return notice(StatusCode::SERVICE_UNAVAILABLE, "There is no configuration", text);
    };
    let (desk, configured) = (&counter.desk, snapshot.paused);
    let facts = match pauses(&*desk.store, configured, desk.clock.now()).await {
        Ok(pauses) if pauses.is_empty() => vec!["Not paused: batches begin.".to_owned()],
        Ok(pauses) => pauses.iter().map(|pause| format!("Paused. {}", pause.words())).collect(),
        Err(error) => return unavailable(&error),
    };
    admitted.page(("Pause", &format!("/control/{action}")), &facts, "", &asked)
}

async fn act(
    State(counter): State<Counter>,
    Path(action): Path<String>,
    headers: HeaderMap,
) -> Response {
    let desk = &counter.desk;
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Some((wish, done)) = known(&action) else {
        let text = "There are `/control/pause` and `/control/unpause`.";
        return fault(StatusCode::NOT_FOUND, "not_there", text);
    };
    if counter.asking.board.in_use().is_none() {
        let text = "The configuration has not been read yet: ask again later.";
        return fault(StatusCode::SERVICE_UNAVAILABLE, "no_configuration", text);
    }
    match asked_for(desk, &headers, Some(REASON), wish).await {
        Ok((_, Some(_))) => (StatusCode::OK, done).into_response(),
        Ok((_, None)) => {
            (StatusCode::ACCEPTED, "Asked for: the leader has not answered yet.\n").into_response()
        }
        Err(response) => response,
    }
}
