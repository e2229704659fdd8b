//! One batch under way, and what can be waited for in it.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::Context as _;
use ebs_integration::ports::free_port;
use ebs_stage::{
    child::{say, wait_for},
    config::{self, Tempo},
    disk::Disk,
    fedora,
    once::Performance,
    scenario::{Cast, Part, Scenario},
    status::{Pages, Status},
    troupe::{Cue, Troupe},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// The longest that anything is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// How many packages a batch has.
const PACKAGES: usize = 24;

/// One at a time: each has servers and programs of its own.
static STAGE: Mutex<()> = Mutex::const_new(());

/// The phases of a batch in their order.
const PHASES: &[&str] =
    &["forming", "preparing", "building", "publishing", "settling", "cleaning", "done"];

/// What stays as it is.
pub(crate) struct Setting {
    folder: TempDir,
    dynamic: PathBuf,
    script: Value,
    pub(crate) port: u16,
    workers: Option<u16>,
    drafts: bool,
    batch_size: usize,
    listens: bool,
    pub(crate) disk: Option<Disk>,
    tempo: Tempo,
    tagged_before: Vec<Part>,
}

/// What is played, where it is not the usual.
struct Wish {
    workers: Option<u16>,
    faults: Value,
    /// In MB.
    disk: Option<u32>,
    packages: usize,
    /// Between two looks at Koji's record, in ms.
    truth_interval: Option<u64>,
    /// Whether each package has a build in the tag from the beginning.
    full_tag: bool,
    /// The shortest and the longest build, in ms.
    builds: Option<(u64, u64)>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            workers: None,
            faults: json!({}),
            disk: None,
            packages: PACKAGES,
            truth_interval: None,
            full_tag: false,
            builds: None,
        }
    }
}

/// One batch.
pub(crate) struct Play {
    pub(crate) troupe: Troupe,
    pub(crate) pages: Pages,
    pub(crate) performance: Performance,
    pub(crate) setting: Setting,
    _alone: MutexGuard<'static, ()>,
}

impl Setting {
    pub(crate) fn cue(&self) -> Cue<'_> {
        Cue {
            folder: self.folder.path(),
            dynamic: &self.dynamic,
            script: &self.script,
            port: self.port,
            workers: self.workers,
            scratch: false,
            drafts: self.drafts,
            batch_size: self.batch_size,
            tempo: self.tempo.clone(),
            max_open_builds: None,
            prefetch: None,
            proxied: false,
            secure: false,
            listens: self.listens,
            disk: self.disk.as_ref(),
            tagged_before: &self.tagged_before,
        }
    }
}

/// Shorter leases and calls than on stage: a lost one is noticed soon.
fn tempo(truth_interval: Option<u64>) -> Tempo {
    let timers = [
        ("lease", 5000),
        ("job_lease", 6000),
        ("doubt_wait", 4000),
        ("lull", 3000),
        ("archive_interval", 500),
    ];
    let mut timers = BTreeMap::from(timers);
    timers.extend(truth_interval.map(|millis| ("truth_interval", millis)));
    Tempo { timers, call_timeout: 2000 }
}

impl Play {
    /// Starts the service, standalone or with so many workers, and tags the builds of a batch. `faults` are the script's.
    pub(crate) async fn begin(
        seed: u64,
        workers: Option<u16>,
        faults: Value,
    ) -> anyhow::Result<Self> {
        let mut play = Self::open(seed, workers, faults).await?;
        play.tag().await?;
        Ok(play)
    }

    /// The same without any build tagged yet.
    pub(crate) async fn open(
        seed: u64,
        workers: Option<u16>,
        faults: Value,
    ) -> anyhow::Result<Self> {
        let play = Self::set(seed, Wish { workers, faults, ..Wish::default() }).await?;
        play.context("a batch that needs no disk of its own can be played anywhere")
    }

