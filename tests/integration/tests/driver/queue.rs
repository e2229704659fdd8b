//! A queue that can be wiped in the middle, and that can lose what a worker reports.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use ebs_shared::queue::{
    Beat, Consumer, Delivered, Depths, Enqueued, Finished, Forgotten, Held, Lane, LocalConsumer,
    LocalQueue, LocalSettings, NewJob, Presence, Producer, QueueError, QueueErrorKind,
};

/// How long a job is held without a beat.
pub(crate) const LEASE: Duration = Duration::from_secs(120);

struct Sides {
    queue: LocalQueue,
    consumer: Arc<LocalConsumer>,
    /// Lanes of which workers get nothing.
    held_back: &'static [Lane],
    /// Parts of the ids of jobs whose next result is lost.
    lose: BTreeSet<&'static str>,
    /// Part of the id of a job: that it was taken is not heard, once.
    unheard: Option<&'static str>,
    /// Part of the id of a job: that its result was read is not heard, once.
    unread: Option<&'static str>,
    /// Part of the id of a job: it does not reach the queue, once.
    unreached: Option<&'static str>,
    /// Whether it answers its reader and its upkeep no more.
    still: bool,
    /// All jobs that were put on it, by id, with when.
    asked: Vec<(tokio::time::Instant, String)>,
    /// The epoch under which jobs were put on it last.
    epoch: Option<Epoch>,
}

/// Both sides of the queue.
pub(crate) struct Queue(Mutex<Sides>);

impl Queue {
    pub(crate) fn new() -> Self {
        let queue = LocalQueue::new(LocalSettings { lease: LEASE, ..LocalSettings::default() });
        let consumer = Arc::new(queue.consumer("w0"));
        let (lose, asked) = (BTreeSet::new(), Vec::new());
        Self(Mutex::new(Sides {
            queue,
            consumer,
            held_back: &[],
            lose,
            unheard: None,
            unread: None,
            unreached: None,
            still: false,
            asked,
            epoch: None,
        }))
    }

    fn sides(&self) -> MutexGuard<'_, Sides> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> LocalQueue {
        self.sides().queue.clone()
    }

    fn consumer(&self) -> Arc<LocalConsumer> {
        Arc::clone(&self.sides().consumer)
    }

    /// Forgets everything, as a wiped Redis does.
    pub(crate) fn wipe(&self) {
        let fresh = Self::new().0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut sides = self.sides();
        (sides.queue, sides.consumer) = (fresh.queue, fresh.consumer);
    }

    /// Loses the next result of a job whose id has this in it.
    pub(crate) fn lose_result(&self, of: &'static str) {
        self.sides().lose.insert(of);
    }

    /// Takes the next job whose id has this in it, and those beside it, without being heard.
    pub(crate) fn be_unheard(&self, of: &'static str) {
        self.sides().unheard = Some(of);
    }

    /// Gives the next result of a job whose id has this in it, and those beside it, without being heard.
    pub(crate) fn be_unread(&self, of: &'static str) {
        self.sides().unread = Some(of);
    }

    /// Is not reached with the next job whose id has this in it, nor with those beside it.
    pub(crate) fn be_unreachable(&self, of: &'static str) {
        self.sides().unreached = Some(of);
    }

    /// Answers its reader and its upkeep no more: not even with an error.
    pub(crate) fn stand_still(&self) {
        self.sides().still = true;
    }

    async fn answers(&self) {
        if self.sides().still {
            std::future::pending().await
        }
    }

    /// Gives workers nothing of these lanes from now on.
    pub(crate) fn hold_back(&self, lanes: &'static [Lane]) {
        self.sides().held_back = lanes;
    }

    /// Takes a submission whether it is held back or not.
    pub(crate) async fn take_held_back(&self) -> Answer<Option<Held>> {
        Ok(self.consumer().take(&[Lane::Submit], 1, Duration::ZERO).await?.pop())
    }

    /// Lets a job be set aside.
    pub(crate) async fn kill(&self, held: &Held) -> Answer<Finished> {
        self.consumer().fail(held, "it kills workers", Duration::ZERO, false).await
    }

    /// Hands a job back unharmed.
    pub(crate) async fn hand_back(&self, held: &Held) -> Answer<()> {
        self.consumer().release(held, Duration::ZERO).await.map(drop)
    }

    /// Whether nothing is to be lost any more.
    pub(crate) fn has_lost_all(&self) -> bool {
        self.sides().lose.is_empty()
    }

    /// Ids of the jobs that were put on it since then.
    pub(crate) fn asked_since(&self, since: tokio::time::Instant) -> Vec<String> {
        let sides = self.sides();
        sides.asked.iter().filter(|(at, _)| *at >= since).map(|(_, id)| id.clone()).collect()
    }
}

