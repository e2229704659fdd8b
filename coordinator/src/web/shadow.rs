//! What shadow mode has compared, over HTTP, on any instance.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};

use super::{change::unavailable, desk::Desk};
use crate::{
    shadow::Report,
    store::{Store, StoreError, StoreErrorKind},
};

/// What is answered at `/api/v1/shadow`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new().route("/api/v1/shadow", get(shown)).with_state(desk)
}

/// The last comparison; nothing of a service that builds.
///
/// # Errors
///
/// The store does not answer, or what is stored cannot be read.
pub async fn shadow_report(store: &dyn Store) -> Result<Option<Report>, StoreError> {
    Report::read(store).await.map_err(|error| {
        let kind = StoreErrorKind::Broken(format!("{error:#}"));
        StoreError { what: "read what shadow mode has compared", kind }
    })
}

async fn shown(State(desk): State<Desk>) -> Response {
    match shadow_report(&*desk.store).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => unavailable(&error),
    }
}
