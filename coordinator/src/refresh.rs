//! Making snapshots: the dynamic file, the package lists, the trigger tag. All or nothing: a bad one keeps the last.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::{batch::Plan, difference::Difference, id::TagName};
use ebs_shared::{
    bodhi::BodhiUpdates,
    config::{DynamicConfig, StaticConfig, TriggerTag, settings},
    content,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    board::Board,
    dynamic::{Dynamic, may_pass},
    lists::Lists,
    numbers::Numbers,
    snapshot::{Snapshot, Taken},
    web::{ConfigurationChange, Reporter},
};

/// The first pause after a refresh that brought nothing while there is no snapshot yet; it doubles up to the interval.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest span between two polls beyond which an update's waiting is counted as an outage, in parts of the longest pause.
const POLL_GAP: u32 = 3;

/// The longest that one refresh takes, beyond the interval: a repository and several lists, each call with its time limit.
pub const REFRESH_SILENT: Duration = Duration::from_secs(600);

/// Most packages or patterns that a sentence about a change names in the log.
const LOGGED_NAMES: usize = 20;

/// The settings that a batch begins with, by the number of the snapshot and the tag that triggers.
pub type PlanOf = Box<dyn Fn(u64, TagName) -> Plan + Send + Sync>;

/// Why there is no snapshot.
enum Unmade {
    /// The dynamic configuration.
    Dynamic(anyhow::Error),
    /// The lists, or the tag.
    Rest(anyhow::Error),
}

/// Makes snapshots.
pub struct Refresh {
    /// Reads what can change.
    pub dynamic: Box<dyn Dynamic>,
    /// Gives what does not.
    pub plan: PlanOf,
    /// The time between two rounds.
    pub every: Duration,
    /// Asks for a round at once.
    pub ask: Arc<Notify>,
    /// Reads and keeps the lists.
    pub lists: Lists,
    /// Numbers them.
    pub numbers: Box<dyn Numbers>,
    /// Knows what Rawhide is.
    pub bodhi: Arc<BodhiUpdates>,
    /// Told of each round.
    pub health: Reporter,
    /// Shows how each round ended.
    pub board: Board,
}

