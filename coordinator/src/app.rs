//! The coordinator put together from its configuration, in both ways to run: with Redis and workers elsewhere, or with
//! everything in this process.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use ebs_domain::id::Epoch;
use ebs_shared::{
    bodhi::{BodhiUpdates, api::Updates},
    bus::config::BusConfig,
    clients::{self, Means},
    clock::{Chance as _, System},
    config::{Orphans, Policy, StaticConfig},
    credentials::{self, Standing, Vigil},
    exchange::{Exchange, HttpExchange},
    kerberos::Kerberos,
    koji::{api::Hub, client::HubClient},
    queue::{Consumer, LocalQueue, LocalSettings, Producer, RedisProducer, RedisSettings},
    telemetry::{LogControl, Metrics, TraceRoot},
};
use ebs_worker::{WorkerParts, WorkerSettings};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    board::Board,
    configuration::{self, Around, Kept},
    driver::{Driver, DriverSettings, Handle, Leftover, OrphanSettings, Parts, Probe},
    feeds,
    leader::{Leadership, TermWork},
    listening::{Listening, bus_config},
    login,
    manual::Asking,
    measures::Measures,
    opening::open_store,
    pages::StorePages,
    queue_gauges::QueueGauges,
    retention::{FORGET_SILENT, Forgetting},
    shadow::{ShadowSettings, must_fit},
    store::{Candidate, Store},
    watchful::Watchful,
    web::{Desk, Health, Logging, Need, Pages, QUESTIONS, Reporter, Served, Witness, serve},
};

/// What a coordinator is started with.
pub struct Setup {
    /// The static configuration.
    pub config: StaticConfig,
    /// Where that was read, and where the dynamic configuration is.
    pub kept: Kept,
    /// Where the pages are served.
    pub listener: TcpListener,
    /// What is logged, for who changes that.
    pub log: LogControl,
    /// Ends it.
    pub stop: CancellationToken,
}

/// How often the queue is kept up, in parts of a job's lease.
const UPKEEPS_PER_LEASE: u32 = 8;

/// Runs a coordinator until it is told to stop.
///
/// # Errors
///
/// What a person must mend: configuration, a database that cannot be used, stored state that cannot be read.
pub async fn run(setup: Setup) -> anyhow::Result<()> {
    let opened = open_store(&setup.config, setup.listener, &setup.stop).await?;
    let Some((store, listener)) = opened else { return Ok(()) };
    run_on(Arc::new(store), Setup { listener, ..setup }).await
}

/// The same on a store that is open.
async fn run_on(store: Arc<dyn Store>, setup: Setup) -> anyhow::Result<()> {
    let Setup { config, kept, listener, log, stop } = setup;
    let config = Arc::new(config);
    let shadow = ShadowSettings::of(&config)?;
    must_fit(&*store, config.shadow).await?;
    let (metrics, health, probe) = (Metrics::new()?, Health::default(), Probe::new());
    let measures = Measures::register(&metrics, config.ebs.redis.is_none())?;
    let board = Board::new(Arc::new(System), measures.board.clone());
    let neighbours = Neighbours::of(&config, &measures)?;
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let bus = bus_config(&config)?;
    let counted = (&measures, &health);
    let shown = start_vigil(&config, bus.as_ref(), (&neighbours, counted), &mut tasks, &stop);
    let told = (probe.clone(), health.clone(), board.clone());
    let pages = Arc::new(StorePages::new(Arc::clone(&store), &config, told, shown));
    let own = (&*config, log);
    let desk = desk(&config, &store, (&neighbours, &measures))?;
    let served = served((&store, &board, pages), (&neighbours, desk), (&health, &metrics), own);
    start_pages(listener, served, &mut tasks, &stop);
    let grace = config.ebs.timers.grace;
    let around = neighbours.around((&store, &measures), &health, &board);
    let started = configuration::start(&config, kept, &around, &mut tasks, &stop).await?;
    let Some(snapshot) = started else { return finish(tasks, &stop, grace).await };
    let queue = start_queue(&config, &neighbours, (&measures, &health), &mut tasks, &stop)?;
    let parts = Arc::new(Parts {
        store: Arc::clone(&store),
        queue: Arc::clone(&queue),
        hub: neighbours.hub,
        updates: neighbours.bodhi,
        clock: Arc::new(System),
        chance: Arc::new(System),
        snapshot: snapshot.clone(),
        refresh: board.ask(),
        settings: driver_settings(&config),
        probe: probe.clone(),
        tally: measures.tally.clone(),
    });
    let watchful = Watchful::new(&health, &probe, measures.watch.clone(), &config);
    let listening = Listening {
        config: Arc::clone(&config),
        store: Arc::clone(&store),
        hub: Arc::clone(&parts.hub),
        snapshot,
        health,
        watchful: watchful.clone(),
        bus,
        exchange: neighbours.exchange,
        gauges: measures.reconcile.clone(),
        intake: measures.intake.clone(),
        shadow: shadow.map(|settings| (settings, measures.shadow.clone())),
    };
    let work = Arc::new(Work { queue, listening, gauges: measures.queue });
    start_watch(watchful, &store, &mut tasks, &stop);
    start_leading((store, candidate(&config)), Driver::new(parts), work, &mut tasks, &stop);
    finish(tasks, &stop, grace).await
}

