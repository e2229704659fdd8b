//! What hears of builds while this process leads: the three ways in, and reconcile for what none of them brought, put together
//! from the configuration.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_shared::{
    bus::{
        amqp::{Consumer as BusConsumer, Timing},
        config::BusConfig,
        datagrepper::Archive,
        message::{Origin, Reader},
    },
    clock::System,
    config::StaticConfig,
    exchange::Exchange,
    koji::api::Hub,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    driver::Handle,
    intake::{
        Archived, CATCH_UP_SILENT, CatchUp, IntakeMetrics, Live, RECORD_SILENT, Record,
        TAGS_SILENT, TagKeeper, Watched,
    },
    reconcile::{Gauges, Look, RECONCILE_SILENT, Reconcile},
    snapshot::Snapshot,
    store::Store,
    watchful::Watchful,
    web::{Health, Need, Reporter},
};

/// Longest time for one page of the archive.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(30);

/// What the ways in are made of.
pub(crate) struct Listening {
    pub(crate) config: Arc<StaticConfig>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hub: Arc<dyn Hub>,
    pub(crate) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(crate) health: Health,
    pub(crate) watchful: Watchful,
    pub(crate) bus: Option<BusConfig>,
    pub(crate) exchange: Arc<dyn Exchange>,
    pub(crate) gauges: Gauges,
    pub(crate) intake: IntakeMetrics,
}

/// One term of it.
struct Ears<'a> {
    tasks: &'a mut JoinSet<()>,
    driver: &'a Handle,
    over: &'a CancellationToken,
    tags: Watched,
    connected: Arc<Notify>,
}

impl Listening {
    /// Starts all of them; they end when `over` is cancelled.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>, driver: &Handle, over: &CancellationToken) {
        let (tell, tags) = Watched::unknown();
        let keeper = TagKeeper {
            store: Arc::clone(&self.store),
            driver: driver.clone(),
            snapshot: self.snapshot.clone(),
            clock: Arc::new(System),
            overlap: self.config.ebs.timers.branching_overlap,
            tags: tell,
            health: self.part("trigger_tags", TAGS_SILENT),
        };
        tasks.spawn(keeper.run(over.clone()));
        let mut ears = Ears { tasks, driver, over, tags, connected: Arc::default() };
        let archive = match Origin::of(self.config.ebs.koji.hub_url.as_str()) {
            Ok(origin) => {
                let reader = Reader::new(&self.config.ebs.bus.topic_prefix, origin);
                self.start_bus(&mut ears, &reader);
                self.start_catch_up(&mut ears, reader)
            }
            Err(error) => {
                tracing::error!(%error, "no messages are read");
                None
            }
        };
        self.start_record(&mut ears, archive);
        self.start_reconcile(&mut ears);
    }

    /// The condition of one of the ways.
    fn part(&self, name: &'static str, silent: Duration) -> Reporter {
        self.health.part(name, Need::Leading, Some(silent))
    }

    fn start_bus(&self, ears: &mut Ears<'_>, reader: &Reader) {
        let Some(bus) = self.bus.clone() else { return };
        let live = Live {
            driver: ears.driver.clone(),
            tags: ears.tags.clone(),
            clock: Arc::new(System),
            connected: Arc::clone(&ears.connected),
            metrics: self.intake.clone(),
        };
        let (clock, chance) = (Arc::new(System), Arc::new(System));
        let consumer = BusConsumer::new(bus, reader.clone(), Timing::default(), clock, chance);
        self.watchful.watch_bus(Some(consumer.status()));
        let over = ears.over.clone();
        ears.tasks.spawn(async move { consumer.run(Arc::new(live), over).await });
    }

    fn start_catch_up(&self, ears: &mut Ears<'_>, reader: Reader) -> Option<Archived> {
        let base = self.config.ebs.bus.datagrepper_url.as_ref()?;
        let archive = match Archive::new(Arc::clone(&self.exchange), base, reader, ARCHIVE_LIMIT) {
            Ok(archive) => archive,
            Err(error) => {
                tracing::error!(%error, "the archive is not read");
                return None;
            }
        };
        let (read, seen) = watch::channel(None);
        let catch_up = CatchUp {
            archive,
            store: Arc::clone(&self.store),
            driver: ears.driver.clone(),
            tags: ears.tags.clone(),
            clock: Arc::new(System),
            connected: Arc::clone(&ears.connected),
            every: self.bus.is_none().then_some(self.config.ebs.timers.archive_interval),
            read,
            health: self.part("archive", CATCH_UP_SILENT),
        };
        ears.tasks.spawn(catch_up.run(ears.over.clone()));
        Some(Archived { wake: Arc::clone(&ears.connected), read: seen })
    }

    fn start_record(&self, ears: &mut Ears<'_>, archive: Option<Archived>) {
        let record = Record {
            hub: Arc::clone(&self.hub),
            store: Arc::clone(&self.store),
            driver: ears.driver.clone(),
            tags: ears.tags.clone(),
            clock: Arc::new(System),
            chance: Arc::new(System),
            archive,
            every: self.config.ebs.timers.truth_interval,
            health: self.part("record", RECORD_SILENT),
        };
        ears.tasks.spawn(record.run(ears.over.clone()));
    }

    fn start_reconcile(&self, ears: &mut Ears<'_>) {
        let look = Look {
            hub: Arc::clone(&self.hub),
            store: Arc::clone(&self.store),
            snapshot: self.snapshot.clone(),
            clock: Arc::new(System),
            limit: self.config.ebs.limits.reconcile_limit,
            health: self.part("reconcile", RECONCILE_SILENT),
        };
        let reconcile = Reconcile {
            look,
            driver: ears.driver.clone(),
            chance: Arc::new(System),
            every: self.config.ebs.timers.reconcile_interval,
            gauges: self.gauges.clone(),
        };
        ears.tasks.spawn(reconcile.run(ears.over.clone()));
    }
}

/// The bus as its own file has it, if it is listened to.
pub(crate) fn bus_config(config: &StaticConfig) -> anyhow::Result<Option<BusConfig>> {
    let bus = &config.ebs.bus;
    let Some(path) = bus.fedora_messaging_config.as_ref().filter(|_| bus.enabled) else {
        return Ok(None);
    };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed = BusConfig::parse(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(Some(parsed))
}
