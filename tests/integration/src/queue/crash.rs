//! Workers and a coordinator that crash, stall and lose replies at random, by a seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use ebs_shared::queue::{Beat, Consumer, Finished, Held, JobEnd, Lane, Producer};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::bench::{Bench, EPOCH, LEASE, job};

/// How likely each mishap is at each point where it can happen, between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub struct Chances {
    /// The process dies.
    pub crash: f64,
    /// It stalls for three leases and then goes on.
    pub stall: f64,
    /// A reply is lost.
    pub lose: f64,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct CrashRun {
    /// How many jobs.
    pub jobs: usize,
    /// How many workers at once.
    pub workers: u64,
    /// What all chance comes from.
    pub seed: u64,
    /// How likely mishaps are.
    pub chances: Chances,
    /// Whether the queue may forget everything in between: then a job may run and be told again.
    pub wiped: bool,
    /// The limit of the whole run.
    pub limit: Duration,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that ended well.
    pub done: usize,
    /// Jobs set aside.
    pub dead: usize,
    /// Results that were seen again.
    pub repeated: usize,
    /// Times a worker began a job.
    pub begun: usize,
    /// Times a worker died.
    pub crashes: usize,
    /// Reports that were refused because the job was somebody else's.
    pub stale: usize,
}

impl CrashRun {
    /// As many jobs as the switch `EBS_CRASH_JOBS` says, or this many.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the harness alone reads this switch, for long runs by hand"
    )]
    pub fn with_jobs_from_environment(mut self) -> Self {
        if let Some(jobs) = std::env::var("EBS_CRASH_JOBS").ok().and_then(|text| text.parse().ok())
        {
            self.jobs = jobs;
            self.limit *= 20;
        }
        self
    }

    /// Runs until every job has one end, and checks that nothing is left.
    ///
    /// # Errors
    ///
    /// If a job ends twice or never, or something is left.
    pub async fn run(self, bench: Arc<dyn Bench>) -> anyhow::Result<Tally> {
        let (stop, stopped) = watch::channel(false);
        let mut workers = JoinSet::new();
        for number in 0..self.workers {
            let worker = Worker::new(self, number, Arc::clone(&bench), stopped.clone());
            workers.spawn(worker.run());
        }
        let mut tally = timeout(self.limit, coordinate(self, &*bench))
            .await
            .context("some jobs never ended")??;
        stop.send(true)?;
        while let Some(worker) = workers.join_next().await {
            let seen = worker??;
            tally.begun += seen.begun;
            tally.crashes += seen.crashes;
            tally.stale += seen.stale;
        }
        nothing_is_left(&*bench, &tally).await?;
        Ok(tally)
    }
}

async fn nothing_is_left(bench: &dyn Bench, tally: &Tally) -> anyhow::Result<()> {
    let producer = bench.producer()?;
    let left = Instant::now() + LEASE * 10;
    loop {
        // Superseded entries of jobs that have ended are removed when they are begun or reaped.
        producer.maintain().await?;
        bench.consumer("last")?.take(&Lane::ALL, 100, Duration::ZERO).await?;
        let depths = producer.depths().await?;
        let clean = depths.lanes.map(|lane| lane.0) == [0, 0]
            && depths.scheduled == 0
            && depths.results == 0;
        if clean {
            return Ok(());
        }
        ensure!(Instant::now() < left, "left: {depths:?} after {tally:?}");
        sleep(LEASE / 8).await;
    }
}

/// The coordinator's loops in one: put on, maintain, read results, look for lost jobs. It dies between storing and
/// acknowledging as often as workers do.
async fn coordinate(run: CrashRun, bench: &dyn Bench) -> anyhow::Result<Tally> {
    let mut dice = Dice::new(run.seed, u64::MAX);
    let mut open: BTreeSet<String> = (0..run.jobs).map(|n| format!("{n}:1")).collect();
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    let mut tally = Tally::default();
    let mut producer = bench.producer()?;
    let mut again = true;
    while !open.is_empty() {
        match one_round(run, &*producer, again, &mut open, &mut ends, &mut tally).await {
            Ok(entries) if dice.falls(run.chances.crash) => {
                // Stored, not acknowledged, and dead.
                tally.repeated += entries.len();
                producer = bench.producer()?;
                again = true;
            }
            Ok(entries) => {
                again = producer.acknowledge(EPOCH, &entries).await.is_err();
            }
            Err(error) if error.is::<ebs_shared::queue::QueueError>() => {
                sleep(LEASE / 20).await;
                again = true;
            }
            Err(error) => return Err(error),
        }
    }
    let rest = producer.results(10_000, Duration::ZERO, true).await?;
    let rest: Vec<String> = rest.into_iter().map(|result| result.entry).collect();
    let _gone = producer.acknowledge(EPOCH, &rest).await?;
    Ok(tally)
}

