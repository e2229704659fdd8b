//! One run of the program: makes the run folder, starts everything, plays, ends everything, whatever happens.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use ebs_integration::ports::free_port;
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    bench,
    child::say,
    config::{self, TOKEN, Tempo},
    fedora, guard,
    once::Performance,
    options::{Bench, Mode, Options, Play, Stack},
    scenario::{Cast, Scenario},
    status::Pages,
    stream::{self, Stream},
    troupe::{Cue, Troupe},
    watch::Watch,
};

/// The page's port if nothing else is said.
const PORT: u16 = 8080;

/// How many packages the steady stream chooses from.
const STREAM_PACKAGES: usize = 300;

/// How often it is looked whether all programs live.
const LOOK: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    AsExpected,
    /// Something was not; it has been listed.
    Mismatch,
    /// There is no such scenario, or it needs more packages; it has been told.
    Usage,
}

/// What is to be shown, and in which form of the service.
struct Show {
    mode: &'static str,
    play: Play,
    /// None: one process does all.
    workers: Option<u16>,
    /// Whether Prometheus looks at it.
    watch: bool,
    /// Whether everything is locked as in production.
    secure: bool,
}

/// What is to be done, from the command line.
struct Plan {
    play: Play,
    mode: &'static str,
    workers: Option<u16>,
    watch: bool,
    secure: bool,
    scenario: Scenario,
    cast: Cast,
    folder: PathBuf,
    port: u16,
}

/// Does what the command line says, until it is done or SIGINT or SIGTERM comes.
///
/// # Errors
///
/// Something does not start, ends too early or is not done in time.
pub async fn run(options: Options) -> anyhow::Result<Verdict> {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match options.mode {
        Mode::Demo(play) => {
            perform(Show { mode: "demo", play, workers: None, watch: false, secure: false }).await
        }
        Mode::Stack(Stack { play, workers, watch, secure }) => {
            perform(Show { mode: "stack", play, workers: Some(workers), watch, secure }).await
        }
        Mode::Bench(bench) => measure(&bench).await,
    }
}

/// A measurement, until it is done or SIGINT or SIGTERM comes: then all that was started ends with its drop.
async fn measure(bench: &Bench) -> anyhow::Result<Verdict> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let measured = async {
        match bench {
            Bench::Batch(options) => bench::batch(options).await.map(|()| true),
            Bench::Parse(options) => bench::parse(options).map(|()| true),
            Bench::Policy(options) => bench::policy(options),
            Bench::Reconcile(options) => bench::reconcile(options).await,
            Bench::Recovery(options) => bench::recovery(options).await,
            Bench::Intake(options) => bench::intake(options).await,
        }
    };
    select! {
        biased;
        _ = terminate.recv() => Ok(Verdict::Mismatch),
        _ = interrupt.recv() => Ok(Verdict::Mismatch),
        measured = measured => {
            Ok(if measured? { Verdict::AsExpected } else { Verdict::Mismatch })
        }
    }
}

async fn perform(show: Show) -> anyhow::Result<Verdict> {
    let (scenario, cast) = match cast(&show) {
        Ok(found) => found,
        Err(error) => {
            say(&format!("{error:#}"));
            return Ok(Verdict::Usage);
        }
    };
    let plan = Plan::new(show, scenario, cast)?;
    let pages = Pages::new()?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let dynamic = config::write_dynamic(&plan.folder, &plan.cast)?;
    let script = plan.script();
    let cue = plan.cue(&dynamic, &script);
    let mut troupe = select! {
        biased;
        _ = terminate.recv() => return Ok(Verdict::AsExpected),
        _ = interrupt.recv() => return Ok(Verdict::AsExpected),
        started = Troupe::start(&cue, &pages) => started.inspect_err(|_| say(&logs(&plan.folder)))?,
    };
    let ended = select! {
        biased;
        _ = terminate.recv() => Ok(plan.interrupted()),
        _ = interrupt.recv() => Ok(plan.interrupted()),
        ended = plan.perform(&mut troupe, &pages) => ended.inspect_err(|_| say(&logs(&plan.folder))),
    };
    troupe.stop().await;
    ended
}

fn logs(folder: &Path) -> String {
    format!("the programs' logs are in {}", folder.display())
}

/// The scenario and who plays it; the steady stream has a clean one's packages.
fn cast(show: &Show) -> anyhow::Result<(Scenario, Cast)> {
    let play = &show.play;
    let name = if play.once { play.scenario.as_str() } else { "clean" };
    let packages = if play.once { usize::try_from(play.packages)? } else { STREAM_PACKAGES };
    let scenario = Scenario::named(name)?.with_seed(play.seed);
    let cast = Cast::new(&scenario, packages)?;
    Ok((scenario, cast))
}

