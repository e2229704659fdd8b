//! Running one effect of the leader.

use ebs_domain::batch::{Effect, Outcome};
use ebs_shared::job::Service;

use super::{promotion, repos, running::Running, side_tags, tagging};
use crate::driver::{failing::Failing, parts::Parts};

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
        Effect::RemoveSideTag { tag } if running.of_nobody => {
            side_tags::remove_orphan(parts, tag).await
        }
        Effect::RemoveSideTag { tag } => match &running.given_up {
            Some(nvr) => side_tags::remove_given_up(parts, tag, nvr, running.may_create).await,
            None => side_tags::remove(parts, tag).await,
        },
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
