//! Pausing over HTTP: no new batch begins; what is under way goes on, and triggers are stored as ever. Beside it, what a
//! person asks for with a reason alone: reading the configuration anew.

use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use ebs_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{change::change, desk::Desk};
use crate::{
    awaited::{AWAITED, Awaited},
    pause::{OperatorPause, PAUSE},
    store::{Store, StoreError, StoreErrorKind},
    wish::Wish,
};

/// What is answered below `/api/v1`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/v1/pause", post(pause))
        .route("/api/v1/unpause", post(unpause))
        .route("/api/v1/refresh", post(refresh))
        .with_state(desk)
}

/// Why no new batch begins: one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseView {
    /// `configuration` or `operator`.
    pub source: &'static str,
    /// Who, if it was a person.
    pub who: Option<String>,
    /// Why, in a person's words.
    pub why: Option<String>,
    /// Since when, as far as is known.
    pub since: Option<Timestamp>,
    /// Until when; without one until somebody ends it.
    pub until: Option<Timestamp>,
}

impl PauseView {
    /// The pause of the configuration.
    #[must_use]
    pub fn of_configuration() -> Self {
        Self { source: "configuration", who: None, why: None, since: None, until: None }
    }

    /// A person's pause.
    #[must_use]
    pub fn of_operator(pause: OperatorPause) -> Self {
        let OperatorPause { who, why, since, until, .. } = pause;
        Self { source: "operator", who: Some(who), why: Some(why), since: Some(since), until }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let Some(who) = &self.who else { return "The configuration says so.".to_owned() };
        let since = self.since.map(|since| format!(" since {since}")).unwrap_or_default();
        let until = self.until.map(|until| format!(" until {until}")).unwrap_or_default();
        let why = self.why.as_deref().unwrap_or_default();
        format!("{who} says so{since}{until}: {why}")
    }
}

/// Why no new batch begins at this moment, by source; `configured` says whether the configuration pauses. The same on any
/// instance.
///
/// # Errors
///
/// The store does not answer, or the pause in it cannot be read.
pub async fn pauses(
    store: &dyn Store,
    configured: bool,
    now: Timestamp,
) -> Result<Vec<PauseView>, StoreError> {
    let stored = store.mark(PAUSE).await?;
    let operator = OperatorPause::read(stored.as_deref()).map_err(|error| {
        let kind = StoreErrorKind::Broken(format!("{error:#}"));
        StoreError { what: "read the pause", kind }
    })?;
    let operator = operator.filter(|pause| pause.holds(now)).map(PauseView::of_operator);
    Ok(configured.then(PauseView::of_configuration).into_iter().chain(operator).collect())
}

/// The builds that the next batch waits for, in sentences. The same on any instance.
///
/// # Errors
///
/// The store does not answer, or what is stored cannot be read.
pub async fn awaited(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let text = store.mark(AWAITED).await?;
    let awaited = Awaited::read(text.as_deref()).map_err(|error| StoreError {
        what: "read what the next batch waits for",
        kind: StoreErrorKind::Broken(format!("{error:#}")),
    })?;
    Ok(awaited.iter().flat_map(Awaited::words).collect())
}

/// The body of a request for a pause.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    until: Option<Timestamp>,
}

async fn pause(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let ask = serde_json::from_slice::<Ask>(&body).ok();
    let until = ask.as_ref().and_then(|ask| ask.until);
    let why = ask.as_ref().map(|ask| ask.reason.as_str());
    change(&desk, &headers, why, Wish::Pause { until }).await
}

async fn unpause(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    change(&desk, &headers, reason_alone(&body).as_deref(), Wish::Unpause).await
}

async fn refresh(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    change(&desk, &headers, reason_alone(&body).as_deref(), Wish::Refresh).await
}

/// The reason in a body that says nothing else.
fn reason_alone(body: &[u8]) -> Option<String> {
    let ask = serde_json::from_slice::<Ask>(body).ok().filter(|ask| ask.until.is_none());
    ask.map(|ask| ask.reason)
}

#[cfg(test)]
mod tests;