    /// Standalone, listening to the bus, its file on a file system of so many MB. None where none can be made, which is told.
    pub(crate) async fn open_on_disk(seed: u64, megabytes: u32) -> anyhow::Result<Option<Self>> {
        Self::set(seed, Wish { disk: Some(megabytes), ..Wish::default() }).await
    }

    /// Distributed, with so many packages whose builds are in the tag from the beginning; Koji's record is read each two seconds.
    pub(crate) async fn open_on_full_tag(seed: u64, packages: usize) -> anyhow::Result<Self> {
        let wish = Wish {
            workers: Some(2),
            packages,
            truth_interval: Some(2_000),
            full_tag: true,
            ..Wish::default()
        };
        Self::set(seed, wish).await?.context("a batch that needs no disk can be played anywhere")
    }

    /// Distributed, with so many packages and workers, tagged.
    pub(crate) async fn begin_large(
        seed: u64,
        packages: usize,
        workers: u16,
    ) -> anyhow::Result<Self> {
        // Long enough that much can be done meanwhile, and shorter than they may take.
        let builds = Some((6_000, 7_000));
        let wish = Wish { workers: Some(workers), packages, builds, ..Wish::default() };
        let play = Self::set(seed, wish).await?;
        let mut play = play.context("a batch that needs no disk can be played anywhere")?;
        play.tag().await?;
        Ok(play)
    }

    async fn set(seed: u64, wish: Wish) -> anyhow::Result<Option<Self>> {
        let Wish { workers, faults, disk, packages, truth_interval, full_tag, builds } = wish;
        let alone = STAGE.lock().await;
        say(&format!("seed {seed}"));
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scenario = Scenario::named("clean")?.with_seed(seed);
        let cast = Cast::new(&scenario, packages)?;
        let folder = tempfile::tempdir().context("make a run folder")?;
        let dynamic = config::write_dynamic(folder.path(), &cast)?;
        let mut script = fedora::script(&scenario, &cast, seed);
        script["bodhi"]["lists"][config::LIST] = config::listed(&scenario, &cast).into();
        script["timing"]["request_ms"] = json!(30);
        script["timing"]["build_min_ms"] = json!(1000);
        if let Some((least, most)) = builds {
            script["timing"]["build_min_ms"] = json!(least);
            script["timing"]["build_max_ms"] = json!(most);
        }
        script["faults"] = faults;
        let listens = disk.is_some();
        let disk = match disk {
            None => None,
            Some(megabytes) => match Disk::mount(&folder.path().join("disk"), megabytes).await? {
                Ok(disk) => Some(disk),
                Err(why) => {
                    say(&why);
                    return Ok(None);
                }
            },
        };
        let setting = Setting {
            folder,
            dynamic,
            script,
            port: free_port()?,
            workers,
            drafts: scenario.draft_builds(seed),
            batch_size: cast.batch_size,
            listens,
            disk,
            tempo: tempo(truth_interval),
            tagged_before: if full_tag { cast.parts.clone() } else { Vec::new() },
        };
        let pages = Pages::new()?;
        let troupe = Troupe::start(&setting.cue(), &pages).await?;
        let mode = if workers.is_some() { "stack" } else { "demo" };
        let performance =
            Performance { scenario, cast, seed, port: setting.port, mode, limit: LIMIT };
        Ok(Some(Self { troupe, pages, performance, setting, _alone: alone }))
    }

