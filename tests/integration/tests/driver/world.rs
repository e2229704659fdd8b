//! Everything a driver needs, on one thread and in virtual time, and a leader to run it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use ebs_coordinator::{
    driver::{
        Driver, DriverSettings, Handle, Input, Leftover, OrphanSettings, Parts, Probe, Sighting,
        Tally, Term, TermEnd, TermLease,
    },
    feeds,
    snapshot::{Snapshot, Taken},
    store::{Candidate, Lease, Store},
    web::{Health, Need},
};
use ebs_domain::{
    batch::Plan,
    deny::DenyRule,
    id::{BuildId, TagName},
    policy::{Listed, Policy, Rules},
    time::Timestamp,
    trigger::Cause,
};
use ebs_shared::{
    bodhi::api::Updates,
    clock::{Chance, Clock},
    koji::api::Hub,
    queue::{Consumer, Producer},
    telemetry::{Metrics, TraceRoot},
};
use ebs_simulation::memory::Memory;
use ebs_worker::{WorkerMetrics, WorkerParts, WorkerSettings};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    fedora::Fedora,
    queue::{LEASE, Queue},
};

/// How often the ledger is compared with the queue.
pub(crate) const RECONCILE: Duration = Duration::from_secs(20);

/// Longest time between two polls of one thing.
pub(crate) const POLL_MAX: Duration = Duration::from_secs(300);

/// How long after its last possible sending a creating call may have its effect.
pub(crate) const DOUBT_WAIT: Duration = Duration::from_secs(600);

/// How long a poll may take.
pub(crate) const POLL_DEADLINE: Duration = Duration::from_secs(3600);

/// The longest that anything takes, in virtual time.
const LIMIT: Duration = Duration::from_secs(24 * 3600);

/// A lease that outlasts any test.
const LONG: Duration = Duration::from_secs(100 * 24 * 3600);

/// A day on which nothing happened yet.
const DAWN: i64 = 1_800_000_000_000;

/// Time and chance of a test: the first follows tokio's clock, the second counts.
struct Fixed {
    begun: Instant,
    drawn: AtomicU64,
}

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(DAWN) + self.begun.elapsed()
    }
}

impl Chance for Fixed {
    fn uuid(&self) -> Uuid {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u64_pair(number << 48 | number, number)
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// The world of one test.
pub(crate) struct World {
    pub(crate) store: Arc<Memory>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) fedora: Arc<Fedora>,
    pub(crate) probe: Probe,
    /// What the driver counts.
    pub(crate) metrics: Metrics,
    pub(crate) parts: Arc<Parts>,
    worker: CancellationToken,
    tasks: JoinSet<()>,
}

/// A leader that runs.
pub(crate) struct Leader {
    pub(crate) driver: Handle,
    over: CancellationToken,
    tasks: JoinSet<()>,
    led: tokio::task::JoinHandle<Result<TermEnd>>,
}

impl World {
    /// A world with these packages listed, each with a build in Rawhide.
    pub(crate) fn new(packages: &[&str]) -> Result<Self> {
        Self::with_plan(packages, plan())
    }

    /// The same with batches that follow this plan.
    pub(crate) fn with_plan(packages: &[&str], plan: Plan) -> Result<Self> {
        let fixed = Arc::new(Fixed { begun: Instant::now(), drawn: AtomicU64::new(1) });
        let (store, queue) = (Arc::new(Memory::default()), Arc::new(Queue::new()));
        let (fedora, probe) = (Arc::new(Fedora::default()), Probe::new());
        for name in ["eln-build", "eln", "rawhide"] {
            fedora.state().tags.insert(tag(name), Vec::new());
        }
        let listed = |name: &&str| -> Result<Listed> {
            let (component, upstream) = (name.parse()?, name.parse()?);
            Ok(Listed { component, upstream, origin: "test".to_owned() })
        };
        let listed = packages.iter().map(listed).collect::<Result<Vec<_>>>()?;
        let policy = Arc::new(Policy::new(1, Rules::default(), listed));
        let snapshot = Snapshot { policy, plan, paused: false, taken: Taken::default() };
        let metrics = Metrics::new()?;
        let parts = Arc::new(Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            queue: Arc::clone(&queue) as Arc<dyn Producer>,
            hub: Arc::clone(&fedora) as Arc<dyn Hub>,
            updates: Arc::clone(&fedora) as Arc<dyn Updates>,
            clock: Arc::clone(&fixed) as Arc<dyn Clock>,
            chance: fixed as Arc<dyn Chance>,
            snapshot: watch::channel(Arc::new(snapshot)).1,
            refresh: Arc::default(),
            settings: settings(),
            probe: probe.clone(),
            tally: Tally::register(&metrics)?,
        });
        let (worker, tasks) = (CancellationToken::new(), JoinSet::new());
        Ok(Self { store, queue, fedora, probe, metrics, parts, worker, tasks })
    }