async fn one_round(
    run: CrashRun,
    producer: &dyn Producer,
    again: bool,
    open: &mut BTreeSet<String>,
    ends: &mut BTreeMap<String, String>,
    tally: &mut Tally,
) -> anyhow::Result<Vec<String>> {
    producer.maintain().await?;
    let ids: Vec<String> = open.iter().cloned().collect();
    let lost: Vec<_> = producer.missing(&ids).await?.iter().map(|id| job_of_run(id)).collect();
    producer.enqueue(EPOCH, &lost).await?;
    let results = producer.results(20, LEASE / 20, again).await?;
    for result in &results {
        match ends.get(&result.job) {
            Some(entry) => {
                ensure!(run.wiped || *entry == result.entry, "{} ended twice", result.job)
            }
            None => {
                ends.insert(result.job.clone(), result.entry.clone());
                open.remove(&result.job);
                match result.end {
                    JobEnd::Done(_) => tally.done += 1,
                    JobEnd::Dead { .. } => tally.dead += 1,
                }
            }
        }
    }
    Ok(results.into_iter().map(|result| result.entry).collect())
}

fn job_of_run(id: &str) -> ebs_shared::queue::NewJob {
    let lane = if id.contains('3') { Lane::Watch } else { Lane::Submit };
    ebs_shared::queue::NewJob { max_attempts: 5, ..job(id, lane) }
}

/// One worker, which comes back under a new name whenever it dies.
struct Worker {
    run: CrashRun,
    number: u64,
    bench: Arc<dyn Bench>,
    stopped: watch::Receiver<bool>,
    dice: Dice,
    tally: Tally,
}

/// How a job in a worker's hands went.
enum Went {
    On,
    Died,
}

impl Worker {
    fn new(
        run: CrashRun,
        number: u64,
        bench: Arc<dyn Bench>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            dice: Dice::new(run.seed, number),
            run,
            number,
            bench,
            stopped,
            tally: Tally::default(),
        }
    }

    async fn run(mut self) -> anyhow::Result<Tally> {
        let mut life = 0;
        'lives: while !*self.stopped.borrow() {
            life += 1;
            let consumer = self.bench.consumer(&format!("worker-{}-{life}", self.number))?;
            while !*self.stopped.borrow() {
                let Ok(taken) = consumer.take(&Lane::ALL, 1, LEASE / 4).await else {
                    sleep(LEASE / 20).await;
                    continue 'lives;
                };
                for held in taken {
                    self.tally.begun += 1;
                    if matches!(self.work(&*consumer, &held).await, Went::Died) {
                        self.tally.crashes += 1;
                        continue 'lives;
                    }
                }
            }
            consumer.leave().await.ok();
        }
        Ok(self.tally)
    }

    /// Begin, beat, report: before each a mishap may come.
    async fn work(&mut self, consumer: &dyn Consumer, held: &Held) -> Went {
        if matches!(self.mishap().await, Went::Died) {
            return Went::Died;
        }
        if matches!(consumer.beat(held).await, Ok(Beat::Lost)) && self.dice.falls(0.5) {
            // Half of those that learn of it stop; the others go on as zombies.
            return Went::On;
        }
        if matches!(self.mishap().await, Went::Died) {
            return Went::Died;
        }
        loop {
            let answer = consumer.complete(held, "fine").await;
            let lost = self.dice.falls(self.run.chances.lose);
            match answer {
                Ok(Finished::Stale) => self.tally.stale += 1,
                Ok(Finished::Recorded) if lost => continue,
                Ok(Finished::Recorded) => {}
                Err(_) if *self.stopped.borrow() => {}
                Err(_) => {
                    sleep(LEASE / 20).await;
                    continue;
                }
            }
            return self.mishap().await;
        }
    }

    async fn mishap(&mut self) -> Went {
        if self.dice.falls(self.run.chances.crash) {
            return Went::Died;
        }
        if self.dice.falls(self.run.chances.stall) {
            sleep(LEASE * 3).await;
        }
        Went::On
    }
}

/// Chance by a seed.
struct Dice(StdRng);

impl Dice {
    fn new(seed: u64, stream: u64) -> Self {
        Self(StdRng::seed_from_u64(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    fn falls(&mut self, chance: f64) -> bool {
        f64::from(self.0.next_u32()) < chance * f64::from(u32::MAX)
    }
}
