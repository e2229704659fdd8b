//! All processes of one performance: servers, simulator, coordinators, workers. Starts them in order and ends them in the opposite one.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use ebs_integration::{ports::free_port, postgres, rabbit::Rabbit, redis::RedisServer};
use serde_json::Value;
use tokio::process::Command;
use url::Url;

use crate::{
    child::{Child, wait_for},
    config::{self, Places, Port, Tempo},
    disk::Disk,
    fedora::{Announce, Fedora},
    guard::{Guard, Locked},
    proxy::Proxy,
    scenario::Part,
    status::Pages,
};

/// How long a program of ours may take to be ready.
const READY: Duration = Duration::from_secs(30);

/// What is to be started.
#[derive(Clone, Debug)]
pub struct Cue<'a> {
    /// Where files go.
    pub folder: &'a Path,
    /// The dynamic file.
    pub dynamic: &'a Path,
    /// The simulator's script.
    pub script: &'a Value,
    /// The page's port.
    pub port: u16,
    /// Number of workers; none: one process does all.
    pub workers: Option<u16>,
    /// Whether builds are scratch builds.
    pub scratch: bool,
    /// Whether builds are drafts.
    pub drafts: bool,
    /// Most builds in an update.
    pub batch_size: usize,
    /// How long things may take.
    pub tempo: Tempo,
    /// Most builds under way at once, if not the usual.
    pub max_open_builds: Option<u32>,
    /// How many messages the broker sends ahead, if not the usual.
    pub prefetch: Option<u16>,
    /// Whether programs reach the servers through proxies.
    pub proxied: bool,
    /// Whether everything is locked as in production: see [`crate::guard`]. Only with workers.
    pub secure: bool,
    /// Whether one process that does all listens to the bus; several always do.
    pub listens: bool,
    /// Where that one keeps its file; in the folder otherwise.
    pub disk: Option<&'a Disk>,
    /// Packages with a build in the trigger tag before anybody looks.
    pub tagged_before: &'a [Part],
}

/// The proxies between our programs and the servers.
pub struct Proxies {
    /// To RabbitMQ.
    pub broker: Proxy,
    /// To Redis and PostgreSQL; none in standalone.
    pub servers: Option<ServerProxies>,
}

/// The proxies to the servers of the distributed form.
pub struct ServerProxies {
    /// To Redis.
    pub redis: Proxy,
    /// To PostgreSQL.
    pub postgres: Proxy,
}

/// The servers of the distributed form, beside the broker.
pub struct Servers {
    /// Redis.
    pub redis: RedisServer,
    /// PostgreSQL.
    pub postgres: postgres::Postgres,
}

/// Everything that runs.
pub struct Troupe {
    /// The simulated Fedora.
    pub fedora: Fedora,
    /// The coordinator that leads, then the standby.
    coordinators: Vec<Child>,
    workers: Vec<Child>,
    /// Where each worker tells its metrics, by its number: the same port whenever it is started.
    pub metrics: BTreeMap<u16, u16>,
    /// RabbitMQ, if anybody listens.
    pub broker: Option<Rabbit>,
    /// The servers; none in standalone.
    pub servers: Option<Servers>,
    /// The standby's port, if there is one.
    pub standby: Option<u16>,
    /// What can be cut and slowed, if the cue says so.
    pub proxies: Option<Proxies>,
    places: Places,
    /// What stands before the simulated Fedora, if everything is locked.
    _guard: Option<Guard>,
}

