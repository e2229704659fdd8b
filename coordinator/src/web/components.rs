//! `GET /api/v1/components/{name}`: where a package is, and why it is not being built; `GET /api/v1/next`: what the next batch
//! would hold. Gathers the evidence; what it comes to is decided elsewhere.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ebs_domain::{id::Component, policy::Policy, time::Timestamp};
use ebs_shared::{
    clock::Clock,
    koji::api::{Hub, TaggedBuild},
};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::{
    build::build_view,
    change::{fault, unavailable},
    pause::{PauseView, awaited, pauses},
    reconcile::report,
};
use crate::{
    board::Board,
    explain::{Built, Evidence, Latest, Trigger, explain, meant},
    findings::{Finding, Mode},
    lists,
    preview::{Preview, preview},
    report::chain,
    snapshot::Snapshot,
    store::{MAX_DENIALS, MemberRow, Store, StoreError, StoreErrorKind, TriggerRow},
    stored,
};

/// Most triggers that are told.
const TOLD_TRIGGERS: u32 = 10;

/// Most triggers that a preview takes in.
const MAX_PREVIEWED: u32 = 20_000;

/// Most batches that are told.
const TOLD_BUILDS: u32 = 10;

/// Most questions that are with Koji at once: anybody may ask for an explanation, and none may flood the hub.
pub const QUESTIONS: usize = 4;

/// The longest that Koji may take: all else is told without its answer.
const KOJI_LIMIT: Duration = Duration::from_secs(5);

/// Where the evidence is.
#[derive(Clone)]
pub struct Witness {
    /// What was stored.
    pub store: Arc<dyn Store>,
    /// What is configured.
    pub board: Board,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// How many of these questions may be with Koji at once, see [`QUESTIONS`].
    pub questions: Arc<Semaphore>,
}

/// What is answered.
pub(super) fn routes(witness: Witness) -> Router {
    Router::new()
        .route("/api/v1/components/{name}", get(component))
        .route("/api/v1/next", get(next))
        .with_state(witness)
}

