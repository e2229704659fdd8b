//! A worker's side.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    RedisSettings,
    keys::GROUP,
    link::{BLOCK_LIMIT, Link},
    producer::{KEEP_SECONDS, Streams, garbled, millis},
    script::{Call, Transaction},
};
use crate::queue::{Beat, Consumer, Finished, Held, Lane, MAX_HOLDERS, Presence, QueueError};

/// How long a presence is believed: three announcements.
const PRESENCE: Duration = Duration::from_secs(30);

/// The queue as one worker uses it.
pub struct RedisConsumer {
    link: Link,
    lease: Duration,
    name: String,
}

/// An entry that was delivered to us and is not begun.
#[derive(Clone, Debug)]
struct Entry {
    lane: Lane,
    entry: String,
    job: String,
}

/// The answer of the begin script, when the job is ours.
type Begun = (u64, String, String, String, u64);

impl RedisConsumer {
    /// A consumer of this name for this server; connects when it is first used. The name must be new with each start of
    /// a process, or the entries of an earlier one look alive.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(settings: &RedisSettings, name: &str) -> Result<Self, QueueError> {
        Ok(Self { link: Link::new(settings)?, lease: settings.lease, name: name.to_owned() })
    }

    async fn claim(&self, lanes: &[Lane], want: usize) -> Result<Vec<Entry>, QueueError> {
        let keys: Vec<String> = lanes.iter().map(|lane| self.link.keys.lane(*lane)).collect();
        let call = Call::of(Transaction::Claim).key(keys).arg(GROUP).arg(&self.name).arg(want);
        let found: Vec<(usize, String, String)> = self.link.one("take jobs", call).await?;
        found
            .into_iter()
            .map(|(index, entry, job)| {
                match index.checked_sub(1).and_then(|index| lanes.get(index)) {
                    Some(lane) => Ok(Entry { lane: *lane, entry, job }),
                    None => Err(garbled("take jobs", &entry)),
                }
            })
            .collect()
    }

    /// Waits for the first entry. The lanes were empty a moment ago, so this brings one, or one of each lane.
    async fn wait(&self, lanes: &[Lane], wait: Duration) -> Result<Vec<Entry>, QueueError> {
        let keys: Vec<String> = lanes.iter().map(|lane| self.link.keys.lane(*lane)).collect();
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(1);
        read.arg("BLOCK").arg(millis(wait.min(BLOCK_LIMIT)).max(1));
        read.arg("STREAMS").arg(&keys).arg(vec![">"; keys.len()]);
        let streams: Streams = self.link.read("wait for jobs", &read).await?.unwrap_or_default();
        let mut found = Vec::new();
        for (key, entries) in streams {
            let lane =
                self.link.keys.lane_of(&key).ok_or_else(|| garbled("wait for jobs", &key))?;
            for (entry, fields) in entries {
                let job = fields
                    .unwrap_or_default()
                    .remove("j")
                    .ok_or_else(|| garbled("wait for jobs", &entry))?;
                found.push(Entry { lane, entry, job });
            }
        }
        found.sort_by_key(|entry| entry.lane);
        Ok(found)
    }

    /// Begins what was delivered; what others have finished or begun meanwhile is left out.
    async fn begin(&self, entries: Vec<Entry>) -> Result<Vec<Held>, QueueError> {
        let begun = Instant::now();
        let calls = entries
            .iter()
            .map(|entry| {
                self.call(Transaction::Begin, entry).arg(millis(self.lease)).arg(MAX_HOLDERS)
            })
            .collect();
        let answers: Vec<Option<Begun>> = self.link.all("begin jobs", calls).await?;
        let held = entries.into_iter().zip(answers).filter_map(|(entry, answer)| {
            let (fence, payload, kind, what, redeliver) = answer?;
            Some(Held {
                id: entry.job,
                lane: entry.lane,
                kind,
                what,
                payload,
                // Each begin raises the fence, also one whose attempt was given back by a release.
                attempt: u32::try_from(fence).unwrap_or(u32::MAX),
                fence,
                redeliver_after: Duration::from_millis(redeliver),
                begun,
                entry: entry.entry,
            })
        });
        Ok(held.collect())
    }

    /// Gives back what was delivered beyond what is wanted.
    async fn give_back(&self, entries: &[Entry]) -> Result<(), QueueError> {
        let calls: Vec<Call> = entries
            .iter()
            .map(|entry| {
                let call = Call::of(Transaction::Release)
                    .key(self.link.keys.job(&entry.job))
                    .key(self.link.keys.lane(entry.lane))
                    .key(self.link.keys.due());
                call.arg(GROUP).arg(&self.name).arg(&entry.entry).arg("").arg(&entry.job).arg(0)
            })
            .collect();
        if !calls.is_empty() {
            self.link.all::<String>("give jobs back", calls).await?;
        }
        Ok(())
    }

    /// A call about an entry: job and lane as keys; group, consumer and entry as arguments.
    fn call(&self, transaction: Transaction, entry: &Entry) -> Call {
        Call::of(transaction)
            .key(self.link.keys.job(&entry.job))
            .key(self.link.keys.lane(entry.lane))
            .arg(GROUP)
            .arg(&self.name)
            .arg(&entry.entry)
    }

    fn about(&self, transaction: Transaction, job: &Held) -> Call {
        self.call(
            transaction,
            &Entry { lane: job.lane, entry: job.entry.clone(), job: job.id.clone() },
        )
    }

    async fn finish(&self, what: &'static str, call: Call) -> Result<Finished, QueueError> {
        let answer: String = self.link.one(what, call).await?;
        match answer.as_str() {
            "OK" => Ok(Finished::Recorded),
            "STALE" => Ok(Finished::Stale),
            _ => Err(garbled(what, &answer)),
        }
    }
}