type Answer<T> = Result<T, QueueError>;

#[async_trait]
impl Producer for Queue {
    async fn enqueue(&self, epoch: Epoch, jobs: &[NewJob]) -> Answer<Vec<Enqueued>> {
        let now = tokio::time::Instant::now();
        let is_meant = |of: &mut &str| jobs.iter().any(|job| job.id.contains(*of));
        if self.sides().unreached.take_if(is_meant).is_some() {
            let why = "connection refused".to_owned();
            return Err(QueueError::new("enqueue", QueueErrorKind::Unreachable(why)));
        }
        self.sides().epoch = Some(epoch);
        self.sides().asked.extend(jobs.iter().map(|job| (now, job.id.clone())));
        let answers = self.queue().enqueue(epoch, jobs).await?;
        match self.sides().unheard.take_if(is_meant) {
            Some(_) => {
                Err(QueueError::new("enqueue", QueueErrorKind::Away("no answer".to_owned())))
            }
            None => Ok(answers),
        }
    }
    async fn results(&self, max: usize, wait: Duration, again: bool) -> Answer<Vec<Delivered>> {
        self.answers().await;
        let mut results = self.queue().results(max, wait, again).await?;
        let is_meant = |of: &mut &str| results.iter().any(|result| result.job.contains(*of));
        if self.sides().unread.take_if(is_meant).is_some() {
            let why = "no answer".to_owned();
            return Err(QueueError::new("read results", QueueErrorKind::Away(why)));
        }
        let mut lost = Vec::new();
        results.retain(|result| {
            let mut sides = self.sides();
            let of = sides.lose.iter().copied().find(|of| result.job.contains(*of));
            let Some(of) = of else { return true };
            sides.lose.remove(of);
            lost.push(result.entry.clone());
            false
        });
        let epoch = self.sides().epoch;
        if let Some(epoch) = epoch {
            let _fenced_or_not = self.queue().acknowledge(epoch, &lost).await?;
        }
        Ok(results)
    }
    async fn acknowledge(&self, epoch: Epoch, entries: &[String]) -> Answer<Forgotten> {
        self.queue().acknowledge(epoch, entries).await
    }
    async fn maintain(&self) -> Answer<()> {
        self.answers().await;
        self.queue().maintain().await
    }
    async fn missing(&self, jobs: &[String]) -> Answer<Vec<String>> {
        self.queue().missing(jobs).await
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

#[async_trait]
impl Consumer for Queue {
    async fn take(&self, lanes: &[Lane], want: usize, wait: Duration) -> Answer<Vec<Held>> {
        let held_back = self.sides().held_back;
        let open: Vec<Lane> =
            lanes.iter().copied().filter(|lane| !held_back.contains(lane)).collect();
        if open.is_empty() {
            tokio::time::sleep(wait).await;
            return Ok(Vec::new());
        }
        self.consumer().take(&open, want, wait).await
    }
    async fn beat(&self, job: &Held) -> Answer<Beat> {
        self.consumer().beat(job).await
    }
    async fn complete(&self, job: &Held, report: &str) -> Answer<Finished> {
        self.consumer().complete(job, report).await
    }
    async fn fail(
        &self,
        job: &Held,
        error: &str,
        delay: Duration,
        again: bool,
    ) -> Answer<Finished> {
        self.consumer().fail(job, error, delay, again).await
    }
    async fn release(&self, job: &Held, delay: Duration) -> Answer<Finished> {
        self.consumer().release(job, delay).await
    }
    fn lease(&self) -> Duration {
        LEASE
    }
    async fn announce(&self, presence: &Presence) -> Answer<()> {
        self.consumer().announce(presence).await
    }
    async fn leave(&self) -> Answer<()> {
        self.consumer().leave().await
    }
}
