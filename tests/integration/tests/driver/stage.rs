//! Leader and worker with the shipped clients of Koji and Bodhi before the simulated Fedora, all in this process and in virtual
//! time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use async_trait::async_trait;
use ebs_coordinator::{
    driver::{DriverSettings, Parts, Probe, Sighting, Tally},
    snapshot::{Snapshot, Taken},
    store::Store,
};
use ebs_domain::{
    batch::Plan,
    id::BuildId,
    policy::{Listed, Policy, Rules},
    trigger::Cause,
};
use ebs_shared::{
    bodhi::{BodhiParts, BodhiUpdates, TokenError, TokenSource, api::Updates},
    clock::{Chance, Clock},
    config::{BodhiClient, SecretText},
    exchange::Exchange,
    koji::{
        HubParts, api::Hub, client::HubClient, limits::KojiLimits, login::PasswordLogin,
        transport::HttpTransport,
    },
    queue::{Consumer, Producer},
    telemetry::Metrics,
};
use ebs_simulation::{
    doors::{BASE, Net},
    memory::Memory,
    time::{Counted, Wall},
};
use ebs_worker::{WorkerMetrics, WorkerParts, WorkerSettings};
use fedora_sim::{
    bodhi::script::{BodhiScript, UpdateTiming},
    control::{Announce, NewTag, Report},
    script::{Script, Site, Timing},
    world::{World, run_engine},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    line::Line,
    queue::Queue,
    world::{Leader, plan, settings, tag},
};

/// The longest that anything takes, in virtual time.
const LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The commit of all sources.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The stage of one test.
pub(crate) struct Stage {
    pub(crate) fedora: World,
    pub(crate) store: Arc<Memory>,
    pub(crate) line: Line,
    pub(crate) settings: DriverSettings,
    pub(crate) probe: Probe,
    queue: Arc<Queue>,
    wall: Wall,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    lives: AtomicU32,
    _engine: JoinSet<()>,
}

/// A build of a package that enters Rawhide; no bus tells of it.
pub(crate) fn new_tag(package: &str) -> NewTag {
    NewTag {
        name: package.to_owned(),
        version: "1".to_owned(),
        release: "1.fc45".to_owned(),
        commit: COMMIT.to_owned(),
        announce: Announce::Lost,
        ..NewTag::default()
    }
}

/// The token of an account.
struct Fixed(String);

#[async_trait]
impl TokenSource for Fixed {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        Ok(SecretText::new(format!("sim-token-{}", self.0)))
    }
}

/// Koji and Bodhi, as one account sees them.
type Clients = (Arc<dyn Hub>, Arc<dyn Updates>);

/// A plan with the tags of the simulated Fedora.
pub(crate) fn sim_plan() -> Plan {
    Plan { trigger_tag: tag("f45"), ..plan() }
}

/// Builds take ten minutes, updates an hour.
pub(crate) fn script() -> Script {
    let (minutes, second) = (600_000, 1000);
    Script {
        site: Site { base_url: BASE.to_owned(), ..Site::default() },
        timing: Timing {
            pickup_ms: second,
            build_min_ms: minutes,
            build_max_ms: minutes,
            tagging_ms: second,
            repo_ms: 30 * second,
            ..Timing::default()
        },
        bodhi: BodhiScript {
            timing: UpdateTiming { approve_ms: 6 * minutes, ..UpdateTiming::default() },
            ..BodhiScript::default()
        },
        ..Script::default()
    }
}

impl Stage {
    /// A stage with these packages listed.
    pub(crate) fn new(packages: &[&str], plan: Plan, script: Script) -> Result<Self> {
        let wall = Wall::new();
        let fedora = World::new(script, &wall);
        let mut engine = JoinSet::new();
        engine.spawn(run_engine(fedora.clone()));
        let listed = |name: &&str| -> Result<Listed> {
            let (component, upstream) = (name.parse()?, name.parse()?);
            Ok(Listed { component, upstream, origin: "test".to_owned() })
        };
        let listed = packages.iter().map(listed).collect::<Result<Vec<_>>>()?;
        let policy = Arc::new(Policy::new(1, Rules::default(), listed));
        let snapshot = Snapshot { policy, plan, paused: false, taken: Taken::default() };
        Ok(Self {
            line: Line::new(Net::new(fedora_sim::app(&fedora))),
            fedora,
            store: Arc::new(Memory::default()),
            settings: settings(),
            probe: Probe::new(),
            queue: Arc::new(Queue::new()),
            wall,
            snapshot: watch::channel(Arc::new(snapshot)).1,
            lives: AtomicU32::new(0),
            _engine: engine,
        })
    }