impl Plan {
    fn new(show: Show, scenario: Scenario, cast: Cast) -> anyhow::Result<Self> {
        let Show { mode, play, workers, watch, secure } = show;
        let folder = match &play.run_folder {
            Some(folder) => folder.clone(),
            None => {
                std::env::current_dir()?.join(".run").join(format!("{mode}-{}", std::process::id()))
            }
        };
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let port = match play.port {
            Some(port) => port,
            None if play.once => free_port()?,
            None => PORT,
        };
        Ok(Self { play, mode, workers, watch, secure, scenario, cast, folder, port })
    }

    fn script(&self) -> serde_json::Value {
        let mut script = if self.play.once {
            fedora::script(&self.scenario, &self.cast, self.play.seed)
        } else {
            stream::script(&self.cast, self.play.seed)
        };
        script["bodhi"]["lists"][config::LIST] = config::listed(&self.scenario, &self.cast).into();
        if self.secure {
            guard::lock(&mut script);
        }
        script
    }

    fn cue<'a>(&'a self, dynamic: &'a Path, script: &'a serde_json::Value) -> Cue<'a> {
        Cue {
            folder: &self.folder,
            dynamic,
            script,
            port: self.port,
            workers: self.workers,
            scratch: self.scenario.scratch,
            drafts: self.scenario.draft_builds(self.play.seed),
            batch_size: self.cast.batch_size,
            tempo: Tempo::default(),
            max_open_builds: None,
            prefetch: None,
            tagged_before: &[],
            proxied: false,
            secure: self.secure,
            listens: false,
            disk: None,
        }
    }

    async fn perform(&self, troupe: &mut Troupe, pages: &Pages) -> anyhow::Result<Verdict> {
        if let Some(redis) = troupe.redis_url() {
            say(&format!("the queue: redis-cli -u {redis} XRANGE {{ebs}}:s:submit - +"));
        }
        let (port, token) = (self.port, self.folder.join(TOKEN));
        say(&format!("the page: http://127.0.0.1:{port}/   {}", logs(&self.folder)));
        let token = token.display();
        say(&format!("changes: ebsctl --url http://127.0.0.1:{port}/ --token-file {token} …"));
        // Ends when this does: before what it looks at.
        let _watch = if self.watch { Some(self.watched(troupe).await?) } else { None };
        if self.play.once { self.play_once(troupe, pages).await } else { self.stream(troupe).await }
    }

    /// Has Prometheus look at it, and says where to look at that.
    async fn watched(&self, troupe: &Troupe) -> anyhow::Result<Watch> {
        let watch = Watch::start(troupe, self.port, &self.folder).await?;
        // Debian's Prometheus has another page of alerts than others; this one leads to it in all of them.
        say(&format!("the metrics, and the alerts: {}graph", watch.prometheus.url));
        match &watch.grafana {
            Some(grafana) => say(&format!("the dashboards: {}dashboards", grafana.url)),
            None => say(
                "the dashboards: there is no Grafana on this system; they are in grafana/dashboards",
            ),
        }
        Ok(watch)
    }

    async fn play_once(&self, troupe: &mut Troupe, pages: &Pages) -> anyhow::Result<Verdict> {
        let performance = Performance {
            scenario: self.scenario.clone(),
            cast: self.cast.clone(),
            seed: self.play.seed,
            port: self.port,
            mode: self.mode,
            limit: Duration::from_secs(self.play.time_limit),
        };
        let figures = performance.play(troupe, pages).await?;
        for line in &figures.mismatches {
            say(&format!("mismatch: {line}"));
        }
        let line = serde_json::to_string(&figures)?;
        writeln!(std::io::stdout(), "{line}").context("print the figures")?;
        Ok(if figures.mismatches.is_empty() { Verdict::AsExpected } else { Verdict::Mismatch })
    }

    /// Until a signal comes, or a program ends.
    async fn stream(&self, troupe: &mut Troupe) -> anyhow::Result<Verdict> {
        let mut stream = Stream::new(self.play.seed);
        loop {
            stream.next(&troupe.fedora, &self.cast).await?;
            for _ in 0..stream::PACE.as_secs() {
                sleep(LOOK).await;
                troupe.must_live()?;
            }
        }
    }

    /// A stream ends by a signal; a run of `--once` that is broken off has shown nothing.
    fn interrupted(&self) -> Verdict {
        if self.play.once { Verdict::Mismatch } else { Verdict::AsExpected }
    }
}
