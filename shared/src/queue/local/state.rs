//! What a local queue holds, and each step on it. Does *not* wait and reads no clock: the time is an argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ebs_domain::id::Epoch;
use tokio::time::Instant;

use crate::queue::{
    Beat, Delivered, Depths, Enqueued, Finished, Forgotten, Held, JobEnd, Lane, MAX_HOLDERS,
    NewJob, Presence,
};

/// How long finished and dead jobs are remembered.
const KEEP: Duration = Duration::from_secs(3600);
/// How long a presence is believed: three announcements.
const PRESENCE: Duration = Duration::from_secs(30);

/// Everything the queue holds.
#[derive(Default)]
pub(super) struct State {
    epoch: Option<Epoch>,
    jobs: BTreeMap<String, Job>,
    /// Jobs that wait to be taken, by the number of their entry.
    waiting: BTreeMap<(Lane, u64), String>,
    results: BTreeMap<u64, (String, JobEnd)>,
    /// The newest number given to an entry or a result.
    newest: u64,
    workers: BTreeMap<String, (Instant, Presence)>,
    new_jobs: bool,
    new_results: bool,
}

struct Job {
    new: NewJob,
    attempts: u32,
    fence: u64,
    /// Who held it, the latest last.
    holders: Vec<String>,
    place: Place,
}

/// Where a job is.
enum Place {
    Scheduled { due: Instant },
    Queued { entry: u64, since: Instant },
    Running { owner: String, since: Instant, lease_end: Instant },
    Done { owner: String, until: Instant },
    Dead { since: Instant },
}

/// What a worker wants.
pub(super) struct Claim<'a> {
    pub(super) owner: &'a str,
    pub(super) lanes: &'a [Lane],
    pub(super) want: usize,
    pub(super) lease: Duration,
}

impl State {
    /// Whether jobs and results have come since this was asked last.
    pub(super) fn news(&mut self) -> (bool, bool) {
        (std::mem::take(&mut self.new_jobs), std::mem::take(&mut self.new_results))
    }

    /// How many jobs are neither done nor dead.
    pub(super) fn open(&self) -> usize {
        self.jobs
            .values()
            .filter(|job| !matches!(job.place, Place::Done { .. } | Place::Dead { .. }))
            .count()
    }

    pub(super) fn enqueue(&mut self, epoch: Epoch, job: &NewJob, now: Instant) -> Enqueued {
        if !self.is_newest(epoch) {
            return Enqueued::Fenced;
        }
        if self.knows(&job.id) {
            return Enqueued::Duplicate;
        }
        let held = Job {
            new: job.clone(),
            attempts: 0,
            fence: 0,
            holders: Vec::new(),
            place: Place::Scheduled { due: now },
        };
        self.jobs.insert(job.id.clone(), held);
        self.put(&job.id, now);
        Enqueued::New
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.jobs.contains_key(id)
    }

    pub(super) fn take(&mut self, claim: &Claim<'_>, now: Instant) -> Vec<Held> {
        let mut out = Vec::new();
        for lane in claim.lanes {
            while out.len() < claim.want {
                let first =
                    self.waiting.range((*lane, 0)..=(*lane, u64::MAX)).next().map(|(key, _)| *key);
                let Some(id) = first.and_then(|key| self.waiting.remove(&key)) else { break };
                out.extend(self.begin(&id, claim, now));
            }
        }
        out
    }

    fn begin(&mut self, id: &str, claim: &Claim<'_>, now: Instant) -> Option<Held> {
        let job = self.jobs.get_mut(id)?;
        let Place::Queued { entry, since } = job.place else { return None };
        job.attempts += 1;
        job.fence += 1;
        if job.holders.len() == MAX_HOLDERS {
            job.holders.remove(0);
        }
        job.holders.push(claim.owner.to_owned());
        job.place =
            Place::Running { owner: claim.owner.to_owned(), since, lease_end: now + claim.lease };
        Some(Held {
            id: id.to_owned(),
            lane: job.new.lane,
            kind: job.new.kind.to_owned(),
            what: job.new.what.clone(),
            payload: job.new.payload.clone(),
            attempt: u32::try_from(job.fence).unwrap_or(u32::MAX),
            fence: job.fence,
            redeliver_after: job.new.redeliver_after,
            begun: now,
            entry: entry.to_string(),
        })
    }

