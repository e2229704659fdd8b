//! `POST /api/v1/triggers`: what a person asks to be built, and what becomes of each name.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use ebs_domain::id::{BatchId, RequestId, TagName};
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    change::{asked_for, fault, refused},
    desk::Desk,
};
use crate::{
    manual::{Asking, MAX_NAMES, Verdict, whole::WholeError},
    wish::{SetAside, Wish},
};

/// Most bytes of the line that says what was asked for.
const MAX_WHAT_BYTES: usize = 180;

/// Where triggers are asked for.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) desk: Desk,
    pub(super) asking: Asking,
}

/// What is answered at `/api/v1/triggers`.
pub(super) fn routes(desk: Desk, asking: Asking) -> Router {
    Router::new().route("/api/v1/triggers", post(trigger)).with_state(Counter { desk, asking })
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    /// Names, NVRs or URLs of sources.
    #[serde(default)]
    names: Vec<String>,
    /// All that failed, took too long or was cancelled in this batch.
    failed_in: Option<BatchId>,
    /// The builds of this Bodhi update.
    update: Option<String>,
    /// The builds of this side tag.
    side_tag: Option<TagName>,
    /// Sets the deny list aside.
    #[serde(default)]
    force: bool,
    /// Sets "already built" aside.
    #[serde(default)]
    again: bool,
    /// Only says what would become of each name.
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
    /// Name by name.
    names: Vec<Verdict>,
}

async fn trigger(State(counter): State<Counter>, headers: HeaderMap, body: Bytes) -> Response {
    let Counter { desk, asking } = &counter;
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Ok(ask) = serde_json::from_slice::<Ask>(&body) else {
        let text = "The body is `{\"reason\": \"…\", \"names\": [\"bash\"]}`; `failed_in` (a batch), `update` (its alias), `side_tag`, `force` (past the deny list), `again` (though it is built already) and `dry_run` may be there.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    let names = match all_names(&ask, asking).await {
        Ok(names) => names,
        Err(WholeError::NotThere(text)) => {
            return fault(StatusCode::NOT_FOUND, "not_there", &format!("No: {text}."));
        }
        Err(WholeError::Away(error)) => return unknown(&error),
    };
    if names.is_empty() || names.len() > MAX_NAMES {
        let text = format!("{} names are asked for: from 1 to {MAX_NAMES} are taken.", names.len());
        return fault(StatusCode::BAD_REQUEST, "bad_names", &text);
    }
    let aside = SetAside { denied: ask.force, built: ask.again };
    let verdicts = match asking.judge(&names, aside).await {
        Ok(verdicts) => verdicts,
        Err(error) => return unknown(&error),
    };
    let builds: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.build.clone()).collect();
    if ask.dry_run || builds.is_empty() {
        let result = (!ask.dry_run).then(|| "nothing to build".to_owned());
        return Json(Answered { request: None, result, names: verdicts }).into_response();
    }
    let wish =
        Wish::Trigger { what: line(ask.parts()), builds, force: ask.force, again: ask.again };
    match asked_for(desk, &headers, Some(&ask.reason), wish).await {
        Ok((request, result)) => {
            let code = if result.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
            let answered = Answered { request: Some(request), result, names: verdicts };
            (code, Json(answered)).into_response()
        }
        Err(response) => response,
    }
}

async fn all_names(ask: &Ask, asking: &Asking) -> Result<Vec<String>, WholeError> {
    let mut names = ask.names.clone();
    if let Some(batch) = ask.failed_in {
        names.extend(asking.failed_in(batch).await?);
    }
    if let Some(alias) = &ask.update {
        names.extend(asking.in_update(alias).await?);
    }
    if let Some(tag) = &ask.side_tag {
        names.extend(asking.in_side_tag(tag).await?);
    }
    Ok(names)
}

pub(super) fn unknown(error: &anyhow::Error) -> Response {
    tracing::warn!(error = format!("{error:#}"), "what is asked for cannot be looked up");
    let text = format!("It cannot be looked up now: {error:#}.");
    fault(StatusCode::SERVICE_UNAVAILABLE, "cannot_look", &text)
}

impl Ask {
    /// What was asked for, in words.
    fn parts(&self) -> impl Iterator<Item = String> {
        let failed = self.failed_in.map(|batch| format!("what failed in batch {batch}"));
        let update = self.update.as_ref().map(|alias| format!("the update {alias}"));
        let side_tag = self.side_tag.as_ref().map(|tag| format!("the side tag {tag}"));
        [failed, update, side_tag].into_iter().flatten().chain(self.names.clone())
    }
}

/// What was asked for, in a line of the audit.
pub(super) fn line(parts: impl Iterator<Item = String>) -> String {
    let mut line = parts.collect::<Vec<_>>().join(" ");
    line.retain(|c| !c.is_control());
    line.truncate(line.floor_char_boundary(MAX_WHAT_BYTES));
    line
}
