//! The coordinator's side.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use tokio::{sync::Mutex, time::Instant};

use super::{
    RedisSettings,
    keys::GROUP,
    link::{BLOCK_LIMIT, Link},
    script::{Call, Transaction},
};
use crate::queue::{
    Delivered, Depths, Enqueued, Forgotten, JobEnd, Lane, NewJob, Presence, Producer, QueueError,
    QueueErrorKind,
};

/// Most calls sent at once.
const PIPELINE: usize = 250;
/// Most jobs moved, or looked at by the reaper, in one script.
const BATCH: usize = 100;
/// Most rounds of moving in one call of `maintain`: what is left is moved by the next.
const ROUNDS: usize = 50;
/// How often a job may be delivered without being begun: each time it may have killed its process.
const MAX_UNBEGUN: u32 = 10;
/// How long finished and dead jobs are remembered.
pub(super) const KEEP_SECONDS: u64 = 3600;
/// How long the consumers of crashed workers are kept.
const CONSUMER_IDLE: Duration = Duration::from_secs(600);
/// Most workers told of.
const MAX_WORKERS: usize = 1000;

/// The queue as a coordinator uses it.
pub struct RedisProducer {
    link: Link,
    lease: Duration,
    /// The result read last; all after it are new.
    position: Mutex<String>,
}

/// One stream of an answer: its key and its entries, each an id and fields.
pub(super) type Streams = Vec<(String, Vec<(String, Option<BTreeMap<String, String>>)>)>;

const BEGINNING: &str = "0-0";

