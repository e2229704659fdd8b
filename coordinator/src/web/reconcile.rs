//! Reconcile over HTTP: what was found last, on any instance, and asking for a run. The leader runs it; its report is read here
//! once it is there.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use ebs_domain::time::Timestamp;
use ebs_shared::token::Scope;
use serde::{Deserialize, Serialize};

use super::{
    change::{change, fault, refused, unavailable},
    desk::Desk,
};
use crate::{
    findings::{Counts, Demand, Finding, Found, Mode, Report},
    store::{Store, StoreError, StoreErrorKind},
    wish::Wish,
};

/// Most findings on the page.
const SHOWN: usize = 20;

/// What is answered at `/api/v1/reconcile`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new().route("/api/v1/reconcile", get(shown).post(run)).with_state(desk)
}

/// What was found last.
#[derive(Serialize)]
struct Shown {
    /// By a run that triggers.
    last: Report,
    /// By one that only says what it would trigger.
    dry_run: Report,
    /// What a person has asked for and has not got yet.
    asked: Vec<Demand>,
}

/// What was found last, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReconcileView {
    /// When the tags were compared.
    pub at: Option<Timestamp>,
    /// Who asked for it, if it was not the time for it.
    pub asked: Option<String>,
    /// When they are compared again at the latest; absent while that is only done when somebody asks, or never was.
    pub next: Option<Timestamp>,
    /// How many components stand how.
    pub counts: Counts,
    /// How many builds in ELN nobody wants; unknown while that is in doubt.
    pub not_wanted: Option<usize>,
    /// What becomes of what ELN lacks, by word of its fate.
    pub fates: BTreeMap<&'static str, usize>,
    /// How many of these wait for a person.
    pub kept_back: usize,
    /// Why nothing was triggered, in sentences.
    pub held: Vec<String>,
    /// What ELN lacks, the longest waiting first: the first of it.
    pub findings: Vec<Finding>,
    /// Since when no look has come to anything.
    pub failing_since: Option<Timestamp>,
    /// Why.
    pub fault: Option<String>,
}

impl ReconcileView {
    /// The report of the last run that triggers; nothing if there never was one. The same on any instance. `every` is the span
    /// between two runs; zero: only when a person asks.
    ///
    /// # Errors
    ///
    /// The store does not answer, or what is stored cannot be read.
    pub async fn read(store: &dyn Store, every: Duration) -> Result<Option<Self>, StoreError> {
        let Report { found, fault, .. } = report(store, Mode::Real).await?;
        if found.is_none() && fault.is_none() {
            return Ok(None);
        }
        let (failing_since, fault) = fault.map(|it| (it.since, it.why)).unzip();
        let mut view = found.map_or_else(Self::nothing, Self::of);
        // Early by some chance, late only after a look that came to nothing, which is told.
        view.next = view.at.filter(|_| !every.is_zero()).map(|at| at + every);
        (view.failing_since, view.fault) = (failing_since, fault);
        Ok(Some(view))
    }

    fn of(found: Found) -> Self {
        let (fates, kept_back) = (found.fates(), found.kept_back());
        Self {
            at: Some(found.at),
            asked: found.asked.map(|demand| demand.who),
            next: None,
            counts: found.counts,
            not_wanted: found.not_wanted.as_ref().map(Vec::len),
            fates,
            kept_back,
            held: found.held,
            findings: found.findings.into_iter().take(SHOWN).collect(),
            failing_since: None,
            fault: None,
        }
    }

    fn nothing() -> Self {
        Self {
            at: None,
            asked: None,
            next: None,
            counts: Counts::default(),
            not_wanted: None,
            fates: BTreeMap::new(),
            kept_back: 0,
            held: Vec::new(),
            findings: Vec::new(),
            failing_since: None,
            fault: None,
        }
    }
}

/// The last report of this mode.
///
/// # Errors
///
/// The store does not answer, or what is stored cannot be read.
pub(super) async fn report(store: &dyn Store, mode: Mode) -> Result<Report, StoreError> {
    Report::read(store, mode).await.map_err(|error| broken(&error))
}

fn broken(error: &anyhow::Error) -> StoreError {
    let kind = StoreErrorKind::Broken(format!("{error:#}"));
    StoreError { what: "read what reconcile has found", kind }
}

async fn shown(State(desk): State<Desk>) -> Response {
    match all(&*desk.store).await {
        Ok(shown) => Json(shown).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn all(store: &dyn Store) -> Result<Shown, StoreError> {
    let mut asked = Vec::new();
    for mode in [Mode::Real, Mode::Dry] {
        asked.extend(Demand::read(store, mode).await.map_err(|error| broken(&error))?);
    }
    let (last, dry_run) = (report(store, Mode::Real).await?, report(store, Mode::Dry).await?);
    Ok(Shown { last, dry_run, asked })
}

/// The body of a request for a run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

async fn run(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = desk.admit(&headers, Scope::Operate).await {
        return refused(refusal);
    }
    let Ok(Ask { reason, dry_run }) = serde_json::from_slice(&body) else {
        let text = "The body is `{\"reason\": \"…\"}`; `dry_run` may be true.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    change(&desk, &headers, Some(&reason), Wish::Reconcile { dry_run }).await
}

#[cfg(test)]
mod tests;
