//! The processes: the shipped coordinator and worker, put together as the shipped programs do, over the simulated neighbours.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use ebs_coordinator::{
    driver::{Driver, DriverSettings, Handle, Leftover, OrphanSettings, Parts, Probe, Tally},
    feeds,
    intake::{Archived, CatchUp, IntakeMetrics, Live, Record, TagKeeper, Watched},
    leader::{Leadership, TermWork},
    reconcile::{Gauges, Look, Reconcile},
    snapshot::Snapshot,
    store::{Candidate, Store},
    web::{Health, Need, Reporter},
};
use ebs_domain::{batch::Plan, id::Epoch};
use ebs_shared::{
    bodhi::{BodhiParts, BodhiUpdates, TokenError, TokenSource},
    bus::{
        amqp::Handler,
        datagrepper::Archive,
        message::{Origin, Reader},
    },
    clock::{Chance, Clock},
    config::{BodhiClient, SecretText},
    exchange::Exchange,
    koji::{
        HubParts, api::Hub, client::HubClient, limits::KojiLimits, login::PasswordLogin,
        transport::HttpTransport,
    },
    queue::Producer,
    telemetry::{Metrics, TraceRoot},
};
use ebs_worker::{WorkerMetrics, WorkerParts, WorkerSettings};
use fedora_sim::world::World;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    bus::{Broker, BusReader},
    configuration,
    doors::{BASE, ConsumerDoor, HttpDoor, Net, ProducerDoor, StoreDoor},
    lacking,
    memory::Memory,
    process::{Gate, Ground},
    server::QueueServer,
    time::{Counted, Wall},
};

/// The longest changing call of Koji.
const KOJI_CALL: Duration = Duration::from_secs(15);

/// The longest reading call of Koji.
const KOJI_READ: Duration = Duration::from_secs(30);

/// The longest POST to Bodhi.
const BODHI_POST: Duration = Duration::from_secs(30);

/// How long a job is held without a beat.
pub const JOB_LEASE: Duration = Duration::from_secs(60);

/// How long the leader's lease lasts.
const LEASE: Duration = Duration::from_secs(40);

/// How often the queue is kept up.
const UPKEEP: Duration = Duration::from_secs(4);

/// How often Koji's record is read.
const TRUTH_INTERVAL: Duration = Duration::from_secs(120);

/// How long a former trigger tag triggers too.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// Everything that outlives the processes.
pub struct Stage {
    /// The seed of all chance.
    pub seed: u64,
    /// What all stand on.
    pub ground: Arc<Ground>,
    /// Fedora.
    pub world: World,
    /// The way to it.
    pub net: Net,
    /// The database.
    pub memory: Arc<Memory>,
    /// Redis.
    pub server: Arc<QueueServer>,
    /// The broker.
    pub broker: Arc<Broker>,
    /// The settings that a batch begins with.
    pub plan: Plan,
    /// How often reconcile looks; zero: only when somebody asks.
    pub reconcile: Duration,
}

/// One life of a process.
#[derive(Clone)]
pub struct Role {
    /// Through which it asks everything outside.
    pub gate: Gate,
    /// Which of its lives.
    pub life: u32,
    /// Its clock.
    pub wall: Wall,
    /// Tells it to stop.
    pub stop: CancellationToken,
}

struct Neighbours {
    exchange: Arc<dyn Exchange>,
    hub: Arc<dyn Hub>,
    updates: Arc<BodhiUpdates>,
    chance: Arc<dyn Chance>,
}

struct Fixed;

#[async_trait]
impl TokenSource for Fixed {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        Ok(SecretText::new("sim-token-ebs".to_owned()))
    }
}

impl Stage {
    fn neighbours(&self, role: &Role) -> anyhow::Result<Neighbours> {
        let exchange: Arc<dyn Exchange> =
            Arc::new(HttpDoor { gate: role.gate.clone(), net: self.net.clone() });
        let chance: Arc<dyn Chance> = Arc::new(Counted::new(self.seed, role.gate.who, role.life));
        let limits = KojiLimits { call: KOJI_CALL, read: KOJI_READ, ..KojiLimits::default() };
        let hub_url: Url = format!("{BASE}/kojihub").parse()?;
        let hub = HubClient::new(HubParts {
            transport: Arc::new(HttpTransport::new(Arc::clone(&exchange), &hub_url, &limits)),
            login: Arc::new(PasswordLogin::new("ebs", "ebspw")),
            chance: Arc::clone(&chance),
            limits,
            metrics: None,
        });
        let updates = BodhiUpdates::new(BodhiParts {
            exchange: Arc::clone(&exchange),
            config: BodhiClient {
                url: BASE.parse()?,
                idp_url: None,
                token_file: None,
                authority_file: None,
                post_timeout: BODHI_POST,
                call_timeout: KOJI_CALL,
            },
            token: Arc::new(Fixed),
            metrics: None,
        });
        Ok(Neighbours { exchange, hub: Arc::new(hub), updates: Arc::new(updates), chance })
    }