impl Troupe {
    /// Starts everything and waits until the coordinator is ready.
    ///
    /// # Errors
    ///
    /// Something does not start; all that did has ended again.
    pub async fn start(cue: &Cue<'_>, pages: &Pages) -> anyhow::Result<Self> {
        must_be_free(cue.port)?;
        let locked = if cue.secure { Some(Locked::start().await?) } else { None };
        let (broker, servers) = match cue.workers {
            _ if locked.is_some() => (None, None),
            None if cue.listens => (Some(start_broker().await?), None),
            None => (None, None),
            Some(_) => {
                let (broker, servers) = tokio::try_join!(start_broker(), Servers::start())?;
                (Some(broker), Some(servers))
            }
        };
        let plain = locked.as_ref().map(|locked| &locked.broker.0).or(broker.as_ref());
        let bus = plain.map(Rabbit::url);
        let fedora =
            Fedora::start(&program("fedora-sim")?, cue.folder, cue.script, bus.as_deref()).await?;
        let guard = if cue.secure { Some(Guard::before(&fedora).await?) } else { None };
        let address =
            guard.as_ref().map_or_else(|| fedora.url.clone(), |guard| guard.front.tls_url());
        config::point_at_lists(cue.dynamic, &address)?;
        for part in cue.tagged_before {
            fedora.tag(part, 1, Announce::Untold).await?;
        }
        let mut places = places(cue, &address, bus, servers.as_ref())?;
        let (broker, servers) = match (&guard, locked) {
            (Some(guard), Some(locked)) => lock(&mut places, cue, (guard, locked))?,
            (None, _) | (Some(_), None) => (broker, servers),
        };
        let proxies = if cue.proxied { Some(Proxies::before(&mut places).await?) } else { None };
        let mut troupe = Self {
            fedora,
            coordinators: Vec::new(),
            workers: Vec::new(),
            metrics: BTreeMap::new(),
            broker,
            servers,
            standby: None,
            proxies,
            places,
            _guard: guard,
        };
        troupe.start_coordinator(cue, "coordinator", cue.port)?;
        troupe.ready(cue.port, pages).await?;
        if let Some(workers) = cue.workers {
            for number in 1..=workers {
                troupe.start_worker(cue, number)?;
            }
            let port = free_port()?;
            troupe.start_coordinator(cue, "standby", port)?;
            troupe.standby = Some(port);
        }
        Ok(troupe)
    }

