//! Making snapshots: the dynamic file, the package lists, the trigger tag. All or nothing: a bad one keeps the last.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::{batch::Plan, id::TagName};
use ebs_shared::{
    bodhi::BodhiUpdates,
    config::{DynamicConfig, StaticConfig, TriggerTag, load_dynamic},
    content,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{lists::Lists, snapshot::Snapshot, web::Reporter};

/// The first pause after a refresh that brought nothing while there is no snapshot yet; it doubles up to the interval.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest span between two polls beyond which an update's waiting is counted as an outage, in parts of the longest pause.
const POLL_GAP: u32 = 3;

/// The longest that one refresh takes, beyond the interval: several lists, each with its time limit.
pub const REFRESH_SILENT: Duration = Duration::from_secs(300);

/// Reads the dynamic configuration as it is now.
pub type Dynamic = Box<dyn Fn() -> anyhow::Result<DynamicConfig> + Send + Sync>;

/// The settings that a batch begins with, by the number of the snapshot and the tag that triggers.
pub type PlanOf = Box<dyn Fn(u64, TagName) -> Plan + Send + Sync>;

/// Makes snapshots.
pub struct Refresh {
    /// Reads what can change.
    pub dynamic: Dynamic,
    /// Gives what does not.
    pub plan: PlanOf,
    /// The time between two rounds.
    pub every: Duration,
    /// Reads and keeps the lists.
    pub lists: Lists,
    /// Knows what Rawhide is.
    pub bodhi: Arc<BodhiUpdates>,
    /// Told of each round.
    pub health: Reporter,
}

impl Refresh {
    /// Makes the first snapshot: waits for it, since nothing can be decided without one.
    ///
    /// # Errors
    ///
    /// The faults of the dynamic file: those only a person can mend. `None` if `stop` came first.
    pub async fn first(&self, stop: &CancellationToken) -> anyhow::Result<Option<Snapshot>> {
        let mut pause = PAUSE;
        loop {
            let dynamic = (self.dynamic)()?;
            match self.complete(1, &dynamic).await {
                Ok(snapshot) => {
                    self.health.well();
                    return Ok(Some(snapshot));
                }
                Err(error) => {
                    self.health.ill(format!("no package lists yet: {error:#}"));
                    tracing::warn!(error = format!("{error:#}"), "no package lists yet: again");
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(self.every),
            }
        }
    }

    /// Makes a new snapshot now and then.
    pub async fn run(self, newest: watch::Sender<Arc<Snapshot>>, stop: CancellationToken) {
        let mut number = newest.borrow().policy.number();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
            let made = async { self.complete(number + 1, &(self.dynamic)()?).await }.await;
            // The last snapshot does as well: only a loop that stands still is a fault here.
            self.health.well();
            match made {
                Ok(snapshot) => {
                    number += 1;
                    tracing::info!(
                        snapshot = number,
                        paused = snapshot.paused,
                        "configuration refreshed"
                    );
                    newest.send_replace(Arc::new(snapshot));
                }
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        snapshot = number,
                        "refresh refused: keeping the last"
                    );
                }
            }
        }
    }

    async fn complete(&self, number: u64, dynamic: &DynamicConfig) -> anyhow::Result<Snapshot> {
        let listed = match &dynamic.autopackagelist {
            Some(lists) => self.lists.round(lists).await?,
            None => Vec::new(),
        };
        let policy = content::snapshot(number, dynamic, listed);
        for fault in policy.faults() {
            tracing::warn!(
                error = fault.to_string(),
                "a pattern gave up: decided to the careful side"
            );
        }
        let trigger_tag = match &dynamic.control.trigger_tag {
            TriggerTag::Named(tag) => tag.clone(),
            TriggerTag::Rawhide => self
                .bodhi
                .rawhide_tag()
                .await
                .context("cannot learn what Rawhide is")?
                .context("Bodhi has no pending release with the branch `rawhide`")?,
        };
        let plan = (self.plan)(number, trigger_tag);
        Ok(Snapshot { policy: Arc::new(policy), plan, paused: dynamic.control.pause })
    }
}

/// Reads the dynamic file, and tells of what is odd in it.
///
/// # Errors
///
/// Its faults, all of them.
pub fn read_dynamic(path: &Path) -> anyhow::Result<DynamicConfig> {
    let loaded = load_dynamic(path)?;
    for warning in &loaded.warnings {
        tracing::warn!(warning = warning.to_string(), "in the dynamic configuration");
    }
    Ok(loaded.config)
}

/// The settings that a batch begins with.
#[must_use]
pub fn plan(config: &StaticConfig, snapshot: u64, trigger_tag: TagName) -> Plan {
    let (koji, bodhi, timers) = (&config.koji, &config.bodhi, &config.ebs.timers);
    Plan {
        snapshot,
        target: koji.build_target.clone(),
        trigger_tag,
        stable_tag: koji.stable_tag.clone(),
        scratch: koji.scratch_build,
        draft: config.ebs.koji.draft_builds,
        fail_fast: koji.fail_fast,
        wait_repo: koji.wait_repo,
        batch_size: size(bodhi.batch_size),
        max_single_batch_size: size(bodhi.max_single_batch_size),
        max_open_builds: config.ebs.limits.max_open_builds,
        build_timeout: timers.build_timeout,
        build_timeouts: timers.build_timeouts.clone(),
        side_tag_timeout: timers.side_tag_timeout,
        stable_timeout: timers.stable_timeout,
        stable_warn: bodhi.warn_timeout,
        poll_gap: timers.poll_max * POLL_GAP,
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
