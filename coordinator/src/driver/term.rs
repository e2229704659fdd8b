//! One term of leadership: the loop.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::id::Epoch;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    inputs::{Done, Input},
    parts::Parts,
    polls::{Pace, Polls},
    state::State,
    turn::{Now, Turn},
};
use crate::store::{StoreError, StoreErrorKind};

/// The driver. It leads one term after another, as often as the lease comes to this process.
#[derive(Clone)]
pub struct Driver {
    parts: Arc<Parts>,
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

/// Most inputs taken in one turn, so that one transaction stays bounded.
const MAX_INPUTS_PER_TURN: usize = 64;

/// The longest the loop sleeps.
const MAX_SLEEP: Duration = Duration::from_secs(5);

/// What one term holds.
pub(super) struct Term<'a> {
    pub(super) parts: &'a Parts,
    pub(super) lease: TermLease,
    pub(super) state: State,
    pub(super) polls: Polls,
    /// Calls that run beside the loop.
    pub(super) running: FuturesUnordered<BoxFuture<'a, Done>>,
    /// When the batch's read is due; `None` while it runs.
    pub(super) read_due: Option<Instant>,
    /// Since when the read has failed, for its pauses.
    pub(super) read_failing: Option<Instant>,
    /// Jobs the queue has not taken yet.
    pub(super) unsent: Vec<ebs_shared::queue::NewJob>,
    /// When they are to be sent again.
    pub(super) send_due: Option<Instant>,
    /// When the ledger is compared with the queue next; `None` while that runs.
    pub(super) reconcile_due: Option<Instant>,
    /// When the next batch may begin, as far as is known.
    pub(super) form_due: Option<Instant>,
    /// Whether the snapshot's pause was seen, and since when it has been over.
    pub(super) pause: ebs_domain::forming::Pause,
}

impl Driver {
    /// A driver of these parts.
    #[must_use]
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// A name for this term. State that is read anew begins another one under the same epoch.
    fn term_name(&self, lease: &TermLease) -> String {
        let (begun, _) = self.parts.chance.uuid().as_u64_pair();
        format!("{}.{:04x}", lease.epoch, begun >> 48)
    }

    /// Leads one term until it is over.
    ///
    /// # Errors
    ///
    /// What makes going on impossible: the store holds something unreadable, or cannot be read at the beginning.
    pub async fn lead(
        &self,
        lease: TermLease,
        inputs: &mut mpsc::Receiver<Input>,
    ) -> anyhow::Result<TermEnd> {
        let parts = &*self.parts;
        let mono = Instant::now();
        let state = State::load(parts, mono).await.context("cannot begin to lead")?;
        let settings = &parts.settings;
        let pace = Pace {
            min: settings.poll_min,
            max: settings.poll_max,
            deadline: settings.poll_deadline,
        };
        let mut term = Term {
            polls: Polls::new(pace, self.term_name(&lease)),
            parts,
            state,
            running: FuturesUnordered::new(),
            read_due: Some(mono),
            read_failing: None,
            unsent: Vec::new(),
            send_due: None,
            reconcile_due: Some(mono),
            form_due: Some(mono),
            pause: ebs_domain::forming::Pause::Running { since: None },
            lease,
        };
        tracing::info!(epoch = term.lease.epoch.get(), "leading");
        term.run(inputs).await
    }
}

impl Term<'_> {
    async fn run(&mut self, inputs: &mut mpsc::Receiver<Input>) -> anyhow::Result<TermEnd> {
        let mut first = true;
        loop {
            let (mut taken, mut done) = (Vec::new(), Vec::new());
            if !first {
                let wake = self.wake();
                // Wait for one of the sources; nothing is decided in the arms.
                tokio::select! {
                    biased;
                    () = self.lease.over.cancelled() => return Ok(TermEnd::Over),
                    Some(finished) = self.running.next() => done.push(finished),
                    input = inputs.recv() => match input {
                        Some(input) => taken.push(input),
                        None => return Ok(TermEnd::Over),
                    },
                    () = tokio::time::sleep_until(wake) => {}
                }
            }
            first = false;
            // Take what else is ready.
            while taken.len() < MAX_INPUTS_PER_TURN
                && let Ok(input) = inputs.try_recv()
            {
                taken.push(input);
            }
            while done.len() < MAX_INPUTS_PER_TURN
                && let std::task::Poll::Ready(Some(finished)) =
                    futures_util::poll!(self.running.next())
            {
                done.push(finished);
            }
            if let Some(end) = self.turn(taken, done).await? {
                return Ok(end);
            }
        }
    }

    /// Decides, stores, acts.
    async fn turn(
        &mut self,
        taken: Vec<Input>,
        done: Vec<Done>,
    ) -> anyhow::Result<Option<TermEnd>> {
        let now = Now { wall: self.parts.clock.now(), mono: Instant::now() };
        let mut turn = Turn::default();
        for done in done {
            self.take_done(done, now, &mut turn);
        }
        for input in taken {
            self.take_input(input, now, &mut turn);
        }
        self.follow_snapshot(now);
        self.form_batch(now, &mut turn);
        self.issue_due(now, &mut turn);
        self.start_read(now, &mut turn);
        self.polls.watch(self.state.watches(), now.mono);
        self.start_polls(now, &mut turn);
        self.start_reconcile(now, &mut turn);
        if let Err(error) = self.commit(now, &mut turn).await {
            return end_of(error).map(Some);
        }
        let end = self.act(now, turn).await;
        self.show(now);
        Ok(end)
    }

    /// When something is due by itself.
    fn wake(&self) -> Instant {
        let effects = self.state.ledger.values().filter_map(|open| open.due).min();
        let reading = self.state.batch.as_ref().and_then(|batch| batch.reads()).and(self.read_due);
        let forming = if self.state.batch.is_none() { self.form_due } else { None };
        [effects, reading, forming, self.polls.next(), self.send_due, self.reconcile_due]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| Instant::now() + MAX_SLEEP)
            .min(Instant::now() + MAX_SLEEP)
    }

    /// Whether the lease outlasts a call of the leader's own that begins now.
    pub(super) fn may_call(&self, now: Now) -> bool {
        *self.lease.until.borrow() >= now.mono + self.parts.settings.call_limit
    }

    /// A pause before trying again, growing with how long it has failed: capped, with jitter.
    pub(super) fn pause_after(&self, failing_for: Duration) -> Duration {
        let settings = &self.parts.settings;
        let pause = (failing_for / 2).clamp(settings.retry_min, settings.retry_max);
        pause.mul_f64(0.75 + self.parts.chance.fraction() / 2.0)
    }
}

/// What a failed commit means for the term.
fn end_of(error: StoreError) -> anyhow::Result<TermEnd> {
    match error.kind {
        StoreErrorKind::Fenced => {
            tracing::warn!("another instance leads: stepping down");
            Ok(TermEnd::Fenced)
        }
        StoreErrorKind::Unavailable(_) => {
            tracing::error!(
                error = crate::report::chain(&error),
                "the store did not take a decision: reading it anew"
            );
            Ok(TermEnd::Reload)
        }
        StoreErrorKind::TooNew { .. } | StoreErrorKind::Broken(_) => Err(error.into()),
    }
}
