//! What a term shows of itself, and says of neighbours that are away.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::trigger::Cause;
use ebs_shared::job::Service;

use super::{failing::Failing, now::Now, parts::Progress, term::Term};

/// Most workers whose results are counted apart: names change with each start of a worker.
const MAX_WORKERS_COUNTED: usize = 1000;

impl Term {
    /// Shows where it is.
    pub(super) fn show(&self, now: Now) {
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for effect in self.state.ledger.values() {
            *open.entry(effect.row.kind.clone()).or_default() += 1;
        }
        let mut orphans: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (kind, _) in self.state.orphans.keys() {
            *orphans.entry(kind.word()).or_default() += 1;
        }
        self.parts.probe.show(|progress| {
            progress.turned = Some(now.mono);
            progress.epoch = Some(self.lease.epoch.get());
            progress.effects_open = open;
            progress.orphans = orphans;
        });
    }

    /// Counts a trigger that came by another way than the bus.
    pub(super) fn count_late(&self, cause: &str) {
        let late = |progress: &mut Progress| match serde_json::from_str(cause) {
            Ok(Cause::CatchUp) => progress.caught_up += 1,
            Ok(Cause::KojiRecord) => progress.late_found += 1,
            Ok(Cause::Message | Cause::Person { .. } | Cause::Reconcile { .. }) | Err(_) => {}
        };
        self.parts.probe.show(late);
    }

    /// A worker reported.
    pub(super) fn count_worker(&self, worker: String) {
        self.parts.probe.show(|progress| {
            let workers = &mut progress.jobs_by_worker;
            if workers.len() < MAX_WORKERS_COUNTED || workers.contains_key(&worker) {
                *workers.entry(worker).or_default() += 1;
            }
        });
    }

    /// The queue answered, or why it did not.
    pub(super) fn note_queue(&self, error: Option<String>) {
        self.parts.probe.show(|progress| progress.queue_error = error);
    }

    /// A neighbour answered.
    pub(super) fn heard_of(&self, service: Service) {
        self.parts.probe.show(|progress| {
            progress.why.remove(&service);
            if progress.unavailable.remove(&service).is_some() {
                tracing::info!(service = ?service, "available again");
            }
        });
    }

    /// A neighbour did not answer: said once, and as an error when it lasts. `failing_for` is how long the very same thing has
    /// failed: a hub that answers everybody and refuses our login is heard of all the while.
    pub(super) fn note_failing(&self, failing: &Failing, failing_for: Duration, now: Now) {
        let (service, why) = match failing {
            Failing::Unavailable { service, why } | Failing::Unknown { service, why } => {
                (service, why)
            }
            Failing::NotYet { .. } => return,
        };
        let mut since = now.wall;
        let mut first = false;
        self.parts.probe.show(|progress| {
            first = !progress.unavailable.contains_key(service);
            since = *progress.unavailable.entry(*service).or_insert(now.wall);
            progress.why.insert(*service, why.clone());
        });
        if now.wall.since(since).max(failing_for) >= self.parts.settings.alarm_after {
            tracing::error!(service = ?service, error = why, since = %since, "not available for long");
        } else if first {
            tracing::warn!(service = ?service, error = why, "not available: waiting");
        }
    }
}