impl RedisProducer {
    /// A producer for this server; connects when it is first used.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(settings: &RedisSettings) -> Result<Self, QueueError> {
        Ok(Self {
            link: Link::new(settings)?,
            lease: settings.lease,
            position: Mutex::new(BEGINNING.to_owned()),
        })
    }

    fn enqueueing(&self, epoch: Epoch, job: &NewJob) -> Call {
        let keys = &self.link.keys;
        Call::of(Transaction::Enqueue)
            .key(keys.job(&job.id))
            .key(keys.lane(job.lane))
            .key(keys.due())
            .key(keys.epoch())
            .arg(epoch.get())
            .arg(&job.id)
            .arg(job.lane.as_str())
            .arg(job.kind)
            .arg(&job.what)
            .arg(&job.payload)
            .arg(job.max_attempts)
            .arg(millis(job.redeliver_after))
    }

    fn reaping(&self, lane: Lane) -> Call {
        let keys = &self.link.keys;
        Call::of(Transaction::Reap)
            .key(keys.lane(lane))
            .key(keys.due())
            .key(keys.dead())
            .key(keys.results())
            .arg(GROUP)
            .arg(millis(self.lease))
            .arg(BATCH)
            .arg(keys.tag())
            .arg(MAX_UNBEGUN)
            .arg(KEEP_SECONDS)
    }

    async fn move_due(&self) -> Result<(), QueueError> {
        for _ in 0..ROUNDS {
            let call = Call::of(Transaction::Move)
                .key(self.link.keys.due())
                .arg(BATCH)
                .arg(self.link.keys.tag());
            let moved: usize = self.link.one("move due jobs", call).await?;
            if moved < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// One read of at most [`BLOCK_LIMIT`].
    async fn read_results(
        &self,
        after: &str,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, QueueError> {
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(max);
        if !wait.is_zero() {
            read.arg("BLOCK").arg(millis(wait.min(BLOCK_LIMIT)).max(1));
        }
        read.arg("STREAMS").arg(self.link.keys.results()).arg(after);
        let streams: Streams = self.link.read("read results", &read).await?.unwrap_or_default();
        streams.into_iter().flat_map(|(_, entries)| entries).map(delivered).collect()
    }
}

#[async_trait]
impl Producer for RedisProducer {
    async fn enqueue(&self, epoch: Epoch, jobs: &[NewJob]) -> Result<Vec<Enqueued>, QueueError> {
        let mut out = Vec::with_capacity(jobs.len());
        for some in jobs.chunks(PIPELINE) {
            let calls = some.iter().map(|job| self.enqueueing(epoch, job)).collect();
            let answers = self.link.all("put jobs", calls).await;
            let answers: Vec<String> = answers.map_err(|error| {
                // Those before these are on it.
                if let (QueueErrorKind::Unreachable(text), false) = (&error.kind, out.is_empty()) {
                    return QueueError::new(error.what, QueueErrorKind::Away(text.clone()));
                }
                error
            })?;
            for answer in answers {
                out.push(match answer.as_str() {
                    "NEW" => Enqueued::New,
                    "DUPLICATE" => Enqueued::Duplicate,
                    "FENCED" => Enqueued::Fenced,
                    _ => return Err(garbled("put jobs", &answer)),
                });
            }
            if out.contains(&Enqueued::Fenced) {
                break;
            }
        }
        out.resize(jobs.len(), Enqueued::Fenced);
        Ok(out)
    }

    async fn results(
        &self,
        max: usize,
        wait: Duration,
        again: bool,
    ) -> Result<Vec<Delivered>, QueueError> {
        let mut position = self.position.lock().await;
        if again {
            BEGINNING.clone_into(&mut position);
        }
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let found = match self.read_results(&position, max, left).await {
                Ok(found) => found,
                Err(error) => {
                    // A server that was replaced may count entries from a lower number: begin again. What is
                    // delivered twice for that is known by its job.
                    BEGINNING.clone_into(&mut position);
                    return Err(error);
                }
            };
            if let Some(last) = found.last() {
                last.entry.clone_into(&mut position);
                return Ok(found);
            }
            if left.is_zero() {
                return Ok(found);
            }
        }
    }

    async fn acknowledge(&self, epoch: Epoch, entries: &[String]) -> Result<Forgotten, QueueError> {
        let keys = &self.link.keys;
        for some in entries.chunks(PIPELINE) {
            let call = Call::of(Transaction::Acknowledge)
                .key(keys.results())
                .key(keys.epoch())
                .arg(epoch.get())
                .arg(some);
            let answer: String = self.link.one("acknowledge results", call).await?;
            match answer.as_str() {
                "OK" => {}
                "FENCED" => return Ok(Forgotten::Fenced),
                _ => return Err(garbled("acknowledge results", &answer)),
            }
        }
        Ok(Forgotten::Gone)
    }

    async fn maintain(&self) -> Result<(), QueueError> {
        let keys = &self.link.keys;
        let reaping = Lane::ALL.map(|lane| self.reaping(lane)).to_vec();
        let counts: Vec<(u64, u64)> = self.link.all("take back abandoned jobs", reaping).await?;
        let (again, dead) =
            counts.iter().fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1));
        if again + dead > 0 {
            tracing::warn!(
                jobs.again = again,
                jobs.dead = dead,
                "jobs were abandoned by their holders"
            );
        }
        let sweep = Call::of(Transaction::Sweep)
            .key(Lane::ALL.map(|lane| keys.lane(lane)).to_vec())
            .arg(GROUP)
            .arg(millis(CONSUMER_IDLE.max(self.lease * 2)));
        self.link.one::<u64>("remove old consumers", sweep).await?;
        self.move_due().await
    }

    async fn missing(&self, jobs: &[String]) -> Result<Vec<String>, QueueError> {
        let mut out = Vec::new();
        for some in jobs.chunks(PIPELINE) {
            let call = Call::of(Transaction::Missing)
                .key(self.link.keys.due())
                .arg(self.link.keys.tag())
                .arg(some);
            out.extend(self.link.one::<Vec<String>>("look for missing jobs", call).await?);
        }
        Ok(out)
    }

    async fn depths(&self) -> Result<Depths, QueueError> {
        let keys = &self.link.keys;
        let call = Call::of(Transaction::Depths)
            .key(keys.due())
            .key(keys.dead())
            .key(keys.results())
            .key(Lane::ALL.map(|lane| keys.lane(lane)).to_vec());
        let numbers: Vec<u64> = self.link.one("measure", call).await?;
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
        Ok(Depths {
            lanes: [(at(3), Duration::from_millis(at(4))), (at(5), Duration::from_millis(at(6)))],
            scheduled: at(0),
            dead: at(1),
            results: at(2),
        })
    }

    async fn workers(&self) -> Result<Vec<Presence>, QueueError> {
        let keys = &self.link.keys;
        let call =
            Call::of(Transaction::Workers).key(keys.workers()).arg(keys.tag()).arg(MAX_WORKERS);
        let told: Vec<String> = self.link.one("list workers", call).await?;
        // What another version tells and this one cannot read is left out.
        Ok(told.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    async fn dead(&self, max: usize) -> Result<Vec<String>, QueueError> {
        let mut command = redis::cmd("ZRANGE");
        command
            .arg(self.link.keys.dead())
            .arg("-inf")
            .arg("+inf")
            .arg("BYSCORE")
            .arg("LIMIT")
            .arg(0)
            .arg(max);
        self.link.command("list dead jobs", &command).await
    }
}

fn delivered(
    (entry, fields): (String, Option<BTreeMap<String, String>>),
) -> Result<Delivered, QueueError> {
    let mut fields = fields.unwrap_or_default();
    let attempts = fields.get("a").and_then(|text| text.parse().ok());
    let names = fields.get("w").map(String::as_str).unwrap_or_default();
    let workers = names.split_whitespace().map(str::to_owned).collect();
    let mut field = |name: &str| fields.remove(name).ok_or_else(|| garbled("read results", &entry));
    let (job, kind, text) = (field("j")?, field("k")?, field("r")?);
    let end = match kind.as_str() {
        "done" => JobEnd::Done(text),
        // A program of before count and holders were told left them out.
        "dead" => JobEnd::Dead { error: text, attempts: attempts.unwrap_or(0), workers },
        _ => return Err(garbled("read results", &kind)),
    };
    Ok(Delivered { entry, job, end })
}

/// Whole milliseconds for the wire.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// An answer of a script that this program does not know.
pub(super) fn garbled(what: &'static str, answer: &str) -> QueueError {
    QueueError::new(what, QueueErrorKind::Garbled(answer.chars().take(200).collect()))
}
