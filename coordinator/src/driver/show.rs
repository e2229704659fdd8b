//! What a term shows of itself, and says of neighbours that are away.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::{batch::GroupState, time::Timestamp, trigger::Cause};
use ebs_shared::job::Service;

use super::{
    failing::Failing,
    figures::{BatchFigures, Figures},
    now::Now,
    state::State,
    term::Term,
};
use crate::store::NewTrigger;

/// The shortest time between two sets of figures, unless the batch has gone on.
const EVERY: Duration = Duration::from_secs(1);

/// Most workers whose results are counted apart: names change with each start of a worker.
const MAX_WORKERS_COUNTED: usize = 1000;

impl Term {
    /// Shows where it is.
    pub(super) fn show(&mut self, now: Now) {
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for effect in self.state.ledger.values() {
            *open.entry(effect.row.kind.clone()).or_default() += 1;
        }
        let mut orphans: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (kind, _) in self.state.orphans.keys() {
            *orphans.entry(kind.word()).or_default() += 1;
        }
        let figures = self.figures(now);
        self.parts.probe.show(|progress| {
            if let Some(figures) = figures {
                progress.figures = figures;
            }
            progress.turned = Some(now.mono);
            progress.epoch = Some(self.lease.epoch.get());
            progress.effects_open = open;
            progress.orphans = orphans;
        });
    }

    /// Counts a trigger, and apart if it came late.
    pub(super) fn count_trigger(&self, trigger: &NewTrigger) {
        let Ok(cause) = serde_json::from_str::<Cause>(&trigger.cause) else { return };
        self.parts.tally.trigger(&cause);
        if let Some(answer) = &trigger.shown {
            self.parts.tally.answer(answer);
        }
        self.parts.probe.show(|progress| match cause {
            Cause::CatchUp => progress.caught_up += 1,
            Cause::KojiRecord => progress.late_found += 1,
            Cause::Message
            | Cause::Person { .. }
            | Cause::Reconcile { .. }
            | Cause::Import { .. } => {}
        });
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

impl Term {
    /// The figures, if they are due.
    pub(super) fn figures(&mut self, now: Now) -> Option<Figures> {
        let batch = self.state.batches().find(|batch| !batch.lingers);
        let phase = batch.map(|batch| (batch.id, batch.phase.word()));
        let due = self.figured.is_none_or(|(at, then)| now.mono >= at + EVERY || then != phase);
        if !due {
            return None;
        }
        self.figured = Some((now.mono, phase));
        let configured = self.parts.snapshot.borrow().paused;
        Some(Figures { paused_by_configuration: configured, ..self.state.figures(now.wall) })
    }
}

impl State {
    fn figures(&self, at: Timestamp) -> Figures {
        let building = self.underway.values().find(|underway| !underway.batch.lingers);
        let taken = building.map(|underway| &underway.taken);
        let late = self.late.values().map(|late| &late.groups);
        let groups = self.batches().map(|batch| &batch.groups).chain(late);
        let held = groups.flat_map(BTreeMap::values);
        let held = held.filter(|group| matches!(group.state, GroupState::Held { .. }));
        let mut oldest_effects: BTreeMap<String, Timestamp> = BTreeMap::new();
        for effect in self.ledger.values() {
            let oldest = oldest_effects.entry(effect.row.kind.clone());
            let oldest = oldest.or_insert(effect.row.created);
            *oldest = effect.row.created.min(*oldest);
        }
        Figures {
            batch: building.map(|underway| BatchFigures::of(&underway.batch)),
            lingering: count(self.batches().filter(|batch| batch.lingers).count()),
            groups_held: count(held.count()),
            pending: (
                count(self.pending.len()),
                self.pending.values().next().map(|row| row.trigger.created),
            ),
            in_batch: (
                count(taken.map_or(0, BTreeMap::len)),
                taken.and_then(|taken| taken.values().next()).map(|row| row.trigger.created),
            ),
            oldest_effects,
            in_doubt: count(self.ledger.values().filter(|open| open.entry.doubt.is_some()).count()),
            paused_by_configuration: false,
            paused_by_operator: self.pause.as_ref().is_some_and(|pause| pause.holds(at)),
            dead_jobs: count(self.dead.len()),
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