    /// Starts a worker.
    pub(crate) fn start_worker(&mut self) -> Result<()> {
        let settings = WorkerSettings::named("one");
        let parts = WorkerParts {
            consumer: Arc::clone(&self.queue) as Arc<dyn Consumer>,
            hub: Arc::clone(&self.parts.hub),
            updates: Arc::clone(&self.parts.updates),
            clock: Arc::clone(&self.parts.clock),
            chance: Arc::clone(&self.parts.chance),
            metrics: WorkerMetrics::register(&Metrics::new()?)?,
            pulse: settings.pulse(),
            settings,
        };
        self.tasks.spawn(ebs_worker::run(parts, self.worker.clone()));
        Ok(())
    }

    async fn lease(&self, lasts: Duration) -> Result<TermLease> {
        lease(&self.parts, lasts).await
    }

    /// Begins a term that takes its turns one by one.
    pub(crate) async fn term(&self) -> Result<Term> {
        self.term_of(LONG).await
    }

    /// The same with a lease of this length.
    pub(crate) async fn term_of(&self, lasts: Duration) -> Result<Term> {
        Term::begin(Arc::clone(&self.parts), self.lease(lasts).await?).await
    }

    /// Lets a new term lead, with all that feeds it.
    pub(crate) async fn lead(&self) -> Result<Leader> {
        Ok(Leader::begin(Arc::clone(&self.parts), self.lease(LONG).await?))
    }

    /// Builds of these packages that have just entered the trigger tag.
    pub(crate) fn sightings(&self, packages: &[&str]) -> Result<Vec<Sighting>> {
        let sighting = |package: &&str| self.sighting("rawhide", package, "1");
        packages.iter().map(sighting).collect()
    }

    /// A build of this version enters a tag.
    pub(crate) fn sighting(&self, name: &str, package: &str, version: &str) -> Result<Sighting> {
        let nvr = format!("{package}-{version}-1.fc45");
        let build: BuildId = {
            let mut state = self.fedora.state();
            let build = state.add_build(&nvr, false, None);
            state.put(&tag(name), build);
            build
        };
        Ok(Sighting {
            package: package.parse()?,
            tag: tag(name),
            build,
            nvr,
            cause: Cause::Message,
            message: None,
        })
    }

