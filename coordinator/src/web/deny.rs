//! The deny list over HTTP: what is on it and why, and taking sources off.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ebs_domain::{id::BatchId, policy::Pattern, time::Timestamp};
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    change::{change, fault, refused, unavailable},
    desk::Desk,
};
use crate::{
    store::{DenyRow, MAX_DENIALS},
    wish::Wish,
};

/// What is answered below `/api/v1/denied`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/api/v1/denied", get(shown))
        .route("/api/v1/denied/remove", post(remove))
        .with_state(desk)
}

/// An entry of the deny list, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DenialView {
    /// The component.
    pub component: String,
    /// The exact source.
    pub source: String,
    /// The failure's class.
    pub class: String,
    /// The last lines of the failure.
    pub text: String,
    /// The batch it failed in last, if that was one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchId>,
    /// The task it failed in last.
    pub task: Option<i64>,
    /// When it failed first.
    pub first: Timestamp,
    /// When it failed last.
    pub last: Timestamp,
    /// In how many batches it failed.
    pub count: u32,
    /// Until when it is not built.
    pub expires: Timestamp,
}

impl From<DenyRow> for DenialView {
    fn from(row: DenyRow) -> Self {
        let DenyRow { source, component, class, text, batch, task, first, last, count, expires } =
            row;
        let (source, component) = (source.to_string(), component.to_string());
        Self { component, source, class, text, batch, task, first, last, count, expires }
    }
}

async fn shown(State(desk): State<Desk>) -> Response {
    match desk.store.denials(desk.clock.now(), MAX_DENIALS).await {
        Ok(rows) => {
            Json(rows.into_iter().map(DenialView::from).collect::<Vec<_>>()).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// The body of a request to take sources off the list: exactly one of `source`, `pattern` and `all`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    /// One source, as it stands on the list.
    source: Option<String>,
    /// All whose component or source it hits.
    pattern: Option<String>,
    /// All that is on it: after a mass rebuild, or once another dist tag makes other builds of the same sources.
    #[serde(default)]
    all: bool,
    /// Only says which these are.
    #[serde(default)]
    dry_run: bool,
}

async fn remove(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let ask = serde_json::from_slice::<Ask>(&body);
    let (ask, which) = match ask.map(|ask| (Which::of(&ask), ask)) {
        Ok((Ok(which), ask)) => (ask, which),
        Ok((Err(text), _)) => return fault(StatusCode::BAD_REQUEST, "bad_choice", &text),
        Err(_) => {
            let text = "The body is `{\"reason\": \"…\", \"source\": \"…\"}`, or `pattern`, or `\"all\": true`, in place of `source`; `dry_run` may be true.";
            return fault(StatusCode::BAD_REQUEST, "bad_body", text);
        }
    };
    let rows = match desk.store.denials(desk.clock.now(), MAX_DENIALS).await {
        Ok(rows) => rows.into_iter().filter(|row| which.takes(row)).collect::<Vec<_>>(),
        Err(error) => return unavailable(&error),
    };
    if rows.is_empty() {
        return fault(
            StatusCode::NOT_FOUND,
            "not_denied",
            "Nothing like that is on the deny list.",
        );
    }
    if ask.dry_run {
        let views: Vec<_> = rows.into_iter().map(DenialView::from).collect();
        return Json(serde_json::json!({ "would_remove": views })).into_response();
    }
    let sources = rows.into_iter().map(|row| row.source).collect();
    let wish = Wish::Undeny { what: which.text(), sources };
    change(&desk, &headers, Some(&ask.reason), wish).await
}

/// What goes.
enum Which {
    Source(String),
    Pattern(Pattern),
    All,
}

impl Which {
    fn of(ask: &Ask) -> Result<Self, String> {
        match (&ask.source, &ask.pattern, ask.all) {
            (Some(source), None, false) => Ok(Self::Source(source.clone())),
            (None, Some(pattern), false) => {
                Pattern::new(pattern).map(Self::Pattern).map_err(|fault| fault.to_string())
            }
            (None, None, true) => Ok(Self::All),
            (None, None, false)
            | (Some(_), Some(_), _)
            | (Some(_), None, true)
            | (None, Some(_), true) => {
                Err("Name what goes: one of `source`, `pattern` and `all`.".to_owned())
            }
        }
    }

    /// As it was asked for.
    fn text(self) -> String {
        match self {
            Self::Source(source) => source,
            Self::Pattern(pattern) => pattern.as_str().to_owned(),
            Self::All => "all".to_owned(),
        }
    }

    /// A pattern that gives up takes nothing.
    fn takes(&self, row: &DenyRow) -> bool {
        match self {
            Self::Source(source) => row.source.to_string() == *source,
            Self::Pattern(pattern) => [row.component.as_str(), row.source.to_string().as_str()]
                .iter()
                .any(|text| pattern.hits(text).unwrap_or(false)),
            Self::All => true,
        }
    }
}