#[async_trait]
impl Consumer for RedisConsumer {
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
        loop {
            let mut entries = self.claim(lanes, want).await?;
            let left = until.saturating_duration_since(Instant::now());
            if entries.is_empty() {
                if left.is_zero() {
                    return Ok(Vec::new());
                }
                entries = self.wait(lanes, left).await?;
                let surplus = entries.split_off(want.min(entries.len()));
                self.give_back(&surplus).await?;
            }
            if !entries.is_empty() {
                let held = self.begin(entries).await?;
                if !held.is_empty() {
                    return Ok(held);
                }
            }
        }
    }

    async fn beat(&self, job: &Held) -> Result<Beat, QueueError> {
        let call = self.about(Transaction::Heartbeat, job).arg(millis(self.lease)).arg(job.fence);
        let answer: String = self.link.one("renew a lease", call).await?;
        match answer.as_str() {
            "OK" => Ok(Beat::Held),
            "LOST" => Ok(Beat::Lost),
            _ => Err(garbled("renew a lease", &answer)),
        }
    }

    async fn complete(&self, job: &Held, report: &str) -> Result<Finished, QueueError> {
        let call = self.about(Transaction::Complete, job).key(self.link.keys.results());
        self.finish(
            "complete a job",
            call.arg(job.fence).arg(&job.id).arg(report).arg(KEEP_SECONDS),
        )
        .await
    }

    async fn fail(
        &self,
        job: &Held,
        error: &str,
        delay: Duration,
        again: bool,
    ) -> Result<Finished, QueueError> {
        let keys = &self.link.keys;
        let call =
            self.about(Transaction::Fail, job).key(keys.due()).key(keys.dead()).key(keys.results());
        let call =
            call.arg(job.fence).arg(&job.id).arg(error).arg(millis(delay)).arg(u8::from(again));
        self.finish("fail a job", call.arg(KEEP_SECONDS)).await
    }

    async fn release(&self, job: &Held, delay: Duration) -> Result<Finished, QueueError> {
        let call = self.about(Transaction::Release, job).key(self.link.keys.due());
        self.finish("hand a job back", call.arg(job.fence).arg(&job.id).arg(millis(delay))).await
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    async fn announce(&self, presence: &Presence) -> Result<(), QueueError> {
        let text = serde_json::to_string(presence)
            .map_err(|error| garbled("announce a worker", &error.to_string()))?;
        let call = Call::of(Transaction::Announce)
            .key(self.link.keys.worker(&self.name))
            .key(self.link.keys.workers())
            .arg(&self.name)
            .arg(text)
            .arg(millis(PRESENCE));
        self.link.one::<()>("announce a worker", call).await
    }

    async fn leave(&self) -> Result<(), QueueError> {
        let call = Call::of(Transaction::Leave)
            .key(self.link.keys.worker(&self.name))
            .key(self.link.keys.workers())
            .key(Lane::ALL.map(|lane| self.link.keys.lane(lane)).to_vec())
            .arg(GROUP)
            .arg(&self.name);
        self.link.one::<()>("take leave", call).await
    }
}
