//! What a driver is made of, and what it shows of itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ebs_domain::{id::TagName, time::Timestamp};
use ebs_shared::{
    bodhi::api::Updates,
    clock::{Chance, Clock},
    job::Service,
    koji::api::Hub,
    queue::Producer,
    telemetry::TraceRoot,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{figures::Figures, tally::Tally};
use crate::{snapshot::Snapshot, store::Store};

/// Neighbours and settings of a driver.
pub struct Parts {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// The way to workers.
    pub queue: Arc<dyn Producer>,
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// Bodhi, for looking only; workers post.
    pub updates: Arc<dyn Updates>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Ids and jitter.
    pub chance: Arc<dyn Chance>,
    /// The newest snapshot.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// Asks for another at once.
    pub refresh: Arc<Notify>,
    /// Times and bounds.
    pub settings: DriverSettings,
    /// Where progress is shown.
    pub probe: Probe,
    /// What is counted.
    pub tally: Tally,
}

/// Times and bounds of a driver.
#[derive(Clone, Debug)]
pub struct DriverSettings {
    /// Quiet time before a batch.
    pub lull: Duration,
    /// The longest wait for quiet.
    pub max_lull: Duration,
    /// How long builds are waited for that came through one update with some that wait; zero: not at all.
    pub sibling_wait: Duration,
    /// How long after its last possible sending a creating call may still take effect.
    pub doubt_wait: Duration,
    /// How long after the queue lost a job its holder may still send the job's call.
    pub lost_job_sends: Duration,
    /// The longest that one call of the leader takes.
    pub call_limit: Duration,
    /// The longest that a worker may take over one poll, queueing included: after that it is asked for again.
    pub poll_deadline: Duration,
    /// Shortest time between two polls of one thing.
    pub poll_min: Duration,
    /// Longest time between two polls of one thing.
    pub poll_max: Duration,
    /// Shortest pause before an unavailable neighbour is tried again.
    pub retry_min: Duration,
    /// Longest pause before an unavailable neighbour is tried again.
    pub retry_max: Duration,
    /// How long a neighbour may be unavailable before it is an alarm.
    pub alarm_after: Duration,
    /// How often the ledger is compared with the queue.
    pub reconcile: Duration,
    /// What is done about what belongs to nobody.
    pub orphans: OrphanSettings,
    /// Whether nothing outside is changed: nothing is ours there then, and nothing is looked for.
    pub shadow: bool,
    /// How often a job may begin before it is set aside.
    pub job_attempts: u32,
    /// The tag whose builds trigger, as it is now called; only for showing.
    pub stable_tag: TagName,
    /// What the traces of batches are made from.
    pub trace: TraceRoot,
}

/// What is done about what belongs to no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrphanSettings {
    /// How often it is looked for.
    pub interval: Duration,
    /// How long it must have been seen before anything is removed.
    pub grace: Duration,
    /// Whether side tags are removed then.
    pub side_tags: Leftover,
    /// Whether tasks are cancelled then.
    pub tasks: Leftover,
}

/// What becomes of what is left over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// It is shown.
    Report,
    /// It is shown, and removed or cancelled after the grace period.
    Remove,
}

/// What a driver shows of itself, for readiness, metrics and pages.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// When the loop last went round in this term, by the monotonic clock.
    pub turned: Option<Instant>,
    /// The epoch it leads with.
    pub epoch: Option<i64>,
    /// Results for closed effects, older runs and past polls.
    pub stale_results: u64,
    /// Effects that are open, by kind.
    pub effects_open: BTreeMap<String, u64>,
    /// Since when each neighbour has been unavailable.
    pub unavailable: BTreeMap<Service, Timestamp>,
    /// What it said last, or what stood in the way.
    pub why: BTreeMap<Service, String>,
    /// The last error of the queue, if it is not doing its work.
    pub queue_error: Option<String>,
    /// Triggers found late, in the archive of the bus.
    pub caught_up: u64,
    /// Triggers found late, in Koji's own record: bus and archive had both missed them.
    pub late_found: u64,
    /// What belongs to nobody, by kind.
    pub orphans: BTreeMap<&'static str, u64>,
    /// Results by worker.
    pub jobs_by_worker: BTreeMap<String, u64>,
    /// How the work stands, as of the last second or so.
    pub figures: Figures,
}

/// Where progress is shown: the newest only.
#[derive(Clone, Debug)]
pub struct Probe(Arc<watch::Sender<Progress>>);

impl Probe {
    /// A probe that shows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::channel(Progress::default()).0))
    }

    /// What was shown last.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.0.borrow().clone()
    }

    /// Changes what is shown.
    pub fn show(&self, change: impl FnOnce(&mut Progress)) {
        self.0.send_modify(change);
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}