impl Refresh {
    /// Makes the first snapshot: waits for it, since nothing can be decided without one.
    ///
    /// # Errors
    ///
    /// What only a person can mend: faults of the dynamic configuration, and a source that has none. `None` if `stop` came first.
    pub async fn first(&self, stop: &CancellationToken) -> anyhow::Result<Option<Snapshot>> {
        let mut pause = PAUSE;
        loop {
            let made = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                made = self.make(0) => made,
            };
            match made {
                Ok(snapshot) => {
                    self.health.well();
                    return Ok(Some(snapshot));
                }
                Err(Unmade::Dynamic(error)) if !may_pass(&error) => return Err(error),
                Err(Unmade::Dynamic(error)) => self.not_yet("no configuration yet", &error),
                Err(Unmade::Rest(error)) => self.not_yet("no package lists yet", &error),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                () = self.ask.notified() => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(self.every),
            }
        }
    }

    /// Tells why there is nothing to begin with.
    fn not_yet(&self, what: &str, error: &anyhow::Error) {
        let reason = format!("{what}: {error:#}");
        self.board.refused(&reason);
        self.health.ill(reason);
    }

    /// Makes a new snapshot now and then, and when it is asked to.
    pub async fn run(self, newest: watch::Sender<Arc<Snapshot>>, stop: CancellationToken) {
        let mut number = newest.borrow().policy.number();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.ask.notified() => {}
                () = tokio::time::sleep(self.every) => {}
            }
            let made = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                made = self.make(number) => made,
            };
            // The last snapshot does as well: only a loop that stands still is a fault here.
            self.health.well();
            match made {
                Ok(snapshot) => {
                    number = snapshot.policy.number();
                    let changes = changes(&newest.borrow(), &snapshot);
                    self.tell(&snapshot, changes);
                    let snapshot = Arc::new(snapshot);
                    self.board.uses(Arc::clone(&snapshot));
                    newest.send_replace(snapshot);
                }
                Err(Unmade::Dynamic(error) | Unmade::Rest(error)) => {
                    self.board.refused(&format!("{error:#}"));
                }
            }
        }
    }

    /// Reads everything anew. All of it, or nothing. `last` is the number of the one before, 0 without one.
    async fn make(&self, last: u64) -> Result<Snapshot, Unmade> {
        let read = self.dynamic.read().await.map_err(Unmade::Dynamic)?;
        let mut snapshot = self.complete(last, &read.config).await.map_err(Unmade::Rest)?;
        let origin = read.origin.to_string();
        let at = self.board.accepted(snapshot.policy.number(), &origin);
        snapshot.taken = Taken { origin, at, said: Some(Arc::new(read.config)) };
        Ok(snapshot)
    }

    async fn complete(&self, last: u64, dynamic: &DynamicConfig) -> anyhow::Result<Snapshot> {
        let listed = match &dynamic.autopackagelist {
            Some(lists) => self.lists.round(lists).await?,
            None => Vec::new(),
        };
        let trigger_tag = match &dynamic.control.trigger_tag {
            TriggerTag::Named(tag) => tag.clone(),
            TriggerTag::Rawhide => self
                .bodhi
                .rawhide_tag()
                .await
                .context("cannot learn what Rawhide is")?
                .context("Bodhi has no pending release with the branch `rawhide`")?,
        };
        // Last of all that can fail: no number is given for nothing, and none is shown before it is stored.
        let number = self.numbers.next(last).await?;
        let policy = content::snapshot(number, dynamic, listed);
        for fault in policy.faults() {
            tracing::warn!(
                error = fault.to_string(),
                "a pattern gave up: decided to the careful side"
            );
        }
        let plan = (self.plan)(number, trigger_tag);
        let (policy, paused) = (Arc::new(policy), dynamic.control.pause);
        Ok(Snapshot { policy, plan, paused, taken: Taken::default() })
    }
}

impl Refresh {
    /// Shows what is different, and logs it, a line for each sentence.
    fn tell(&self, snapshot: &Snapshot, changes: Vec<String>) {
        let (number, origin) = (snapshot.policy.number(), snapshot.taken.origin.as_str());
        if changes.is_empty() {
            tracing::debug!(snapshot = number, origin, "configuration refreshed: no difference");
            return;
        }
        for change in &changes {
            tracing::info!(snapshot = number, origin, change, "configuration changed");
        }
        let (origin, at) = (origin.to_owned(), snapshot.taken.at);
        let change = ConfigurationChange { snapshot: number, origin, at, sentences: changes };
        self.board.changed(change);
    }
}

/// What is different, in words: a sentence for each kind of change, with some of the packages that it is about.
fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut changes = match (&before.taken.said, &after.taken.said) {
        (Some(before), Some(after)) => settings(before, after),
        (_, _) => Vec::new(),
    };
    let (old, new) = (&before.plan, &after.plan);
    let named = |tag: &TriggerTag| *tag == TriggerTag::Named(new.trigger_tag.clone());
    let written = after.taken.said.as_ref().is_some_and(|said| named(&said.control.trigger_tag));
    if old.trigger_tag != new.trigger_tag && !written {
        let (old, new) = (&old.trigger_tag, &new.trigger_tag);
        changes.push(format!("Rawhide's tag: {old} → {new}"));
    }
    let named =
        Plan { snapshot: old.snapshot, trigger_tag: old.trigger_tag.clone(), ..new.clone() };
    if *old != named {
        changes.push("the next batch begins with other settings of the static file".to_owned());
    }
    changes.extend(Difference::between(&before.policy, &after.policy).sentences(LOGGED_NAMES));
    changes
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
        deny: config.ebs.deny.clone(),
        shadow: config.shadow,
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
