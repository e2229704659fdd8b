//! What a queue promises. Payloads are opaque text here; their shape is in [`crate::job`].
//!
//! Delivery is at least once; the recorded result is once. A job is held under a lease that its holder renews; a job whose
//! lease ran out is handed out again after a delay. Nothing here retries work by itself except that.

use std::time::Duration;

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::error::QueueError;

/// A lane: workers take from `Submit` first, and keep one slot for `Watch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Effects that workers run.
    Submit,
    /// Polls.
    Watch,
}

impl Lane {
    /// Both, in order of priority.
    pub const ALL: [Self; 2] = [Self::Submit, Self::Watch];

    /// Its name on the wire and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Watch => "watch",
        }
    }
}

/// A job as it is put on the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Effect or watch id + run: the same id asks for the same work.
    pub id: String,
    /// Where it goes.
    pub lane: Lane,
    /// What kind of work, for people and for metrics.
    pub kind: &'static str,
    /// One line for people, such as `build zlib-ng into eln-build-side-100042, attempt 2`.
    pub what: String,
    /// The work itself.
    pub payload: String,
    /// How often it may begin before it is set aside as dead.
    pub max_attempts: u32,
    /// How long after a holder's death it is handed out again: `doubt_wait` for jobs that create something outside.
    pub redeliver_after: Duration,
}

/// What became of asking for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is on the queue now.
    New,
    /// It was there already, perhaps finished: as good as new.
    Duplicate,
    /// A newer epoch has been seen: the caller leads no more.
    Fenced,
}

/// A job in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// Its lane.
    pub lane: Lane,
    /// What kind of work.
    pub kind: String,
    /// The line for people.
    pub what: String,
    /// The work.
    pub payload: String,
    /// How often it has begun, this time included; above 1 an earlier holder may have acted.
    pub attempt: u32,
    /// The fence: rises with each begin, and only the newest may finish the job.
    pub fence: u64,
    /// As in [`NewJob`]: how long to wait before anyone else may begin it, when this holder stops in the middle.
    pub redeliver_after: Duration,
    /// A moment not after its begin: its lease counts from here.
    pub begun: Instant,
    /// Where it stands in its stream; opaque to the worker.
    pub entry: String,
}

/// Whether a holder may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease is renewed.
    Held,
    /// The job is someone else's or nobody's now: stop.
    Lost,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// Recorded now, or by an earlier sending of the same report.
    Recorded,
    /// The job was not the caller's any more: the report is discarded.
    Stale,
}

/// A result on its way to the coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands in the results stream; to be acknowledged.
    pub entry: String,
    /// The job's id.
    pub job: String,
    /// What it says.
    pub end: JobEnd,
}

/// Most holders of a job that are remembered.
pub const MAX_HOLDERS: usize = 10;

/// What became of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// The results are gone.
    Gone,
    /// Refused: the queue has seen a newer epoch.
    Fenced,
}

/// What a result says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The worker's report.
    Done(String),
    /// The job used up its attempts and is set aside.
    Dead {
        /// The last error.
        error: String,
        /// How often it began; 0 if that is not known.
        attempts: u32,
        /// Who held it, the last [`MAX_HOLDERS`], the latest last; none if that is not known.
        workers: Vec<String>,
    },
}

/// What a queue holds, for metrics and readiness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// Per lane in the order of [`Lane::ALL`]: entries waiting or held, and the age of the oldest.
    pub lanes: [(u64, Duration); 2],
    /// Jobs that wait for their time.
    pub scheduled: u64,
    /// Jobs set aside.
    pub dead: u64,
    /// Results not yet acknowledged.
    pub results: u64,
}

/// What a worker tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Its name, unique per start of a process.
    pub worker: String,
    /// Version of the program.
    pub version: String,
    /// How many jobs it runs at once.
    pub slots: usize,
    /// How many it runs now.
    pub busy: usize,
    /// Whether it takes no more.
    pub draining: bool,
}

/// The coordinator's side.
///
/// # Errors
///
/// All methods fail with a [`QueueError`], after which the same call may be repeated.
#[async_trait]
pub trait Producer: Send + Sync {
    /// Puts jobs on the queue, in order. `Fenced` for all from the first one refused.
    async fn enqueue(&self, epoch: Epoch, jobs: &[NewJob]) -> Result<Vec<Enqueued>, QueueError>;
    /// Results not yet acknowledged, at most `max`, waiting up to `wait` for the first. `again` asks for those delivered
    /// before and not acknowledged: once after each start and each failure, since what was given unheard is not given anew.
    async fn results(
        &self,
        max: usize,
        wait: Duration,
        again: bool,
    ) -> Result<Vec<Delivered>, QueueError>;
    /// Forgets results that are stored now, or that say nothing to the leader of this epoch. An older epoch forgets none:
    /// what says nothing to a leader of before may be what its successor waits for.
    async fn acknowledge(&self, epoch: Epoch, entries: &[String]) -> Result<Forgotten, QueueError>;
    /// Moves what is due, hands abandoned jobs out again, sets dead ones aside. To be called several times a lease.
    async fn maintain(&self) -> Result<(), QueueError>;
    /// Which of these jobs the queue does not know, or has lost the entry of: to be put on it again.
    async fn missing(&self, jobs: &[String]) -> Result<Vec<String>, QueueError>;
    /// What it holds.
    async fn depths(&self) -> Result<Depths, QueueError>;
    /// Workers that told of themselves lately.
    async fn workers(&self) -> Result<Vec<Presence>, QueueError>;
    /// Ids of the jobs set aside, oldest first.
    async fn dead(&self, max: usize) -> Result<Vec<String>, QueueError>;
}

/// A worker's side.
///
/// # Errors
///
/// All methods fail with a [`QueueError`], after which the same call may be repeated.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Takes up to `want` jobs of these lanes, in their order, and begins them; waits up to `wait` for the first. Dropping
    /// the future may leave jobs delivered to nobody until their lease has run out: let it end.
    async fn take(
        &self,
        lanes: &[Lane],
        want: usize,
        wait: Duration,
    ) -> Result<Vec<Held>, QueueError>;
    /// Renews the lease of a held job; to be called every third of [`Consumer::lease`].
    async fn beat(&self, job: &Held) -> Result<Beat, QueueError>;
    /// Ends a job with a report.
    async fn complete(&self, job: &Held, report: &str) -> Result<Finished, QueueError>;
    /// Ends a try that went wrong inside the worker (not: an unavailable Koji, which is a report). Tried again after
    /// `delay` until its attempts are used up, or set aside at once unless `again`.
    async fn fail(
        &self,
        job: &Held,
        error: &str,
        delay: Duration,
        again: bool,
    ) -> Result<Finished, QueueError>;
    /// Hands a job back unharmed: at the end of a process, or one that this program cannot read.
    async fn release(&self, job: &Held, delay: Duration) -> Result<Finished, QueueError>;
    /// How long a job is held without a beat.
    fn lease(&self) -> Duration;
    /// Tells of this worker; to be repeated every ten seconds.
    async fn announce(&self, presence: &Presence) -> Result<(), QueueError>;
    /// Takes leave: no presence, no consumer left behind.
    async fn leave(&self) -> Result<(), QueueError>;
}
