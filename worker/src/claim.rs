//! The loop that takes jobs while there are free slots, and lets each run on its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ebs_shared::{
    clock::Chance,
    pulse::Pulse,
    queue::{Consumer, Held, Lane, Presence, QueueError},
};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{WorkerMetrics, WorkerSettings, backoff::Backoff, handler::Handler};

mod hold;

use hold::Hold;

/// How long one look for jobs waits. A stop is noticed only after it: the read itself is never dropped.
const WAIT: Duration = Duration::from_secs(1);
/// The same while only polls are wanted: a free slot for submissions shall be noticed soon.
const SHORT_WAIT: Duration = Duration::from_millis(200);
/// How often a worker tells of itself.
const ANNOUNCE: Duration = Duration::from_secs(10);
/// Time limit of taking leave.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);

/// The loop, with all it needs.
pub(crate) struct Claim<H> {
    pub(crate) consumer: Arc<dyn Consumer>,
    pub(crate) handler: Arc<H>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) metrics: WorkerMetrics,
    pub(crate) settings: WorkerSettings,
    pub(crate) pulse: Pulse,
}

/// The jobs that run now.
struct Running {
    tasks: JoinSet<()>,
    lanes: BTreeMap<Id, Lane>,
}

impl<H: Handler + 'static> Claim<H> {
    /// Works until it is told to stop, and then for at most the grace period.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let gone = CancellationToken::new();
        tokio::join!(self.announce(&stop, &gone), async {
            self.take_until(&stop).await;
            gone.cancel();
        });
        if timeout_at(Instant::now() + LEAVE_LIMIT, self.consumer.leave()).await.is_err() {
            tracing::warn!("the queue did not hear of the leave in time");
        }
    }

    async fn take_until(&self, stop: &CancellationToken) {
        let slots = self.settings.slots();
        self.metrics.slots.set(i64::try_from(slots).unwrap_or(i64::MAX));
        let abort = CancellationToken::new();
        let mut running = Running { tasks: JoinSet::new(), lanes: BTreeMap::new() };
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            self.pulse.beat();
            while let Some(ended) = running.tasks.try_join_next_with_id() {
                running.ended(ended);
            }
            self.metrics.busy.set(i64::try_from(running.lanes.len()).unwrap_or(i64::MAX));
            let Some((lanes, want, wait)) = running.wants(slots) else {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    ended = running.tasks.join_next_with_id() => {
                        if let Some(ended) = ended {
                            running.ended(ended);
                        }
                    }
                    // Nothing to do: only that the loop is seen to live.
                    () = sleep(WAIT) => {}
                }
                continue;
            };
            match self.consumer.take(lanes, want, wait).await {
                Ok(taken) => {
                    backoff.reset();
                    for held in taken {
                        self.metrics.began(&held);
                        running.begin(self.hold(held, &abort));
                    }
                }
                Err(error) => self.pause(&error, &mut backoff, stop).await,
            }
        }
        self.drain(running, &abort).await;
    }

    /// Lets what is held end within the grace period, then has it handed back.
    async fn drain(&self, mut running: Running, abort: &CancellationToken) {
        tracing::info!(jobs.held = running.tasks.len(), "no more jobs are taken");
        let grace = Instant::now() + self.settings.grace;
        while let Ok(Some(ended)) = timeout_at(grace, running.tasks.join_next_with_id()).await {
            running.ended(ended);
        }
        abort.cancel();
        while let Some(ended) = running.tasks.join_next_with_id().await {
            running.ended(ended);
        }
        self.metrics.busy.set(0);
    }

    fn hold(&self, held: Held, abort: &CancellationToken) -> Hold<H> {
        Hold {
            held,
            consumer: Arc::clone(&self.consumer),
            handler: Arc::clone(&self.handler),
            chance: Arc::clone(&self.chance),
            metrics: self.metrics.clone(),
            limit: self.settings.job_limit,
            abort: abort.clone(),
        }
    }

    async fn pause(&self, error: &QueueError, backoff: &mut Backoff, stop: &CancellationToken) {
        let wait = backoff.next(&*self.chance);
        self.metrics.queue_errors.with_label_values(&[error.what]).inc();
        tracing::warn!(error = %error.kind, what = error.what, "the queue does not answer");
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }

    /// Tells of this worker until it is gone.
    async fn announce(&self, stop: &CancellationToken, gone: &CancellationToken) {
        let mut draining = false;
        while !gone.is_cancelled() {
            let presence = Presence {
                worker: self.settings.name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                slots: self.settings.slots(),
                busy: usize::try_from(self.metrics.busy.get()).unwrap_or(0),
                draining,
            };
            if let Err(error) = self.consumer.announce(&presence).await {
                tracing::debug!(error = %error.kind, "this worker could not tell of itself");
            }
            tokio::select! {
                biased;
                () = gone.cancelled() => {}
                () = stop.cancelled(), if !draining => draining = true,
                () = sleep(ANNOUNCE) => {}
            }
        }
    }
}

impl Running {
    /// Which lanes to ask, for how many jobs, waiting how long; nothing if all slots are taken.
    fn wants(&self, slots: usize) -> Option<(&'static [Lane], usize, Duration)> {
        let free = slots.saturating_sub(self.lanes.len());
        let submitting = self.lanes.values().filter(|lane| **lane == Lane::Submit).count();
        let room = (slots - 1).saturating_sub(submitting).min(free);
        match (free, room) {
            (0, _) => None,
            (_, 0) => Some((&[Lane::Watch], free, SHORT_WAIT)),
            _ => Some((&Lane::ALL, room, WAIT)),
        }
    }

    fn begin<H: Handler + 'static>(&mut self, hold: Hold<H>) {
        let lane = hold.held.lane;
        let task = self.tasks.spawn(hold.run());
        self.lanes.insert(task.id(), lane);
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                // The job's lease runs out, and another worker takes it.
                tracing::error!(%error, "a job ended its task");
                error.id()
            }
        };
        self.lanes.remove(&id);
    }
}

#[cfg(test)]
mod tests;