    pub(super) fn beat(&mut self, owner: &str, held: &Held, until: Instant) -> Beat {
        match self.running(owner, held) {
            Some(Job { place: Place::Running { lease_end, .. }, .. }) => {
                *lease_end = until;
                Beat::Held
            }
            _ => Beat::Lost,
        }
    }

    pub(super) fn complete(
        &mut self,
        owner: &str,
        held: &Held,
        report: &str,
        now: Instant,
    ) -> Finished {
        let Some(job) = self.jobs.get_mut(&held.id).filter(|job| job.fence == held.fence) else {
            return Finished::Stale;
        };
        match &job.place {
            Place::Done { owner: by, .. } if by == owner => Finished::Recorded,
            Place::Running { owner: by, .. } if by == owner => {
                job.place = Place::Done { owner: owner.to_owned(), until: now + KEEP };
                self.tell(&held.id, JobEnd::Done(report.to_owned()));
                Finished::Recorded
            }
            Place::Done { .. }
            | Place::Running { .. }
            | Place::Scheduled { .. }
            | Place::Queued { .. }
            | Place::Dead { .. } => Finished::Stale,
        }
    }

    pub(super) fn fail(
        &mut self,
        owner: &str,
        held: &Held,
        error: &str,
        now: Instant,
        due: Instant,
    ) -> Finished {
        let Some(job) = self.running(owner, held) else { return Finished::Stale };
        if job.attempts < job.new.max_attempts {
            job.place = Place::Scheduled { due };
            return Finished::Recorded;
        }
        self.bury(&held.id, error, now);
        Finished::Recorded
    }

    pub(super) fn give_up(
        &mut self,
        owner: &str,
        held: &Held,
        error: &str,
        now: Instant,
    ) -> Finished {
        if self.running(owner, held).is_none() {
            return Finished::Stale;
        }
        self.bury(&held.id, error, now);
        Finished::Recorded
    }

    pub(super) fn release(
        &mut self,
        owner: &str,
        held: &Held,
        now: Instant,
        delay: Duration,
    ) -> Finished {
        let Some(job) = self.running(owner, held) else { return Finished::Stale };
        job.attempts = job.attempts.saturating_sub(1);
        job.place = Place::Scheduled { due: now + delay };
        if delay.is_zero() {
            self.put(&held.id, now);
        }
        Finished::Recorded
    }

    /// Moves what is due, takes back what was abandoned, forgets what is old.
    pub(super) fn maintain(&mut self, now: Instant) {
        let abandoned: Vec<String> = self
            .ids(|job| matches!(job.place, Place::Running { lease_end, .. } if lease_end <= now));
        for id in abandoned {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            if job.attempts >= job.new.max_attempts {
                let text = format!("its holder vanished in each of {} attempts", job.attempts);
                self.bury(&id, &text, now);
            } else {
                job.place = Place::Scheduled { due: now + job.new.redeliver_after };
            }
        }
        let mut due: Vec<(Instant, String)> = Vec::new();
        for (id, job) in &self.jobs {
            if let Place::Scheduled { due: at } = job.place
                && at <= now
            {
                due.push((at, id.clone()));
            }
        }
        due.sort();
        for (_, id) in due {
            self.put(&id, now);
        }
        self.jobs.retain(|_, job| match job.place {
            Place::Done { until, .. } => until > now,
            Place::Dead { since } => since + KEEP > now,
            Place::Scheduled { .. } | Place::Queued { .. } | Place::Running { .. } => true,
        });
        self.workers.retain(|_, (until, _)| *until > now);
    }