    /// Tags the builds.
    pub(crate) async fn tag(&mut self) -> anyhow::Result<()> {
        self.performance.first_round(&self.troupe.fedora).await
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn seen(
        &self,
        what: &str,
        wanted: impl Fn(&Status) -> bool,
    ) -> anyhow::Result<Status> {
        let (pages, port) = (&self.pages, self.performance.port);
        wait_for(what, LIMIT, || async { Ok(pages.status(port).await?.filter(|s| wanted(s))) })
            .await
    }

    /// Waits until the batch is in this phase. A later one means that it was missed: the test shows nothing then.
    pub(crate) async fn phase(&self, phase: &str) -> anyhow::Result<()> {
        let place = |phase: &str| PHASES.iter().position(|known| *known == phase);
        let wanted = place(phase).context("there is no such phase")?;
        let (pages, port) = (&self.pages, self.performance.port);
        wait_for(phase, LIMIT, || async {
            let Some(status) = pages.status(port).await? else { return Ok(None) };
            let Some(batch) = status.current else {
                anyhow::ensure!(status.recent.is_empty(), "{phase} was missed");
                return Ok(None);
            };
            let now = place(&batch.phase).unwrap_or(0);
            anyhow::ensure!(now <= wanted, "{phase} was missed: {}", batch.phase);
            Ok((now == wanted).then_some(()))
        })
        .await
    }

    /// Waits until so many calls of this method have come to the hub, or requests to Bodhi.
    pub(crate) async fn asked(&self, request: &str, times: u64) -> anyhow::Result<()> {
        let fedora = &self.troupe.fedora;
        wait_for(request, LIMIT, || async {
            let report = fedora.report().await?;
            let of = |counts: &BTreeMap<String, u64>| counts.get(request).copied().unwrap_or(0);
            Ok((of(&report.calls).max(of(&report.requests)) >= times).then_some(()))
        })
        .await
    }

    /// How many requests have come to the hub, polls included.
    pub(crate) async fn requests(&self) -> anyhow::Result<u64> {
        let report = self.troupe.fedora.report().await?;
        Ok(report.requests.values().sum::<u64>() + report.koji_polls)
    }

    /// How many requests have come to `koji` or `bodhi`, polls of the hub included.
    pub(crate) async fn requests_to(&self, service: &str) -> anyhow::Result<u64> {
        let report = self.troupe.fedora.report().await?;
        let asked = |(name, _): &(&String, &u64)| name.split(' ').next() == Some(service);
        let polls = if service == "koji" { report.koji_polls } else { 0 };
        Ok(report.requests.iter().filter(asked).map(|(_, count)| count).sum::<u64>() + polls)
    }

    /// Waits until the coordinator that leads at first says that it is not ready.
    pub(crate) async fn says_not_ready(&self) -> anyhow::Result<()> {
        let (pages, port) = (&self.pages, self.setting.port);
        wait_for("it says that it is not ready", LIMIT, || async {
            Ok((pages.ready(port).await == Some(false)).then_some(()))
        })
        .await
    }

    /// SIGKILL to the coordinator that leads at first.
    pub(crate) async fn kill_leader(&mut self) -> anyhow::Result<()> {
        self.troupe
            .take_coordinator("coordinator")
            .context("there is no coordinator")?
            .kill()
            .await;
        Ok(())
    }

    /// Starts it again, and waits until it leads.
    pub(crate) async fn start_leader(&mut self) -> anyhow::Result<()> {
        let port = self.setting.port;
        self.troupe.start_coordinator(&self.setting.cue(), "coordinator", port)?;
        self.troupe.ready(port, &self.pages).await
    }

    /// Waits until the standby leads; its status is looked at from now on.
    pub(crate) async fn standby_leads(&mut self) -> anyhow::Result<()> {
        let port = self.troupe.standby.context("there is no standby")?;
        self.performance.port = port;
        self.troupe.ready(port, &self.pages).await
    }

    /// Waits for the end, ends everything, and compares what came out with what the scenario says.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        let ended = self.performance.end(&mut self.troupe, &self.pages).await;
        self.troupe.stop().await;
        if let Some(disk) = self.setting.disk.take() {
            disk.unmount().await;
        }
        if ended.as_ref().map_or(true, |figures| !figures.mismatches.is_empty()) {
            say(&format!("logs are kept in {}", self.setting.folder.keep().display()));
        }
        let figures = ended?;
        anyhow::ensure!(figures.mismatches.is_empty(), "{}", figures.mismatches.join("; "));
        Ok(())
    }
}
