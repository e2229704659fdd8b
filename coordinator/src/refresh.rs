//! Making snapshots: the dynamic file, the package lists, the trigger tag. All or nothing: a bad one keeps the last.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::{batch::Plan, id::TagName};
use ebs_shared::{
    bodhi::BodhiUpdates,
    config::{DynamicConfig, StaticConfig, TriggerTag, load_dynamic},
    content::{self, ContentResolver},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::snapshot::Snapshot;

/// The first pause after a refresh that brought nothing while there is no snapshot yet; it doubles up to the interval.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest span between two polls beyond which an update's waiting is counted as an outage, in parts of the longest pause.
const POLL_GAP: u32 = 3;

/// Makes snapshots.
pub struct Refresh {
    /// The settings that do not change.
    pub config: Arc<StaticConfig>,
    /// The dynamic file.
    pub dynamic: PathBuf,
    /// Reads the lists.
    pub lists: ContentResolver,
    /// Knows what Rawhide is.
    pub bodhi: Arc<BodhiUpdates>,
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
            let dynamic = self.read_file()?;
            match self.complete(1, &dynamic).await {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "no package lists yet: again")
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(self.config.ebs.timers.config_refresh),
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
                () = tokio::time::sleep(self.config.ebs.timers.config_refresh) => {}
            }
            let made = async { self.complete(number + 1, &self.read_file()?).await }.await;
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

    fn read_file(&self) -> anyhow::Result<DynamicConfig> {
        let loaded = load_dynamic(&self.dynamic)?;
        for warning in &loaded.warnings {
            tracing::warn!(warning = warning.to_string(), "in the dynamic configuration");
        }
        Ok(loaded.config)
    }

    async fn complete(&self, number: u64, dynamic: &DynamicConfig) -> anyhow::Result<Snapshot> {
        let listed = match &dynamic.autopackagelist {
            Some(lists) => self.lists.all(lists).await?,
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
        let plan = plan(&self.config, number, trigger_tag);
        Ok(Snapshot { policy: Arc::new(policy), plan, paused: dynamic.control.pause })
    }
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