    /// Waits, in virtual time, until it is so.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let limit = Instant::now() + LIMIT;
        while !holds(self) {
            if Instant::now() > limit {
                bail!("it was never so that {what}; phase {}", self.store.phase());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// At the end of a test nothing may be left, and nothing may have been done twice.
    pub(crate) fn assert_clean(&self, builds: usize) {
        let open: Vec<String> = {
            let rows = self.store.rows();
            rows.effects.values().filter(|r| r.closed.is_none()).map(|r| r.id.clone()).collect()
        };
        assert_eq!(open, Vec::<String>::new(), "effects are left open");
        let submissions = self.fedora.submissions();
        assert_eq!(submissions.len(), builds, "each build was asked for");
        assert!(submissions.values().all(|count| *count == 1), "{submissions:?}");
        assert_eq!(self.fedora.state().updates.len(), 1, "one update was made");
        assert_eq!(self.fedora.state().made, 2, "one side tag for building, one for the update");
    }
}

/// A new epoch, and the lease that comes with it.
async fn lease(parts: &Parts, lasts: Duration) -> Result<TermLease> {
    // A new start of the same instance takes the lease over at once.
    let owner = parts.chance.uuid().to_string();
    let candidate = Candidate { owner, instance: "one".to_owned(), ttl: lasts };
    let Lease::Leading { epoch } = parts.store.lead(&candidate).await? else {
        bail!("another instance leads")
    };
    let until = watch::channel(Instant::now() + lasts).1;
    Ok(TermLease { epoch, until, over: CancellationToken::new() })
}

impl Leader {
    /// Leads with these parts, as a new start of the instance.
    pub(crate) async fn start(parts: Arc<Parts>) -> Result<Self> {
        let lease = lease(&parts, LONG).await?;
        Ok(Self::begin(parts, lease))
    }

    fn begin(parts: Arc<Parts>, lease: TermLease) -> Self {
        let over = lease.over.clone();
        let (driver, mut inputs) = Handle::channel();
        let mut tasks = JoinSet::new();
        let (queue, health) = (|| Arc::clone(&parts.queue), Health::default());
        let told = |name| health.part(name, Need::Leading, Some(feeds::ROUND));
        let upkeep = Duration::from_secs(5);
        tasks.spawn(feeds::read_results(queue(), driver.sender(), told("results"), over.clone()));
        tasks.spawn(feeds::maintain(queue(), upkeep, told("upkeep"), over.clone()));
        let store = Arc::clone(&parts.store);
        tasks.spawn(feeds::read_requests(store, driver.sender(), told("requests"), over.clone()));
        let leading = Driver::new(parts);
        let led = tokio::spawn(async move { leading.lead(lease, &mut inputs).await });
        Self { driver, over, tasks, led }
    }

    /// Ends it at once, as a kill does.
    pub(crate) async fn kill(mut self) {
        self.led.abort();
        self.tasks.shutdown().await;
    }

    /// Lets the term be over and gives how it ended.
    pub(crate) async fn stop(self) -> Result<TermEnd> {
        self.over.cancel();
        self.led.await?
    }

    /// Hands builds over, and waits until they are stored.
    pub(crate) async fn sight(&self, sightings: Vec<Sighting>) -> Result<()> {
        Ok(self.driver.store(sightings, Vec::new(), Vec::new()).await?)
    }
}

/// Builds as intake hands them over.
pub(crate) fn intake(sightings: Vec<Sighting>) -> Input {
    let (stored, _) = tokio::sync::oneshot::channel();
    Input::Intake { sightings, odd: Vec::new(), marks: Vec::new(), stored }
}

pub(crate) fn tag(name: &str) -> TagName {
    name.parse().expect("a tag's name")
}

pub(crate) fn settings() -> DriverSettings {
    let seconds = Duration::from_secs;
    DriverSettings {
        lull: seconds(60),
        max_lull: seconds(900),
        sibling_wait: seconds(600),
        doubt_wait: DOUBT_WAIT,
        lost_job_sends: LEASE,
        call_limit: seconds(60),
        poll_deadline: POLL_DEADLINE,
        poll_min: seconds(10),
        poll_max: POLL_MAX,
        retry_min: seconds(1),
        retry_max: seconds(60),
        alarm_after: seconds(900),
        reconcile: RECONCILE,
        shadow: false,
        orphans: OrphanSettings {
            interval: seconds(3600),
            grace: seconds(24 * 3600),
            side_tags: Leftover::Report,
            tasks: Leftover::Report,
        },
        job_attempts: 3,
        stable_tag: tag("eln"),
        trace: TraceRoot::of(&"https://koji.example.org/kojihub".parse().expect("an address")),
    }
}

/// The plan of batches.
pub(crate) fn plan() -> Plan {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    Plan {
        snapshot: 1,
        target: tag("eln"),
        trigger_tag: tag("rawhide"),
        stable_tag: tag("eln"),
        scratch: false,
        draft: true,
        fail_fast: true,
        wait_repo: true,
        batch_size: 0,
        max_single_batch_size: 0,
        max_open_builds: 500,
        build_timeout: hours(24),
        build_timeouts: std::collections::BTreeMap::new(),
        side_tag_timeout: hours(1),
        stable_timeout: hours(6),
        stable_warn: hours(2),
        poll_gap: hours(1),
        deny: DenyRule::default(),
        shadow: false,
    }
}
