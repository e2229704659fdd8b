//! One measured batch: everything started anew, one batch of clean packages, everything ended.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, ensure};
use ebs_integration::ports::free_port;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::{
    log::Log,
    processes::{self, Used},
};
use crate::{
    child::wait_for,
    config::{self, Tempo},
    fedora::{Announce, Fedora},
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::{Cue, Troupe},
};

/// Times of a measured run that differ from those of a scenario, in ms.
pub(super) const TIMERS: &[(&str, u64)] =
    &[("poll_min", 50), ("lull", 3_000), ("max_lull", 60_000), ("archive_interval", 60_000)];

/// How long the page may show what was before.
const SHOWN: Duration = Duration::from_secs(10);

/// The release of the Rawhide builds.
const RELEASE: u32 = 2;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Load {
    /// Clean packages.
    pub(super) packages: u32,
    /// Workers; 0: standalone.
    pub(super) workers: u16,
    /// What each HTTP request to the simulated Fedora takes, in ms.
    pub(super) latency_ms: u64,
    /// What each inner call of a `multiCall` takes, in ms.
    pub(super) inner_ms: u64,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    /// From entering `preparing` to `done`.
    pub(super) seconds: f64,
    /// CPU seconds in that time, by program.
    pub(super) cpu: BTreeMap<String, f64>,
    /// Most memory at once, in MB, by program.
    pub(super) peak_mb: BTreeMap<String, f64>,
    /// HTTP requests to Koji without polls.
    pub(super) koji_requests: u64,
    /// HTTP requests to Koji that only poll.
    pub(super) koji_polls: u64,
    /// The fewest an ideal poller would have needed.
    pub(super) poll_lower_bound: u64,
    /// HTTP requests to Koji by method.
    pub(super) by_method: BTreeMap<String, u64>,
    /// How long each phase took, in seconds.
    pub(super) phases: BTreeMap<String, f64>,
}

/// What the simulator counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Counted {
    koji_requests: u64,
    koji_polls: u64,
    poll_lower_bound: u64,
    requests: BTreeMap<String, u64>,
    duplicates: Vec<String>,
}

/// Runs one load.
///
/// # Errors
///
/// Something does not start, the batch does not end in time, or not every package ends as built and stable.
pub(super) async fn measure(load: Load, folder: &Path) -> anyhow::Result<Measured> {
    let scenario = Scenario::named("clean")?;
    let cast = Cast::new(&scenario, usize::try_from(load.packages)?)?;
    let dynamic = config::write_dynamic(folder, &cast)?;
    let script = json!({
        "seed": 1, "build_messages": false,
        "bodhi": { "lists": { config::LIST: config::listed(&scenario, &cast) } },
        "timing": { "request_ms": load.latency_ms, "call_ms": load.inner_ms },
    });
    let pages = Pages::new()?;
    let port = free_port()?;
    let cue = Cue {
        folder,
        dynamic: &dynamic,
        script: &script,
        port,
        workers: (load.workers > 0).then_some(load.workers),
        scratch: false,
        drafts: scenario.draft_builds(1),
        batch_size: cast.batch_size,
        tempo: Tempo { timers: TIMERS.iter().copied().collect(), ..Tempo::default() },
        max_open_builds: None,
        prefetch: None,
        tagged_before: &[],
        proxied: false,
        secure: false,
        listens: false,
        disk: None,
    };
    let mut troupe = Troupe::start(&cue, &pages).await?;
    let measured = perform(&mut troupe, &cast, port, &pages).await;
    troupe.stop().await;
    measured
}

async fn perform(
    troupe: &mut Troupe,
    cast: &Cast,
    port: u16,
    pages: &Pages,
) -> anyhow::Result<Measured> {
    for part in &cast.parts {
        troupe.fedora.tag(part, RELEASE, Announce::Once).await?;
    }
    let programs = troupe.processes();
    let mut log = Log::new(troupe.leader_log().context("a coordinator runs")?.to_owned());
    log.until("forming a batch", troupe).await?;
    let (before, mut phases) = (processes::used(&programs), Phases::begin());
    while !phases.ended {
        phases.note(&log.until("phase=", troupe).await?);
    }
    // Said once the end is stored.
    log.until("batch ended", troupe).await?;
    let after = processes::used(&programs);
    let batch = wait_for("the batch is shown as ended", SHOWN, || async move {
        Ok(pages.status(port).await?.and_then(|status| status.recent.into_iter().next()))
    })
    .await?;
    let counted = counted(&troupe.fedora).await?;
    ensure!(counted.duplicates.is_empty(), "submitted twice: {:?}", counted.duplicates);
    let packages = u64::try_from(cast.parts.len())?;
    let (stable, seconds) = (batch.summary.stable, millis(batch.ended - batch.created));
    ensure!(stable == packages, "of {packages} packages {stable} became stable");
    Ok(Measured {
        seconds,
        cpu: spent(&before, &after),
        peak_mb: after.iter().map(|(name, used)| (name.clone(), round(used.peak_mb))).collect(),
        koji_requests: counted.koji_requests,
        koji_polls: counted.koji_polls,
        poll_lower_bound: counted.poll_lower_bound,
        by_method: counted.requests,
        phases: phases.took,
    })
}

fn spent(before: &BTreeMap<String, Used>, after: &BTreeMap<String, Used>) -> BTreeMap<String, f64> {
    let spent = after.iter().map(|(name, used)| {
        (name.clone(), round(used.cpu - before.get(name).map_or(0.0, |used| used.cpu)))
    });
    spent.collect()
}

/// To hundredths.
pub(super) fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn millis(millis: i64) -> f64 {
    f64::from(i32::try_from(millis).unwrap_or(i32::MAX)) / 1000.0
}

async fn counted(fedora: &Fedora) -> anyhow::Result<Counted> {
    let report = fedora.raw_report().await?;
    serde_json::from_value(report).context("understand the simulator's report")
}

/// How long the phases took, as far as the log shows it.
struct Phases {
    since: Instant,
    name: String,
    took: BTreeMap<String, f64>,
    ended: bool,
}

impl Phases {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            name: "preparing".to_owned(),
            took: BTreeMap::new(),
            ended: false,
        }
    }

    /// A line of the log that tells of a phase: the one before has ended.
    fn note(&mut self, line: &str) {
        let Some(name) = phase(line) else { return };
        *self.took.entry(std::mem::take(&mut self.name)).or_default() +=
            round(self.since.elapsed().as_secs_f64());
        self.since = Instant::now();
        self.ended = matches!(name, "done" | "empty" | "aborted");
        name.clone_into(&mut self.name);
    }
}

/// `phase="building"` or `phase=building`, with or without colours.
fn phase(line: &str) -> Option<&str> {
    let rest = line.rsplit_once("phase=")?.1.trim_start_matches('"');
    rest.split(|letter: char| !letter.is_ascii_lowercase()).next()
}

#[cfg(test)]
mod tests;
