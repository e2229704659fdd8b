//! One look: what our shadow batches hold, what the other service has asked Koji for, and why the two differ. Reads only.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use ebs_domain::{
    batch::Member,
    id::{Component, PackageName},
    policy::{Eligibility, Policy},
    shadow::{Asked, Comparison, Difference, Kind, Patience, Planned, compare},
    time::Timestamp,
    trigger::Answer,
};
use ebs_shared::{
    clock::Clock,
    koji::api::{Hub, OwnTask},
};
use tokio::sync::watch;

use super::{
    ShadowSettings,
    report::{MAX_TOLD, Told},
};
use crate::{explain::answered, snapshot::Snapshot, store::Store, stored::read};

/// Most batches of ours that are compared: the latest.
const MAX_BATCHES: u32 = 2_000;

/// Most triggers of a component that are searched for a reason.
const MAX_TRIGGERS: u32 = 20;

/// Looks.
pub struct ShadowLook {
    /// Koji; only asked.
    pub hub: Arc<dyn Hub>,
    /// Where our batches are.
    pub store: Arc<dyn Store>,
    /// What is policy now.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Whom we compare with.
    pub settings: ShadowSettings,
}

impl ShadowLook {
    /// Compares all since `began`: the figures, and the latest differences with why.
    ///
    /// # Errors
    ///
    /// Koji or the store does not answer, or there is no such account.
    pub(super) async fn once(&self, began: Timestamp) -> anyhow::Result<(Comparison, Vec<Told>)> {
        let policy = Arc::clone(&self.snapshot.borrow().policy);
        let ours = self.ours(began).await?;
        let theirs = self.theirs(began, &policy).await?;
        let patience = Patience { span: self.settings.patience, now: self.clock.now() };
        let compared = compare(&ours, &theirs, patience);
        let mut told = Vec::new();
        for difference in compared.differences.iter().take(MAX_TOLD) {
            let why = self.why(difference, &policy).await?;
            told.push(Told { difference: difference.clone(), why });
        }
        Ok((compared, told))
    }

    async fn ours(&self, began: Timestamp) -> anyhow::Result<Vec<Planned>> {
        let rows = self.store.recent_batches(MAX_BATCHES).await?;
        let of_shadow = rows.iter().filter(|row| row.phase == "shadow" && row.created >= began);
        let mut ours = Vec::new();
        for row in of_shadow {
            for member in self.store.members(row.id).await? {
                let state: Member = read("a component of a batch", &member.state)?;
                ours.push(Planned {
                    batch: row.id,
                    component: member.component,
                    source: state.source,
                    order: state.order,
                    at: row.ended.unwrap_or(row.created),
                });
            }
        }
        Ok(ours)
    }

    async fn theirs(&self, began: Timestamp, policy: &Policy) -> anyhow::Result<Vec<Asked>> {
        let account = &self.settings.account;
        let user = self.hub.user(account).await?;
        let user = user.with_context(|| {
            format!("Koji knows no account `{account}`: set `ebs.shadow.account`")
        })?;
        let tasks = self.hub.own_builds_since(user.id, began).await?;
        Ok(tasks.into_iter().filter_map(|task| asked(task, began, policy)).collect())
    }

    /// What is known of a difference.
    async fn why(&self, difference: &Difference, policy: &Policy) -> anyhow::Result<String> {
        let component = &difference.component;
        Ok(match difference.kind {
            Kind::NotByThem => {
                "we would build it, the other service has not asked for it".to_owned()
            }
            Kind::OtherSource => match (&difference.ours, &difference.theirs) {
                (Some(ours), Some(theirs)) => format!(
                    "we would build commit {}, the other service has asked for {}",
                    ours.source.commit(),
                    theirs.source
                ),
                (Some(_) | None, _) => "the sources differ".to_owned(),
            },
            Kind::OtherOrder => match (&difference.ours, &difference.theirs) {
                (Some(ours), Some(early)) => format!(
                    "it is in slice {}, and had not ended when {} of a later one was asked for",
                    ours.order, early.component
                ),
                (Some(_) | None, _) => "a later slice was asked for before it had ended".to_owned(),
            },
            Kind::NotByUs => match self.our_answer(component).await? {
                Some(answer) => format!("our answer to its last trigger: {answer}"),
                None => match policy.eligible(component) {
                    Eligibility::NotListed => "it is on no list".to_owned(),
                    Eligibility::Excluded { pattern } => format!("it is excluded by `{pattern}`"),
                    Eligibility::Yes => "we have heard of no build of it".to_owned(),
                },
            },
        })
    }

    /// The answer to its last trigger that none of our batches would have built.
    async fn our_answer(&self, component: &Component) -> anyhow::Result<Option<String>> {
        let rows = self.store.component_triggers(component, MAX_TRIGGERS).await?;
        for row in rows {
            let Some(text) = &row.trigger.answer else { continue };
            let answer: Answer = read("an answer", text)?;
            if !matches!(answer, Answer::Shadowed { .. }) {
                return Ok(Some(answered(&answer)));
            }
        }
        Ok(None)
    }
}

/// A task of theirs, if it can be compared: what is not from dist-git has no component that policy knows.
fn asked(task: OwnTask, began: Timestamp, policy: &Policy) -> Option<Asked> {
    let at = task.info.created.filter(|at| *at >= began)?;
    let package: PackageName = package(&task.source)?.parse().ok()?;
    let component = match policy.component_of(&package) {
        Some(component) => component,
        None => package.as_str().parse().ok()?,
    };
    Some(Asked {
        task: task.info.task,
        component,
        source: task.source,
        target: task.target,
        at,
        ended: task.info.ended,
    })
}

/// The package of a source: the last part of its path.
fn package(source: &str) -> Option<&str> {
    let path = source.split(['#', '?']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    Some(last.strip_suffix(".git").unwrap_or(last)).filter(|name| !name.is_empty())
}

/// How many differences there are of each kind, for the log.
pub(super) fn kinds(compared: &Comparison) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for difference in &compared.differences {
        *kinds.entry(difference.kind.word()).or_default() += 1;
    }
    kinds
}

#[cfg(test)]
mod tests;
