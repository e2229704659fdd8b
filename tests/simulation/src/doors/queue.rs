//! The queue, from both sides.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use ebs_shared::queue::{
    Beat, Consumer, Delivered, Depths, Enqueued, Finished, Forgotten, Held, Lane, LocalQueue,
    NewJob, Presence, Producer, QueueError, QueueErrorKind,
};

use crate::{
    chaos::{OF_SERVERS, Share},
    memory::Memory,
    process::{Call, Gate, Neighbour},
    server::QueueServer,
};

type Answer<T> = Result<T, QueueError>;

fn call(name: &'static str, share: Share) -> Call<'static> {
    Call { of: Neighbour::Queue, name, share, kinds: OF_SERVERS }
}

fn away(what: &'static str) -> impl FnOnce() -> QueueError {
    move || QueueError::new(what, QueueErrorKind::Away("connection reset".to_owned()))
}

/// The queue as one life of a coordinator has it.
pub struct ProducerDoor {
    /// Its gate.
    pub gate: Gate,
    /// The queue behind it.
    pub server: Arc<QueueServer>,
    /// The coordinator's name, unique to this life.
    pub name: String,
    /// Looked into at each acknowledgement: a moment later the wait for the result may have been given up.
    pub memory: Arc<Memory>,
    /// Jobs of the results that were read and not acknowledged, by entry.
    pub read: Mutex<BTreeMap<String, String>>,
}

impl ProducerDoor {
    fn queue(&self) -> LocalQueue {
        self.server.producer(&self.name)
    }
}

#[async_trait]
impl Producer for ProducerDoor {
    async fn enqueue(&self, epoch: Epoch, jobs: &[NewJob]) -> Answer<Vec<Enqueued>> {
        let queue = self.queue();
        let polls = jobs.iter().all(|job| job.lane == Lane::Watch);
        if !polls {
            let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
            self.gate.ground.story.tell(self.gate.who, format!("enqueue {}", ids.join(" ")));
        }
        let share = if polls { Share::Small } else { Share::Full };
        let sent = AtomicBool::new(false);
        let work = async {
            sent.store(true, Ordering::Relaxed);
            queue.enqueue(epoch, jobs).await
        };
        let failed = || {
            let why = "connection reset".to_owned();
            let kind = match sent.load(Ordering::Relaxed) {
                true => QueueErrorKind::Away(why),
                false => QueueErrorKind::Unreachable(why),
            };
            QueueError::new("enqueue", kind)
        };
        self.gate.pass(call("enqueue", share), work, failed).await
    }
    async fn results(&self, max: usize, wait: Duration, again: bool) -> Answer<Vec<Delivered>> {
        let queue = self.queue();
        let work = queue.results(max, wait, again);
        let found = self.gate.pass(call("results", Share::Small), work, away("results")).await?;
        let jobs = found.iter().map(|result| (result.entry.clone(), result.job.clone()));
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
        Ok(self.gate.delivered("results.parts", found))
    }
    async fn acknowledge(&self, epoch: Epoch, entries: &[String]) -> Answer<Forgotten> {
        let queue = self.queue();
        let jobs: Vec<String> = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            entries.iter().filter_map(|entry| read.remove(entry)).collect()
        };
        let work = async {
            let answer = queue.acknowledge(epoch, entries).await?;
            if answer == Forgotten::Gone {
                self.server.forgotten(self.memory.jobs_waited_for(&jobs));
            }
            Ok(answer)
        };
        self.gate.pass(call("acknowledge", Share::Full), work, away("acknowledge")).await
    }
    async fn maintain(&self) -> Answer<()> {
        let queue = self.queue();
        self.gate.pass(call("maintain", Share::Small), queue.maintain(), away("maintain")).await
    }
    async fn missing(&self, jobs: &[String]) -> Answer<Vec<String>> {
        let queue = self.queue();
        self.gate.pass(call("missing", Share::Small), queue.missing(jobs), away("missing")).await
    }
    async fn depths(&self) -> Answer<Depths> {
        self.queue().depths().await
    }
    async fn workers(&self) -> Answer<Vec<Presence>> {
        self.queue().workers().await
    }
    async fn dead(&self, max: usize) -> Answer<Vec<String>> {
        self.queue().dead(max).await
    }
}

/// The queue as one life of a worker has it.
pub struct ConsumerDoor {
    /// Its gate.
    pub gate: Gate,
    /// The queue behind it.
    pub server: Arc<QueueServer>,
    /// The worker's name, unique to this life.
    pub name: String,
}

#[async_trait]
impl Consumer for ConsumerDoor {
    async fn take(&self, lanes: &[Lane], want: usize, wait: Duration) -> Answer<Vec<Held>> {
        let queue = self.server.consumer(&self.name);
        let work = queue.take(lanes, want, wait);
        self.gate.pass(call("take", Share::Small), work, away("take")).await
    }
    async fn beat(&self, job: &Held) -> Answer<Beat> {
        let queue = self.server.consumer(&self.name);
        self.gate.pass(call("beat", Share::Small), queue.beat(job), away("beat")).await
    }
    async fn complete(&self, job: &Held, report: &str) -> Answer<Finished> {
        let queue = self.server.consumer(&self.name);
        let share = if job.lane == Lane::Watch { Share::Small } else { Share::Full };
        if share == Share::Full {
            self.gate.ground.story.tell(self.gate.who, format!("complete {}", job.id));
        }
        self.gate.pass(call("complete", share), queue.complete(job, report), away("complete")).await
    }
    async fn fail(
        &self,
        job: &Held,
        error: &str,
        delay: Duration,
        again: bool,
    ) -> Answer<Finished> {
        let queue = self.server.consumer(&self.name);
        self.gate.ground.story.tell(self.gate.who, format!("fail {}: {error}", job.id));
        let work = queue.fail(job, error, delay, again);
        self.gate.pass(call("fail", Share::Full), work, away("fail")).await
    }
    async fn release(&self, job: &Held, delay: Duration) -> Answer<Finished> {
        let queue = self.server.consumer(&self.name);
        self.gate
            .pass(call("release", Share::Full), queue.release(job, delay), away("release"))
            .await
    }
    fn lease(&self) -> Duration {
        self.server.lease()
    }
    async fn announce(&self, presence: &Presence) -> Answer<()> {
        let queue = self.server.consumer(&self.name);
        self.gate
            .pass(call("announce", Share::Small), queue.announce(presence), away("announce"))
            .await
    }
    async fn leave(&self) -> Answer<()> {
        let queue = self.server.consumer(&self.name);
        self.gate.pass(call("leave", Share::Full), queue.leave(), away("leave")).await
    }
}