    /// Results after this number, at most `max`, and the number of the last of them.
    pub(super) fn results(&self, after: u64, max: usize) -> (Vec<Delivered>, u64) {
        let found: Vec<Delivered> = self
            .results
            .range(after + 1..)
            .take(max)
            .map(|(number, (job, end))| Delivered {
                entry: number.to_string(),
                job: job.clone(),
                end: end.clone(),
            })
            .collect();
        let last = self.results.range(after + 1..).take(max).last();
        (found, last.map_or(after, |(number, _)| *number))
    }

    pub(super) fn acknowledge(&mut self, epoch: Epoch, entries: &[String]) -> Forgotten {
        if !self.is_newest(epoch) {
            return Forgotten::Fenced;
        }
        for number in entries.iter().filter_map(|entry| entry.parse().ok()) {
            self.results.remove(&number);
        }
        Forgotten::Gone
    }

    /// Whether no newer epoch was seen; remembers this one if so.
    fn is_newest(&mut self, epoch: Epoch) -> bool {
        let newest = self.epoch.is_none_or(|seen| epoch >= seen);
        if newest {
            self.epoch = Some(epoch);
        }
        newest
    }

    pub(super) fn depths(&self, now: Instant) -> Depths {
        let mut depths = Depths {
            results: u64::try_from(self.results.len()).unwrap_or(u64::MAX),
            ..Depths::default()
        };
        for job in self.jobs.values() {
            match job.place {
                Place::Scheduled { .. } => depths.scheduled += 1,
                Place::Dead { .. } => depths.dead += 1,
                Place::Done { .. } => {}
                Place::Queued { since, .. } | Place::Running { since, .. } => {
                    for (lane, (count, age)) in Lane::ALL.iter().zip(&mut depths.lanes) {
                        if *lane == job.new.lane {
                            *count += 1;
                            *age = (*age).max(now.saturating_duration_since(since));
                        }
                    }
                }
            }
        }
        depths
    }

    pub(super) fn workers(&self, now: Instant) -> Vec<Presence> {
        self.workers
            .values()
            .filter(|(until, _)| *until > now)
            .map(|(_, presence)| presence.clone())
            .collect()
    }

    pub(super) fn announce(&mut self, name: &str, presence: &Presence, now: Instant) {
        self.workers.insert(name.to_owned(), (now + PRESENCE, presence.clone()));
    }

    pub(super) fn leave(&mut self, name: &str) {
        self.workers.remove(name);
    }

    pub(super) fn dead(&self, max: usize) -> Vec<String> {
        let mut dead = BTreeSet::new();
        for (id, job) in &self.jobs {
            if let Place::Dead { since } = job.place {
                dead.insert((since, id));
            }
        }
        dead.into_iter().take(max).map(|(_, id)| id.clone()).collect()
    }

    fn running(&mut self, owner: &str, held: &Held) -> Option<&mut Job> {
        self.jobs.get_mut(&held.id).filter(|job| {
            job.fence == held.fence
                && matches!(&job.place, Place::Running { owner: by, .. } if by == owner)
        })
    }

    fn ids(&self, wanted: impl Fn(&Job) -> bool) -> Vec<String> {
        self.jobs.iter().filter(|(_, job)| wanted(job)).map(|(id, _)| id.clone()).collect()
    }

    /// Puts a job at the end of its lane.
    fn put(&mut self, id: &str, now: Instant) {
        self.newest += 1;
        if let Some(job) = self.jobs.get_mut(id) {
            job.place = Place::Queued { entry: self.newest, since: now };
            self.waiting.insert((job.new.lane, self.newest), id.to_owned());
            self.new_jobs = true;
        }
    }

    fn bury(&mut self, id: &str, error: &str, now: Instant) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.place = Place::Dead { since: now };
            let (attempts, workers) = (job.attempts, job.holders.clone());
            self.tell(id, JobEnd::Dead { error: error.to_owned(), attempts, workers });
        }
    }

    fn tell(&mut self, id: &str, end: JobEnd) {
        self.newest += 1;
        self.results.insert(self.newest, (id.to_owned(), end));
        self.new_results = true;
    }
}