    /// Chance of a new process.
    fn chance(&self) -> Arc<dyn Chance> {
        Arc::new(Counted::new(1, "process", self.lives.fetch_add(1, Ordering::Relaxed)))
    }

    /// Clients of a new process: what an earlier one was logged in as is lost with it.
    fn clients(&self, account: &str, chance: &Arc<dyn Chance>) -> Result<Clients> {
        let exchange: Arc<dyn Exchange> = Arc::new(self.line.clone());
        let limits = KojiLimits::default();
        let hub_url: Url = format!("{BASE}/kojihub").parse()?;
        let hub = HubClient::new(HubParts {
            transport: Arc::new(HttpTransport::new(Arc::clone(&exchange), &hub_url, &limits)),
            login: Arc::new(PasswordLogin::new(account, format!("{account}pw"))),
            chance: Arc::clone(chance),
            limits,
            metrics: None,
        });
        let config = BodhiClient {
            url: BASE.parse()?,
            idp_url: None,
            token_file: None,
            authority_file: None,
            post_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(30),
        };
        let token = Arc::new(Fixed(account.to_owned()));
        let updates = BodhiUpdates::new(BodhiParts { exchange, config, token, metrics: None });
        Ok((Arc::new(hub), Arc::new(updates)))
    }

    /// What a person has at hand who acts for an account.
    pub(crate) fn hands(&self, account: &str) -> Result<Clients> {
        self.clients(account, &self.chance())
    }

    /// Lets dist-git know a package that no build has brought.
    pub(crate) fn know(&self, package: &str) {
        self.fedora.change(|state| state.know_source(package, COMMIT, "1", "1.fc45", None));
    }

    /// A new leader.
    pub(crate) async fn lead(&self) -> Result<Leader> {
        let chance = self.chance();
        let (hub, updates) = self.clients("ebs", &chance)?;
        let parts = Parts {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            queue: Arc::clone(&self.queue) as Arc<dyn Producer>,
            hub,
            updates,
            clock: Arc::new(self.wall.clone()) as Arc<dyn Clock>,
            chance,
            snapshot: self.snapshot.clone(),
            refresh: Arc::default(),
            settings: self.settings.clone(),
            probe: self.probe.clone(),
            tally: Tally::register(&Metrics::new()?)?,
        };
        Leader::start(Arc::new(parts)).await
    }

    /// A new worker; to kill it is to abort it.
    pub(crate) fn work(&self) -> Result<JoinHandle<()>> {
        let chance = self.chance();
        let (hub, updates) = self.clients("ebs", &chance)?;
        let settings = WorkerSettings::named("one");
        let parts = WorkerParts {
            consumer: Arc::clone(&self.queue) as Arc<dyn Consumer>,
            hub,
            updates,
            clock: Arc::new(self.wall.clone()),
            chance,
            metrics: WorkerMetrics::register(&Metrics::new()?)?,
            pulse: settings.pulse(),
            settings,
        };
        Ok(tokio::spawn(ebs_worker::run(parts, CancellationToken::new())))
    }

    /// Has a build of each of these packages enter Rawhide, and the leader hear of it.
    pub(crate) async fn tag(&self, leader: &Leader, packages: &[&str]) -> Result<()> {
        let mut sightings = Vec::new();
        for package in packages {
            let new = new_tag(package);
            let made = self.fedora.change(|state| state.tag_for_test(&new));
            let made = made.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
            sightings.push(Sighting {
                package: package.parse()?,
                tag: tag("f45"),
                build: BuildId::new(made.build_id),
                nvr: made.nvr,
                cause: Cause::Message,
                message: None,
            });
        }
        leader.sight(sightings).await
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

    /// What Fedora saw.
    pub(crate) fn report(&self) -> Report {
        self.fedora.read(Report::of)
    }

    /// How often Fedora carried out a call of the hub: one that is known to have run already is not.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        self.report().calls
    }

    /// Ids of effects whose outcome is not known.
    pub(crate) fn open_effects(&self) -> Vec<String> {
        let rows = self.store.rows();
        rows.effects.values().filter(|row| row.closed.is_none()).map(|row| row.id.clone()).collect()
    }
}