/// Leads whenever it can.
fn start_leading(
    (store, candidate): (Arc<dyn Store>, Candidate),
    driver: Driver,
    work: Arc<Work>,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) {
    let beat = work.listening.watchful.lease_beat();
    let leadership = Leadership { store, candidate, driver, beat, work };
    let stop = stop.clone();
    tasks.spawn(async move { leadership.run(stop).await.context("cannot lead") });
}

/// What we talk to over HTTP.
struct Neighbours {
    exchange: Arc<dyn Exchange>,
    hub: Arc<HubClient>,
    bodhi: Arc<BodhiUpdates>,
    ticket: Option<Kerberos>,
}

impl Neighbours {
    fn of(config: &StaticConfig, measures: &Measures) -> anyhow::Result<Self> {
        let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
        let ticket = clients::kerberos(config);
        let means = Means { exchange: &exchange, kerberos: ticket.as_ref() };
        let hub = Arc::new(clients::hub(&means, config, measures.koji.clone()));
        let bodhi = Arc::new(clients::bodhi(&means, config, measures.bodhi.clone()));
        Ok(Self { exchange, hub, bodhi, ticket })
    }

    /// What the refresh of the configuration needs.
    fn around<'a>(
        &'a self,
        (store, measures): (&'a Arc<dyn Store>, &'a Measures),
        health: &'a Health,
        board: &'a Board,
    ) -> Around<'a> {
        let (exchange, bodhi, lists) = (&self.exchange, &self.bodhi, &measures.lists);
        Around { exchange, bodhi, store, lists, health, board }
    }
}

/// What the pages are served from.
fn served(
    (store, board, pages): (&Arc<dyn Store>, &Board, Arc<dyn Pages>),
    (neighbours, desk): (&Neighbours, Desk),
    (health, metrics): (&Health, &Metrics),
    (config, log): (&StaticConfig, LogControl),
) -> Served {
    let hub = Arc::clone(&neighbours.hub) as Arc<dyn Hub>;
    let (of_store, board) = (Arc::clone(store), board.clone());
    let updates = Arc::clone(&neighbours.bodhi) as Arc<dyn Updates>;
    let clock = Arc::new(System);
    let witness_hub = Arc::clone(&hub);
    let asking = Asking { hub, updates, store: of_store, board: board.clone(), clock };
    let witness = Witness {
        store: Arc::clone(store),
        board,
        clock: Arc::new(System),
        hub: witness_hub,
        questions: Arc::new(Semaphore::new(QUESTIONS)),
    };
    Served {
        health: health.clone(),
        store: Arc::clone(store),
        pages,
        metrics: metrics.clone(),
        desk,
        log: Logging { control: log, instance: config.ebs.instance.clone() },
        witness,
        asking,
    }
}