async fn component(State(witness): State<Witness>, Path(name): Path<String>) -> Response {
    let snapshot = witness.board.in_use();
    let policy = snapshot.as_ref().map(|snapshot| Arc::clone(&snapshot.policy));
    let Some(component) = meant(&name, policy.as_deref()) else {
        let text = "This is no name of a package, no NVR and no URL of a source.";
        return fault(StatusCode::BAD_REQUEST, "bad_name", text);
    };
    let paused = snapshot.as_ref().is_some_and(|snapshot| snapshot.paused);
    let latest = match &snapshot {
        Some(snapshot) => Some(witness.latest(&component, snapshot).await),
        None => None,
    };
    match witness.evidence(&component, policy, paused).await {
        Ok(evidence) => Json(explain(&component, &Evidence { latest, ..evidence })).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn next(State(witness): State<Witness>) -> Response {
    let Some(snapshot) = witness.board.in_use() else {
        let text = "The configuration has not been read yet.";
        return fault(StatusCode::SERVICE_UNAVAILABLE, "no_configuration", text);
    };
    match witness.next(&snapshot).await {
        Ok(preview) => Json(preview).into_response(),
        Err(error) => unavailable(&error),
    }
}

impl Witness {
    async fn next(&self, snapshot: &Snapshot) -> Result<Preview, StoreError> {
        let pending = self.store.pending_triggers(MAX_PREVIEWED).await?;
        let pending = pending.into_iter().map(|row| (row.trigger.component, row.trigger.nvr));
        Ok(Preview {
            pauses: self.why_paused(snapshot.paused).await?,
            after: self.store.open_batch().await?.map(|batch| batch.id.get()),
            ..preview(pending, &snapshot.policy)
        })
    }

    /// What is latest of a component in Koji, or why that is not known.
    pub(super) async fn latest(
        &self,
        component: &Component,
        snapshot: &Snapshot,
    ) -> Result<Latest, String> {
        let Ok(_one_of_few) = self.questions.try_acquire() else {
            return Err("Koji is being asked much already".to_owned());
        };
        let upstream = [snapshot.policy.upstream_name(component).to_owned()];
        let downstream = [component.to_string()];
        let (trigger_tag, stable_tag) =
            (snapshot.plan.trigger_tag.clone(), snapshot.plan.stable_tag.clone());
        let asked = async {
            tokio::try_join!(
                self.hub.latest_of(&trigger_tag, &upstream),
                self.hub.latest_of(&stable_tag, &downstream),
            )
        };
        let (rawhide, eln) = match tokio::time::timeout(KOJI_LIMIT, asked).await {
            Ok(answer) => {
                answer.map_err(|error| format!("Koji does not answer: {}", chain(&error)))?
            }
            Err(_) => {
                return Err(format!("Koji does not answer within {} s", KOJI_LIMIT.as_secs()));
            }
        };
        let nvr = |found: Vec<Option<TaggedBuild>>| {
            found.into_iter().flatten().next().map(|tagged| tagged.nvr)
        };
        Ok(Latest { rawhide: nvr(rawhide), eln: nvr(eln), trigger_tag, stable_tag })
    }

    /// What is stored of a component.
    async fn evidence(
        &self,
        component: &Component,
        policy: Option<Arc<Policy>>,
        paused: bool,
    ) -> Result<Evidence, StoreError> {
        let now = self.clock.now();
        let store = &self.store;
        let lists = store.lists().await?;
        let lists = lists.into_iter().map(|row| {
            let list = lists::read(&row).map_err(|error| broken(&format!("{error:#}")))?;
            Ok((row.name, list))
        });
        let triggers = store.component_triggers(component, TOLD_TRIGGERS).await?;
        let members = store.component_members(component, TOLD_BUILDS).await?;
        let denials = store.denials(now, MAX_DENIALS).await?.into_iter();
        let denials = denials.filter(|row| row.component == *component);
        let at_work = stored::at_work(&**store).await?.into_iter();
        let at_work = at_work.filter(|batch| batch.works_on(component));
        Ok(Evidence {
            policy,
            lists: lists.collect::<Result<_, StoreError>>()?,
            triggers: triggers.iter().map(trigger).collect::<Result<_, _>>()?,
            builds: members.iter().map(built).collect::<Result<_, _>>()?,
            at_work: at_work.map(|batch| batch.id).collect(),
            denials: denials
                .map(|row| (row.class, row.source.to_string(), row.last, row.expires))
                .collect(),
            pauses: self.why_paused(paused).await?,
            found: self.found(component).await?,
            latest: None,
        })
    }

    /// What reconcile has found of a component last, and when.
    async fn found(
        &self,
        component: &Component,
    ) -> Result<Option<(Finding, Timestamp)>, StoreError> {
        let found = report(&*self.store, Mode::Real).await?.found;
        Ok(found.and_then(|found| {
            let finding = found.findings.into_iter().find(|it| it.component == *component)?;
            Some((finding, found.at))
        }))
    }

    /// Why no new batch begins, in sentences.
    async fn why_paused(&self, configured: bool) -> Result<Vec<String>, StoreError> {
        let all = pauses(&*self.store, configured, self.clock.now()).await?;
        let awaited = awaited(&*self.store).await?;
        Ok(all.iter().map(PauseView::words).chain(awaited).collect())
    }
}

fn trigger(row: &TriggerRow) -> Result<Trigger, StoreError> {
    let trigger = &row.trigger;
    let answer = trigger.answer.as_deref().map(read).transpose()?;
    Ok(Trigger {
        nvr: trigger.nvr.clone(),
        tag: trigger.tag.clone(),
        cause: read(&trigger.cause)?,
        created: trigger.created,
        answer,
    })
}

fn built(row: &MemberRow) -> Result<Built, StoreError> {
    let view = build_view(row)?;
    let class = view.class.map(|class| format!("{class}: ")).unwrap_or_default();
    Ok(Built {
        batch: row.batch,
        state: view.state.words().to_owned(),
        since: view.since,
        nvr: view.nvr,
        fault: view.text.map(|text| format!("{class}{text}")),
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| broken(&error.to_string()))
}

fn broken(text: &str) -> StoreError {
    let kind = StoreErrorKind::Broken(text.to_owned());
    StoreError { what: "read what is known of a component", kind }
}
