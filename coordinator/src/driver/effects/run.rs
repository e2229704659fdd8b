//! Running one effect of the leader.

use std::time::Duration;

use ebs_domain::batch::{Effect, Outcome};
use ebs_shared::{
    job::Service,
    koji::error::{KojiError, Retry},
};
use tokio::{sync::watch, time::Instant};

use super::{promotion, repos, side_tags, tagging};
use crate::driver::{inputs::Failing, parts::Parts};

/// One run of an effect, with all it needs.
#[derive(Clone, Debug)]
pub(in crate::driver) struct Running {
    pub(in crate::driver) effect: Effect,
    /// Whether an earlier run may have had its effect.
    pub(in crate::driver) look_first: bool,
    /// Whether it may create if nothing is found.
    pub(in crate::driver) may_create: bool,
    /// The side tags that existed before the first run.
    pub(in crate::driver) known: Vec<i64>,
    /// Until when the lease lasts for certain.
    pub(in crate::driver) lease: watch::Receiver<Instant>,
}

impl Running {
    /// Whether the lease outlasts a call that begins now. Looks that came before may have taken long.
    pub(super) fn may_call(&self, limit: Duration) -> bool {
        *self.lease.borrow() >= Instant::now() + limit
    }
}

/// The numbers of our side tags on a base, before one is made.
pub(in crate::driver) async fn list_before(
    parts: &Parts,
    effect: &Effect,
) -> Result<Vec<i64>, Failing> {
    let Effect::CreateSideTag { base } = effect else { return Ok(Vec::new()) };
    side_tags::list(parts, base).await.map(|tags| tags.into_iter().map(|tag| tag.id).collect())
}

/// Runs it once.
pub(in crate::driver) async fn run(parts: &Parts, running: Running) -> Result<Outcome, Failing> {
    match &running.effect {
        Effect::CreateSideTag { base } => side_tags::create(parts, base, &running).await,
        Effect::RemoveSideTag { tag } => side_tags::remove(parts, tag).await,
        Effect::TagBuilds { tag, builds } => {
            tagging::tag(parts, tag, builds, running.look_first).await
        }
        Effect::PromoteBuilds { builds } => promotion::promote(parts, builds).await,
        Effect::RequestRepo { tag, event } => repos::request(parts, tag, *event).await,
        Effect::SubmitBuilds { .. } | Effect::CancelTasks { .. } | Effect::SubmitUpdate { .. } => {
            Err(Failing::Unavailable {
                service: Service::Koji,
                why: format!("{} is not the leader's to run", running.effect.kind()),
            })
        }
    }
}

/// What a failed look means: it has changed nothing, however it failed.
pub(super) fn looking(error: &KojiError) -> Failing {
    Failing::Unavailable { service: Service::Koji, why: crate::report::chain(error) }
}

/// What a failed call means for an effect. A refusal that is not about single builds needs an operator, and waits for one.
pub(super) fn failing(error: &KojiError) -> Failing {
    let (service, why) = (Service::Koji, crate::report::chain(error));
    match error.retry() {
        Retry::Look => Failing::Unknown { service, why },
        Retry::Later | Retry::Never => Failing::Unavailable { service, why },
    }
}