/// Where people ask for changes.
fn desk(
    config: &StaticConfig,
    store: &Arc<dyn Store>,
    (neighbours, measures): (&Neighbours, &Measures),
) -> anyhow::Result<Desk> {
    let tokens = config.ebs.http.tokens_file.clone();
    let means = Means { exchange: &neighbours.exchange, kerberos: None };
    let people = login::people(config, &means, &measures.login)?;
    Ok(Desk { store: Arc::clone(store), clock: Arc::new(System), tokens, people })
}

/// Looks at certificates, tokens and our ticket; how they stand.
fn start_vigil(
    config: &StaticConfig,
    bus: Option<&BusConfig>,
    (neighbours, (measures, health)): (&Neighbours, (&Measures, &Health)),
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> watch::Receiver<Vec<Standing>> {
    let sources = credentials::of_coordinator(config, bus);
    let vigil = Vigil::new(sources, Arc::new(System), measures.credentials.clone());
    let vigil = vigil.with_ticket(neighbours.ticket.clone());
    health.watch("credentials", Need::Always, vigil.pulse());
    let (shown, stop) = (vigil.shown(), stop.clone());
    tasks.spawn(async move {
        vigil.run(stop).await;
        Ok(())
    });
    shown
}

fn start_watch(
    watchful: Watchful,
    store: &Arc<dyn Store>,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) {
    let (store, stop) = (Arc::clone(store), stop.clone());
    tasks.spawn(async move {
        watchful.run(store, stop).await;
        Ok(())
    });
}

fn start_pages(
    listener: TcpListener,
    served: Served,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) {
    let stop = stop.clone();
    tasks.spawn(async move {
        serve(listener, served, stop).await.context("the pages cannot be served")
    });
}

/// Waits for everything to end, but when told to stop not longer than the grace period: what still hangs on a server then is
/// cut off, which is no worse than a crash at that step. If one part ends before it is told to, the program ends with its error.
async fn finish(
    mut tasks: JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
    grace: Duration,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    let over = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::pin!(over);
    loop {
        let ended = tokio::select! {
            biased;
            ended = tasks.join_next() => ended,
            () = &mut over => {
                tracing::warn!(parts = tasks.len(), "the grace period is over: cut off");
                return outcome;
            }
        };
        let Some(ended) = ended else { return outcome };
        let ended = ended.context("a part of the program ended badly").and_then(|ended| ended);
        let ended = match ended {
            Ok(()) if !stop.is_cancelled() => {
                Err(anyhow::anyhow!("a part of the program ended by itself"))
            }
            ended => ended,
        };
        stop.cancel();
        outcome = outcome.and(ended);
    }
}

/// The queue: Redis if there is one, else one in this process with a worker beside it.
fn start_queue(
    config: &StaticConfig,
    neighbours: &Neighbours,
    (measures, health): (&Measures, &Health),
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<dyn Producer>> {
    let lease = config.ebs.timers.job_lease;
    if let Some(redis) = &config.ebs.redis {
        return Ok(Arc::new(RedisProducer::new(&RedisSettings::of(redis, lease))?));
    }
    let queue = LocalQueue::new(LocalSettings { lease, ..LocalSettings::default() });
    let consumer: Arc<dyn Consumer> = Arc::new(queue.consumer("local"));
    let settings = WorkerSettings::of("local", config);
    let pulse = settings.pulse();
    health.watch("worker", Need::Always, pulse.clone());
    let parts = WorkerParts {
        consumer,
        hub: Arc::clone(&neighbours.hub) as Arc<dyn Hub>,
        updates: Arc::clone(&neighbours.bodhi) as Arc<dyn Updates>,
        clock: Arc::new(System),
        chance: Arc::new(System),
        metrics: measures.worker.clone().context("no metrics of a worker in this process")?,
        settings,
        pulse,
    };
    let worker_stop = stop.clone();
    tasks.spawn(async move {
        ebs_worker::run(parts, worker_stop).await;
        Ok(())
    });
    Ok(Arc::new(queue))
}

fn driver_settings(config: &StaticConfig) -> DriverSettings {
    let (timers, limits) = (&config.ebs.timers, &config.ebs.limits);
    DriverSettings {
        lull: timers.lull,
        max_lull: timers.max_lull,
        sibling_wait: timers.sibling_wait,
        doubt_wait: timers.doubt_wait,
        // A queue in this process is lost with its workers.
        lost_job_sends: config.ebs.redis.as_ref().map_or(Duration::ZERO, |_| timers.job_lease),
        call_limit: config.ebs.koji.call_timeout,
        poll_deadline: timers.job_lease + config.ebs.koji.call_timeout,
        poll_min: timers.poll_min,
        poll_max: timers.poll_max,
        retry_min: timers.poll_min.min(Duration::from_secs(1)),
        retry_max: timers.poll_max.min(Duration::from_secs(60)),
        alarm_after: timers.outage_alarm,
        reconcile: (timers.job_lease / 4).min(Duration::from_secs(30)),
        orphans: orphan_settings(&config.ebs.orphans),
        shadow: config.shadow,
        job_attempts: limits.job_attempts,
        stable_tag: config.koji.stable_tag.clone(),
        trace: TraceRoot::of(&config.ebs.koji.hub_url),
    }
}

fn orphan_settings(config: &Orphans) -> OrphanSettings {
    let leftover = |policy| match policy {
        Policy::Report => Leftover::Report,
        Policy::Remove => Leftover::Remove,
    };
    OrphanSettings {
        interval: config.interval,
        grace: config.grace,
        side_tags: leftover(config.side_tags),
        tasks: leftover(config.tasks),
    }
}

fn candidate(config: &StaticConfig) -> Candidate {
    Candidate {
        owner: System.uuid().to_string(),
        instance: config.ebs.instance.clone(),
        ttl: config.ebs.timers.lease,
    }
}

/// What runs beside the driver while this process leads.
struct Work {
    queue: Arc<dyn Producer>,
    listening: Listening,
    gauges: QueueGauges,
}

#[async_trait]
impl TermWork for Work {
    fn start(
        &self,
        tasks: &mut JoinSet<()>,
        driver: &Handle,
        epoch: Epoch,
        over: &CancellationToken,
    ) {
        let every = self.listening.config.ebs.timers.job_lease / UPKEEPS_PER_LEASE;
        let every = every.clamp(Duration::from_millis(50), Duration::from_secs(5));
        let (queue, store) = (|| Arc::clone(&self.queue), Arc::clone(&self.listening.store));
        let (to, told) = (|| driver.sender(), |name| self.loop_of_a_term(name));
        tasks.spawn(feeds::read_results(queue(), to(), told("results"), over.clone()));
        tasks.spawn(feeds::read_requests(store, to(), told("requests"), over.clone()));
        tasks.spawn(feeds::maintain(queue(), every, told("upkeep"), over.clone()));
        tasks.spawn(self.gauges.clone().run(queue(), over.clone()));
        let forgetting = Forgetting {
            store: Arc::clone(&self.listening.store),
            clock: Arc::new(System),
            retention: self.listening.config.ebs.retention.clone(),
            health: self.listening.health.part("retention", Need::Leading, Some(FORGET_SILENT)),
        };
        tasks.spawn(forgetting.run(epoch, over.clone()));
        self.listening.start(tasks, driver, over);
    }

    fn leading(&self, epoch: Option<Epoch>) {
        self.listening.watchful.watch_bus(None);
        self.listening.health.set_leading(epoch.is_some());
    }

    fn following(&self, leader: Option<String>) {
        self.listening.health.set_leader(leader);
    }
}

impl Work {
    /// The condition of one of the loops that run while this process leads.
    fn loop_of_a_term(&self, name: &'static str) -> Reporter {
        self.listening.health.part(name, Need::Leading, Some(feeds::ROUND))
    }
}
