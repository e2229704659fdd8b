//! What one term of leadership holds in memory. What is decided about it stands in the files around.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::{
    forming::Pause,
    id::{BatchId, Epoch},
};
use ebs_shared::queue::NewJob;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    ledger::Open,
    parts::Parts,
    polls::{Pace, Polls},
    search::Searches,
    state::State,
    traces::Traces,
    underway::Underway,
};
use crate::store::Runner;

/// One term of leadership, advanced turn by turn: [`Term::decide`], [`Term::store`], [`Term::act`]. It runs nothing by itself.
pub struct Term {
    pub(super) parts: Arc<Parts>,
    pub(super) lease: TermLease,
    pub(super) state: State,
    pub(super) polls: Polls,
    /// Jobs the queue has not taken yet.
    pub(super) unsent: Vec<NewJob>,
    /// When they are to be sent again.
    pub(super) send_due: Option<Instant>,
    /// When what was put on the queue is compared with it next; `None` while that runs.
    pub(super) reconcile_due: Option<Instant>,
    /// When what belongs to nobody is looked for next.
    pub(super) searches: Searches,
    /// When the next batch may begin, as far as is known.
    pub(super) form_due: Option<Instant>,
    /// Whether the snapshot's pause was seen, and since when it has been over.
    pub(super) pause: Pause,
    /// When figures were shown last, and of which batch in which phase.
    pub(super) figured: Option<(Instant, Option<(BatchId, &'static str)>)>,
}

/// The lease as the driver sees it.
#[derive(Clone, Debug)]
pub struct TermLease {
    /// The number of the term.
    pub epoch: Epoch,
    /// Until when the lease lasts for certain, by our monotonic clock.
    pub until: watch::Receiver<Instant>,
    /// Cancelled when the term is over: the lease was lost, or the program stops.
    pub over: CancellationToken,
}

/// Why a term ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermEnd {
    /// The lease was lost or given up.
    Over,
    /// Another instance leads: a write was refused.
    Fenced,
    /// What is in memory may not be what is stored: begin again from the store, in a new term.
    Reload,
}

/// The longest time between two turns.
const MAX_SLEEP: Duration = Duration::from_secs(5);

impl Term {
    /// Begins a term from what is stored. The first turn is due at once.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or holds something unreadable.
    pub async fn begin(parts: Arc<Parts>, lease: TermLease) -> anyhow::Result<Self> {
        let mono = Instant::now();
        // What an earlier term showed says nothing about this one.
        parts.probe.show(|progress| (progress.turned, progress.queue_error) = (None, None));
        let state = State::load(&parts, mono).await.context("cannot begin to lead")?;
        let settings = &parts.settings;
        let pace = Pace {
            min: settings.poll_min,
            max: settings.poll_max,
            deadline: settings.poll_deadline,
        };
        // State that is read anew begins another term under the same epoch.
        let searches = if settings.shadow { Searches::none() } else { Searches::new(mono) };
        let (begun, _) = parts.chance.uuid().as_u64_pair();
        let name = format!("{}.{:04x}", lease.epoch, begun >> 48);
        tracing::info!(epoch = lease.epoch.get(), "leading");
        Ok(Self {
            polls: Polls::new(pace, name),
            parts,
            state,
            unsent: Vec::new(),
            send_due: None,
            reconcile_due: Some(mono),
            searches,
            form_due: Some(mono),
            pause: Pause::Running { since: None },
            figured: None,
            lease,
        })
    }

    /// When the next turn is due without any news.
    #[must_use]
    pub fn wake(&self) -> Instant {
        let now = Instant::now();
        // While the lease is too short for a call, what needs one waits for the renewal, of which no news comes.
        let earliest = if self.may_call(now) { now } else { now + self.parts.settings.retry_min };
        let due = |open: &Open| match open.row.runner {
            Runner::Coordinator => open.due.map(|due| due.max(earliest)),
            Runner::Worker => open.due,
        };
        let effects = self.state.ledger.values().filter_map(due).min();
        let reading = self.state.underway.values().filter_map(Underway::reading).min();
        let reading = reading.map(|due| due.max(earliest));
        let held_up = self.state.is_held_up();
        let forming = self.form_due.filter(|_| !held_up);
        // A search that waits for an effect is due when that closes, which is news by itself.
        let searching = self.searches.next(|kind| self.state.may_search(kind));
        let searching = searching.map(|due| due.max(earliest));
        let latest = now + MAX_SLEEP;
        let siblings = self.state.siblings.retry().filter(|_| !held_up);
        let asking = [self.polls.next(), self.send_due, self.reconcile_due, siblings];
        [effects, reading, forming, searching]
            .into_iter()
            .chain(asking)
            .flatten()
            .min()
            .map_or(latest, |due| due.min(latest))
    }

    /// The traces of what this term knows.
    pub(super) fn traces(&self) -> Traces<'_> {
        Traces { parts: &self.parts, state: &self.state }
    }

    /// Whether the lease outlasts a call of the leader's own that begins now.
    pub(super) fn may_call(&self, now: Instant) -> bool {
        *self.lease.until.borrow() >= now + self.parts.settings.call_limit
    }

    /// A pause before trying again, growing with how long it has failed: capped, with jitter.
    pub(super) fn pause_after(&self, failing_for: Duration) -> Duration {
        let settings = &self.parts.settings;
        let pause = (failing_for / 2).clamp(settings.retry_min, settings.retry_max);
        pause.mul_f64(0.75 + self.parts.chance.fraction() / 2.0)
    }
}