    /// A worker, until it is told to stop.
    ///
    /// # Errors
    ///
    /// It cannot be put together.
    pub async fn worker(self: Arc<Self>, role: Role) -> anyhow::Result<()> {
        let Neighbours { hub, updates, chance, .. } = self.neighbours(&role)?;
        let name = format!("{}-{}", role.gate.who, role.life);
        let consumer = ConsumerDoor {
            gate: role.gate.clone(),
            server: Arc::clone(&self.server),
            name: name.clone(),
        };
        let settings = WorkerSettings {
            create_limit: KOJI_CALL.max(BODHI_POST),
            ..WorkerSettings::named(&name)
        };
        let parts = WorkerParts {
            consumer: Arc::new(consumer),
            hub,
            updates,
            clock: Arc::new(role.wall.clone()),
            chance,
            metrics: WorkerMetrics::register(&Metrics::new()?)?,
            pulse: settings.pulse(),
            settings,
        };
        ebs_worker::run(parts, role.stop).await;
        Ok(())
    }

    /// A coordinator, until it is told to stop.
    ///
    /// # Errors
    ///
    /// As the shipped one.
    pub async fn coordinator(self: Arc<Self>, role: Role) -> anyhow::Result<()> {
        let (neighbours, metrics) = (self.neighbours(&role)?, Metrics::new()?);
        let bodhi = Arc::clone(&neighbours.updates);
        let store: Arc<dyn Store> =
            Arc::new(StoreDoor { gate: role.gate.clone(), memory: Arc::clone(&self.memory) });
        let clock: Arc<dyn Clock> = Arc::new(role.wall.clone());
        let kept = (Arc::clone(&store), Arc::clone(&clock));
        let refresh = configuration::refresh(&neighbours.exchange, bodhi, kept, self.plan.clone())?;
        let ask = Arc::clone(&refresh.ask);
        let Some(first) = refresh.first(&role.stop).await? else { return Ok(()) };
        let (newest, snapshot) = watch::channel(Arc::new(first));
        let queue = self.queue(&role);
        let candidate = Candidate {
            owner: neighbours.chance.uuid().to_string(),
            instance: role.gate.who.to_owned(),
            ttl: LEASE,
        };
        let (hub, chance) = (Arc::clone(&neighbours.hub), Arc::clone(&neighbours.chance));
        let parts = Parts {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            hub: neighbours.hub,
            updates: neighbours.updates,
            clock: Arc::clone(&clock),
            chance: neighbours.chance,
            snapshot: snapshot.clone(),
            refresh: ask,
            settings: settings(&self.plan),
            probe: Probe::new(),
            tally: Tally::register(&metrics)?,
        };
        let (reader, archive) = archive(&neighbours.exchange)?;
        let work = Work {
            stage: Arc::clone(&self),
            role: role.clone(),
            store: Arc::clone(&store),
            queue,
            hub,
            clock,
            chance,
            snapshot,
            reader,
            archive,
            gauges: Gauges::new(&metrics)?,
            intake: IntakeMetrics::register(&metrics)?,
        };
        let leadership = Leadership {
            store,
            candidate,
            driver: Driver::new(Arc::new(parts)),
            work: Arc::new(work),
            beat: Arc::new(|_| ()),
        };
        let mut beside = JoinSet::new();
        let stop = role.stop.clone();
        beside.spawn(async move { refresh.run(newest, stop).await });
        leadership.run(role.stop).await
    }

    /// The queue as this life of a coordinator has it.
    fn queue(&self, role: &Role) -> Arc<dyn Producer> {
        Arc::new(ProducerDoor {
            gate: role.gate.clone(),
            server: Arc::clone(&self.server),
            name: format!("{}-{}", role.gate.who, role.life),
            memory: Arc::clone(&self.memory),
            read: Mutex::default(),
        })
    }
}

/// The archive of the bus, and what reads its messages.
fn archive(exchange: &Arc<dyn Exchange>) -> anyhow::Result<(Reader, Archive)> {
    let base: Url = format!("{BASE}/datagrepper").parse()?;
    let reader = Reader::new("org.fedoraproject.prod", Origin::of(BASE)?);
    let archive = Archive::new(Arc::clone(exchange), &base, reader.clone(), KOJI_READ)
        .context("the archive's address")?;
    Ok((reader, archive))
}

/// What runs beside the driver.
struct Work {
    stage: Arc<Stage>,
    role: Role,
    store: Arc<dyn Store>,
    queue: Arc<dyn Producer>,
    hub: Arc<dyn Hub>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    reader: Reader,
    archive: Archive,
    gauges: Gauges,
    intake: IntakeMetrics,
}