    /// Starts a coordinator: an instance of this name, with its pages at this port.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn start_coordinator(
        &mut self,
        cue: &Cue<'_>,
        name: &str,
        port: u16,
    ) -> anyhow::Result<()> {
        let file = config::write_static(cue.folder, name, Port::Pages(port), &self.places)?;
        let coordinator = program("ebs-coordinator")?;
        let mut command = match cue.disk {
            Some(disk) => disk.within(&coordinator),
            None => Command::new(coordinator),
        };
        command.arg("--static-config-file").arg(file).arg("--dynamic-config-file").arg(cue.dynamic);
        self.surround(&mut command);
        // Each start has a log of its own.
        let start = (1..).map(|start| format!("{name}-{start}"));
        let mut start = start.skip_while(|name| cue.folder.join(format!("{name}.log")).exists());
        let name = start.next().unwrap_or_else(|| name.to_owned());
        self.coordinators.push(Child::start(&name, command, cue.folder)?);
        Ok(())
    }

    /// Starts the worker of this number.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn start_worker(&mut self, cue: &Cue<'_>, number: u16) -> anyhow::Result<()> {
        let name = format!("worker-{number}");
        let port = match self.metrics.entry(number) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(free_port()?),
        };
        let file = config::write_static(cue.folder, &name, Port::Metrics(port), &self.places)?;
        let mut command = Command::new(program("ebs-worker")?);
        command.arg("--config").arg(file).args(["--name", &name]);
        self.surround(&mut command);
        self.workers.push(Child::start(&name, command, cue.folder)?);
        Ok(())
    }

    /// The environment of a program of ours.
    fn surround(&self, command: &mut Command) {
        if let Some(locks) = &self.places.locks {
            locks.surround(command);
        }
    }

    /// Takes the coordinator of this instance name out of the troupe, to be ended.
    pub fn take_coordinator(&mut self, name: &str) -> Option<Child> {
        let place = self.coordinators.iter().position(|child| child.name().starts_with(name))?;
        Some(self.coordinators.remove(place))
    }

    /// The coordinator of this instance name.
    #[must_use]
    pub fn coordinator(&self, name: &str) -> Option<&Child> {
        self.coordinators.iter().find(|child| child.name().starts_with(name))
    }

    /// The worker of this number.
    #[must_use]
    pub fn worker(&self, number: u16) -> Option<&Child> {
        let name = format!("worker-{number}");
        self.workers.iter().find(|child| child.name() == name)
    }

    /// Takes the worker of this number out of the troupe, to be ended.
    pub fn take_worker(&mut self, number: u16) -> Option<Child> {
        let name = format!("worker-{number}");
        let place = self.workers.iter().position(|child| child.name() == name)?;
        Some(self.workers.remove(place))
    }

    /// Waits until the coordinator at this port leads and is ready.
    ///
    /// # Errors
    ///
    /// It does not, or a program has ended.
    pub async fn ready(&mut self, port: u16, pages: &Pages) -> anyhow::Result<()> {
        let coordinators = &mut self.coordinators;
        wait_for("the coordinator is ready", READY, || {
            let lives = coordinators.iter_mut().try_for_each(Child::must_live);
            async move {
                lives?;
                Ok(pages.leads(port).await.then_some(()))
            }
        })
        .await
    }

    /// Fails if one of the programs has ended.
    ///
    /// # Errors
    ///
    /// One has; the text names it.
    pub fn must_live(&mut self) -> anyhow::Result<()> {
        self.fedora.child.must_live()?;
        self.coordinators.iter_mut().chain(&mut self.workers).try_for_each(Child::must_live)
    }

    /// Takes out what has ended by itself: names and last words.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub fn take_ended(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        let mut ended = Vec::new();
        for group in [&mut self.coordinators, &mut self.workers] {
            for place in (0..group.len()).rev() {
                if group[place].has_ended()? {
                    let child = group.remove(place);
                    ended.push((child.name().to_owned(), child.last_words()));
                }
            }
        }
        Ok(ended)
    }

    /// Most memory of the first coordinator, and of the largest worker.
    #[must_use]
    pub fn peaks_mb(&self) -> (Option<f64>, Option<f64>) {
        let coordinator = self.coordinators.first().and_then(Child::peak_mb);
        let workers = self.workers.iter().filter_map(Child::peak_mb);
        (coordinator, workers.max_by(f64::total_cmp))
    }

    /// The log of the coordinator that was started first, which leads unless it was made to stop.
    #[must_use]
    pub fn leader_log(&self) -> Option<&Path> {
        self.coordinators.first().map(Child::log)
    }

    /// Every program that runs, by name, with its process id.
    #[must_use]
    pub fn processes(&self) -> Vec<(String, u32)> {
        let mut found = vec![("fedora-sim".to_owned(), self.fedora.child.pid())];
        let ours = self.coordinators.iter().chain(&self.workers);
        found.extend(ours.map(|child| (child.name().to_owned(), child.pid())));
        found.extend(self.broker.iter().map(|broker| ("rabbitmq".to_owned(), broker.pid())));
        if let Some(servers) = &self.servers {
            found.extend([
                ("redis".to_owned(), servers.redis.pid()),
                ("postgres".to_owned(), servers.postgres.pid()),
            ]);
        }
        found.into_iter().filter_map(|(name, pid)| Some((name, pid?))).collect()
    }

    /// The port of the queue's Redis, for people.
    #[must_use]
    pub fn redis_url(&self) -> Option<&str> {
        self.servers.as_ref().map(|servers| servers.redis.url.as_str())
    }

    /// Ends everything: those that ask first, those that answer last.
    pub async fn stop(self) {
        for child in self.workers.into_iter().chain(self.coordinators) {
            child.stop().await;
        }
        self.fedora.child.stop().await;
        drop((self.broker, self.servers));
    }
}

