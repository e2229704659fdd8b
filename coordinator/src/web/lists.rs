//! Package lists over HTTP: how each stands, and a person's word for one that jumps.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ebs_domain::{id::PackageName, time::Timestamp};
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    change::{change, fault, refused, unavailable},
    desk::Desk,
};
use crate::{
    lists,
    store::{ListRow, StoreError, StoreErrorKind},
    wish::Wish,
};

/// Most names that are shown of a jump, each way.
const SHOWN_NAMES: usize = 50;

/// What is answered below `/api/v1/lists`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/v1/lists", get(shown))
        .route("/api/v1/lists/{view}/{source}/confirm", post(confirm))
        .with_state(desk)
}

/// A package list, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListView {
    /// View and source, such as `eln/source`.
    pub name: String,
    /// Names that act.
    pub acting: usize,
    /// Names that act once another fetch has shown them.
    pub waiting: usize,
    /// Names that act and that the newest fetch lacks.
    pub missing: usize,
    /// When the newest fetch that counts was made.
    pub accepted: Option<Timestamp>,
    /// When it was last fetched, or should have been.
    pub tried: Timestamp,
    /// Why that came to nothing, if it did.
    pub fault: Option<String>,
    /// The jump that waits for a person.
    pub held: Option<HeldView>,
}

/// A jump of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldView {
    /// Since when it is held; names it where it is confirmed.
    pub since: Timestamp,
    /// Whether a person has confirmed it: it acts at the next refresh.
    pub confirmed: bool,
    /// How many names would enter.
    pub entering: usize,
    /// How many names would leave.
    pub leaving: usize,
    /// The first of those that would enter.
    pub enter: Vec<PackageName>,
    /// The first of those that would leave.
    pub leave: Vec<PackageName>,
}

impl ListView {
    /// From its row.
    ///
    /// # Errors
    ///
    /// The row cannot be read.
    pub fn of(row: &ListRow) -> Result<Self, StoreError> {
        let list = lists::read(row).map_err(|error| {
            let kind = StoreErrorKind::Broken(format!("{error:#}"));
            StoreError { what: "read a package list", kind }
        })?;
        let held = list.held().map(|held| HeldView {
            since: held.since,
            confirmed: row.confirmed == Some(held.since),
            entering: held.entering,
            leaving: held.leaving,
            enter: held.enters(&list).take(SHOWN_NAMES).cloned().collect(),
            leave: held.leaves(&list).take(SHOWN_NAMES).cloned().collect(),
        });
        let count = list.count();
        Ok(Self {
            name: row.name.clone(),
            acting: count.acting,
            waiting: count.waiting,
            missing: count.missing,
            accepted: list.accepted(),
            tried: row.tried,
            fault: row.fault.clone(),
            held,
        })
    }
}

async fn shown(State(desk): State<Desk>) -> Response {
    let read = desk.store.lists().await;
    let views: Result<Vec<_>, _> = read.and_then(|rows| rows.iter().map(ListView::of).collect());
    match views {
        Ok(views) => Json(views).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The body of a person's word.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    reason: String,
    /// The jump that the person has seen.
    since: Timestamp,
}

async fn confirm(
    State(desk): State<Desk>,
    Path((view, source)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Ok(Word { reason, since }) = serde_json::from_slice(&body) else {
        let text = "The body is `{\"reason\": \"…\", \"since\": 1795348800000}`: since when the jump is held that you have seen.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    let list = format!("{view}/{source}");
    match is_held(&desk, &list, since).await {
        Ok(true) => change(&desk, &headers, Some(&reason), Wish::ConfirmList { list, since }).await,
        Ok(false) => {
            let text = "No list of this name is held since then: see `GET /api/v1/lists`.";
            fault(StatusCode::CONFLICT, "not_held", text)
        }
        Err(error) => unavailable(&error),
    }
}

/// Whether this list is held since then.
async fn is_held(desk: &Desk, list: &str, since: Timestamp) -> Result<bool, StoreError> {
    let rows = desk.store.lists().await?;
    let row = rows.iter().find(|row| row.name == list);
    let held = row.map(ListView::of).transpose()?.and_then(|view| view.held);
    Ok(held.is_some_and(|held| held.since == since))
}