#[async_trait]
impl TermWork for Work {
    fn start(
        &self,
        tasks: &mut JoinSet<()>,
        driver: &Handle,
        _epoch: Epoch,
        over: &CancellationToken,
    ) {
        let queue = || Arc::clone(&self.queue);
        tasks.spawn(feeds::read_results(queue(), driver.sender(), told("results"), over.clone()));
        let store = Arc::clone(&self.store);
        tasks.spawn(feeds::read_requests(store, driver.sender(), told("requests"), over.clone()));
        tasks.spawn(feeds::maintain(queue(), UPKEEP, told("upkeep"), over.clone()));
        self.listen(tasks, driver, over);
        tasks.spawn(self.reconcile(driver).run(over.clone()));
    }

    fn leading(&self, epoch: Option<Epoch>) {
        let gate = &self.role.gate;
        match epoch {
            Some(epoch) => gate.ground.story.tell(gate.who, format!("leads, epoch {epoch}")),
            None => gate.ground.story.tell(gate.who, "leads no more"),
        }
    }

    fn following(&self, _leader: Option<String>) {}
}

impl Work {
    /// What finds what none of the ways in has brought.
    fn reconcile(&self, driver: &Handle) -> Reconcile {
        let look = Look {
            hub: Arc::clone(&self.hub),
            store: Arc::clone(&self.store),
            snapshot: self.snapshot.clone(),
            clock: Arc::clone(&self.clock),
            limit: lacking::LIMIT,
            health: told("reconcile"),
        };
        Reconcile {
            look,
            driver: driver.clone(),
            chance: Arc::clone(&self.chance),
            every: self.stage.reconcile,
            gauges: self.gauges.clone(),
        }
    }

    /// The three ways in.
    fn listen(&self, tasks: &mut JoinSet<()>, driver: &Handle, over: &CancellationToken) {
        let connected = Arc::new(Notify::new());
        let (tell, tags) = Watched::unknown();
        let keeper = TagKeeper {
            store: Arc::clone(&self.store),
            driver: driver.clone(),
            snapshot: self.snapshot.clone(),
            clock: Arc::clone(&self.clock),
            overlap: OVERLAP,
            tags: tell,
            health: told("trigger_tags"),
        };
        tasks.spawn(keeper.run(over.clone()));
        let live: Arc<dyn Handler> = Arc::new(Live {
            driver: driver.clone(),
            tags: tags.clone(),
            clock: Arc::clone(&self.clock),
            connected: Arc::clone(&connected),
            metrics: self.intake.clone(),
        });
        let bus = BusReader {
            gate: self.role.gate.clone(),
            broker: Arc::clone(&self.stage.broker),
            reader: self.reader.clone(),
        };
        tasks.spawn(bus.run(live, over.clone()));
        let (read, seen) = watch::channel(None);
        let catch_up = CatchUp {
            archive: self.archive.clone(),
            store: Arc::clone(&self.store),
            driver: driver.clone(),
            tags: tags.clone(),
            clock: Arc::clone(&self.clock),
            connected: Arc::clone(&connected),
            every: None,
            read,
            health: told("archive"),
        };
        tasks.spawn(catch_up.run(over.clone()));
        let record = Record {
            hub: Arc::clone(&self.hub),
            store: Arc::clone(&self.store),
            driver: driver.clone(),
            tags,
            clock: Arc::clone(&self.clock),
            chance: Arc::clone(&self.chance),
            archive: Some(Archived { wake: connected, read: seen }),
            every: TRUTH_INTERVAL,
            health: told("record"),
        };
        tasks.spawn(record.run(over.clone()));
    }
}

/// The condition of a loop; nobody looks at it here.
fn told(name: &'static str) -> Reporter {
    Health::default().part(name, Need::Leading, None)
}

fn settings(plan: &Plan) -> DriverSettings {
    let seconds = Duration::from_secs;
    DriverSettings {
        lull: seconds(10),
        max_lull: seconds(60),
        sibling_wait: seconds(40),
        doubt_wait: seconds(90),
        lost_job_sends: JOB_LEASE,
        call_limit: KOJI_CALL,
        poll_deadline: JOB_LEASE + KOJI_CALL,
        poll_min: seconds(2),
        poll_max: seconds(20),
        retry_min: seconds(1),
        retry_max: seconds(20),
        alarm_after: seconds(120),
        reconcile: seconds(15),
        shadow: false,
        orphans: OrphanSettings {
            interval: seconds(60),
            grace: seconds(180),
            side_tags: Leftover::Remove,
            tasks: Leftover::Remove,
        },
        job_attempts: 20,
        stable_tag: plan.stable_tag.clone(),
        trace: TraceRoot::of(&"https://koji.example.org/kojihub".parse().expect("an address")),
    }
}