impl Proxies {
    /// Starts them and has these places lead through them.
    async fn before(places: &mut Places) -> anyhow::Result<Self> {
        let broker = proxied(places.broker.as_mut().context("there is no broker")?).await?;
        let servers = match &mut places.redis {
            Some(redis) => Some(ServerProxies {
                redis: proxied(redis).await?,
                postgres: proxied(&mut places.database).await?,
            }),
            None => None,
        };
        Ok(Self { broker, servers })
    }
}

/// A proxy to the server of this URL, which names the proxy afterwards.
async fn proxied(url: &mut String) -> anyhow::Result<Proxy> {
    let mut changed: Url = url.parse().with_context(|| format!("read {url}"))?;
    let proxy = Proxy::start(changed.port().context("a server has a port")?).await?;
    if changed.set_port(Some(proxy.port)).is_err() {
        bail!("{url} can have no port");
    }
    let slash = url.ends_with('/');
    *url = changed.to_string();
    if !slash && url.ends_with('/') {
        url.pop();
    }
    Ok(proxy)
}

impl Servers {
    async fn start() -> anyhow::Result<Self> {
        let postgres = tokio::task::spawn_blocking(postgres::Postgres::start);
        let redis = RedisServer::start().await.context("start Redis")?;
        let postgres = postgres.await.context("start PostgreSQL")?.context("start PostgreSQL")?;
        Ok(Self { redis, postgres })
    }
}

async fn start_broker() -> anyhow::Result<Rabbit> {
    let broker = tokio::task::spawn_blocking(Rabbit::start).await;
    broker.context("start RabbitMQ")?.context("start RabbitMQ")
}

/// Has these places lead to the servers with TLS; the servers.
fn lock(
    places: &mut Places,
    cue: &Cue<'_>,
    (guard, locked): (&Guard, Locked),
) -> anyhow::Result<(Option<Rabbit>, Option<Servers>)> {
    places.locks = Some(guard.locks(cue.folder, &locked)?);
    let Locked { broker: (broker, address), redis: (redis, queue), postgres, .. } = locked;
    let password = config::write(cue.folder, "database-password", postgres::PASSWORD)?;
    (places.database, places.database_password) = (postgres.url(), Some(password));
    (places.broker, places.redis) = (Some(address), Some(queue));
    Ok((Some(broker), Some(Servers { redis, postgres })))
}

fn places(
    cue: &Cue<'_>,
    fedora: &str,
    broker: Option<String>,
    servers: Option<&Servers>,
) -> anyhow::Result<Places> {
    let (database, database_password) = match servers {
        None => {
            let folder = cue.disk.map_or(cue.folder, Disk::folder);
            (format!("sqlite:{}", folder.join("ebs.sqlite").display()), None)
        }
        Some(servers) => {
            let password = config::write(cue.folder, "database-password", postgres::PASSWORD)?;
            (servers.postgres.url(), Some(password))
        }
    };
    Ok(Places {
        fedora: fedora.to_owned(),
        database,
        database_password,
        redis: servers.map(|servers| servers.redis.url.clone()),
        broker,
        locks: None,
        prefetch: cue.prefetch,
        scratch: cue.scratch,
        drafts: cue.drafts,
        batch_size: cue.batch_size,
        max_open_builds: cue.max_open_builds,
        concurrency: 4,
        tempo: cue.tempo.clone(),
    })
}

/// One of our programs: built beside this one.
///
/// # Errors
///
/// It is not there.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("find this program")?;
    // Tests are a folder deeper than programs.
    let inside = here.parent().is_some_and(|folder| folder.ends_with("deps"));
    let here = if inside { here.parent().unwrap_or(&here) } else { &here };
    let path = here.with_file_name(name);
    if !path.is_file() {
        bail!("{} is missing: build it, or use ./dev", path.display());
    }
    Ok(path)
}

/// Fails with a text that names the port if somebody listens on it.
fn must_be_free(port: u16) -> anyhow::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| format!("port {port} is occupied: choose another with --port"))
}
