//! The queue in one process, for one machine and for tests in virtual time. Keeps nothing over a restart: the ledger does.
//!
//! It follows the Redis scripts step by step, so that what holds for one holds for the other. Time is tokio's.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    Beat, Consumer, Delivered, Depths, Enqueued, Finished, Forgotten, Held, Lane, NewJob, Presence,
    Producer, QueueError, QueueErrorKind,
};

mod state;

use state::{Claim, State};

/// How a local queue is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalSettings {
    /// How long a job is held without a beat.
    pub lease: Duration,
    /// Most jobs held at once, finished ones not counted.
    pub capacity: usize,
}

impl Default for LocalSettings {
    /// A lease of one minute, and room for ten thousand jobs.
    fn default() -> Self {
        Self { lease: Duration::from_secs(60), capacity: 10_000 }
    }
}

/// The queue as a coordinator uses it; clones are the same queue, and read results from the same position on.
#[derive(Clone)]
pub struct LocalQueue {
    inner: Arc<Inner>,
    /// The number of the result read last; all after it are new.
    position: Arc<AtomicU64>,
}

/// The queue as one worker uses it.
pub struct LocalConsumer {
    inner: Arc<Inner>,
    name: String,
}

struct Inner {
    settings: LocalSettings,
    state: Mutex<State>,
    /// Something came onto a lane.
    jobs: Notify,
    /// Something came to the results.
    results: Notify,
}

impl Inner {
    /// Runs one step on the state, as a script runs on the server.
    fn step<T>(&self, run: impl FnOnce(&mut State, Instant) -> T) -> T {
        // A panic in the middle of a step is a bug that has ended a task already; the state is used as it is.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let out = run(&mut state, Instant::now());
        let (jobs, results) = state.news();
        drop(state);
        if jobs {
            self.jobs.notify_waiters();
        }
        if results {
            self.results.notify_waiters();
        }
        out
    }

    /// Looks until something is found or the time is up.
    async fn wait_for<T>(
        &self,
        news: &Notify,
        until: Instant,
        mut look: impl FnMut(&mut State, Instant) -> Vec<T>,
    ) -> Vec<T> {
        loop {
            let notified = news.notified();
            let found = self.step(&mut look);
            if !found.is_empty() || timeout_at(until, notified).await.is_err() {
                return found;
            }
        }
    }
}

impl LocalQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: LocalSettings) -> Self {
        let (jobs, results) = (Notify::new(), Notify::new());
        Self {
            inner: Arc::new(Inner { settings, state: Mutex::new(State::default()), jobs, results }),
            position: Arc::default(),
        }
    }

    /// The same queue for another coordinator, which reads all results from the first on.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), position: Arc::default() }
    }

    /// A worker's side of this queue. The name must be used once only.
    #[must_use]
    pub fn consumer(&self, name: &str) -> LocalConsumer {
        LocalConsumer { inner: Arc::clone(&self.inner), name: name.to_owned() }
    }
}

#[async_trait]
impl Producer for LocalQueue {
    async fn enqueue(&self, epoch: Epoch, jobs: &[NewJob]) -> Result<Vec<Enqueued>, QueueError> {
        let capacity = self.inner.settings.capacity;
        self.inner.step(|state, now| {
            if state.open() + jobs.len() > capacity {
                let text = format!("{} jobs of at most {capacity}", state.open());
                return Err(QueueError::new("put jobs", QueueErrorKind::Full(text)));
            }
            Ok(jobs.iter().map(|job| state.enqueue(epoch, job, now)).collect())
        })
    }

    async fn results(
        &self,
        max: usize,
        wait: Duration,
        again: bool,
    ) -> Result<Vec<Delivered>, QueueError> {
        let until = Instant::now() + wait;
        if again {
            self.position.store(0, Ordering::Relaxed);
        }
        let look = |state: &mut State, _: Instant| {
            let (found, last) = state.results(self.position.load(Ordering::Relaxed), max);
            self.position.store(last, Ordering::Relaxed);
            found
        };
        Ok(self.inner.wait_for(&self.inner.results, until, look).await)
    }

    async fn acknowledge(&self, epoch: Epoch, entries: &[String]) -> Result<Forgotten, QueueError> {
        Ok(self.inner.step(|state, _| state.acknowledge(epoch, entries)))
    }

    async fn maintain(&self) -> Result<(), QueueError> {
        self.inner.step(State::maintain);
        Ok(())
    }

    async fn missing(&self, jobs: &[String]) -> Result<Vec<String>, QueueError> {
        Ok(self.inner.step(|state, _| jobs.iter().filter(|id| !state.knows(id)).cloned().collect()))
    }

    async fn depths(&self) -> Result<Depths, QueueError> {
        Ok(self.inner.step(|state, now| state.depths(now)))
    }

    async fn workers(&self) -> Result<Vec<Presence>, QueueError> {
        Ok(self.inner.step(|state, now| state.workers(now)))
    }

    async fn dead(&self, max: usize) -> Result<Vec<String>, QueueError> {
        Ok(self.inner.step(|state, _| state.dead(max)))
    }
}

#[async_trait]
impl Consumer for LocalConsumer {
    async fn take(
        &self,
        lanes: &[Lane],
        want: usize,
        wait: Duration,
    ) -> Result<Vec<Held>, QueueError> {
        let until = Instant::now() + wait;
        if lanes.is_empty() || want == 0 {
            return Ok(Vec::new());
        }
        let claim = Claim { owner: &self.name, lanes, want, lease: self.inner.settings.lease };
        Ok(self.inner.wait_for(&self.inner.jobs, until, |state, now| state.take(&claim, now)).await)
    }

    async fn beat(&self, job: &Held) -> Result<Beat, QueueError> {
        let lease = self.inner.settings.lease;
        Ok(self.inner.step(|state, now| state.beat(&self.name, job, now + lease)))
    }

    async fn complete(&self, job: &Held, report: &str) -> Result<Finished, QueueError> {
        Ok(self.inner.step(|state, now| state.complete(&self.name, job, report, now)))
    }

    async fn fail(
        &self,
        job: &Held,
        error: &str,
        delay: Duration,
        again: bool,
    ) -> Result<Finished, QueueError> {
        Ok(self.inner.step(|state, now| {
            if again {
                state.fail(&self.name, job, error, now, now + delay)
            } else {
                state.give_up(&self.name, job, error, now)
            }
        }))
    }

    async fn release(&self, job: &Held, delay: Duration) -> Result<Finished, QueueError> {
        Ok(self.inner.step(|state, now| state.release(&self.name, job, now, delay)))
    }

    fn lease(&self) -> Duration {
        self.inner.settings.lease
    }

    async fn announce(&self, presence: &Presence) -> Result<(), QueueError> {
        self.inner.step(|state, now| state.announce(&self.name, presence, now));
        Ok(())
    }

    async fn leave(&self) -> Result<(), QueueError> {
        self.inner.step(|state, _| state.leave(&self.name));
        Ok(())
    }
}
