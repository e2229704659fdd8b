//! A campaign: a steady stream of builds, faults by plan, then rest, then the verdict.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use ebs_stage::{
    child::{say, wait_for},
    config::{self, Tempo},
    scenario::{Cast, Scenario},
    status::Status,
    stream::{self, Stream},
    troupe::{Cue, free_port},
};
use tokio::time::{Instant, sleep};

use crate::{
    fault::Fault,
    options::Options,
    plan::plan,
    scene::Scene,
    verdict::{Deeds, Figures},
};

/// How many packages the stream chooses from.
const PACKAGES: usize = 120;

/// The longest that the service may take to come to rest once nothing hurts it any more.
const REST: Duration = Duration::from_secs(120);

/// Times that differ from those of a scenario, in ms: leases and calls are short, so that a lost one is noticed soon.
const TIMERS: &[(&str, u64)] = &[
    ("lease", 5_000),
    ("job_lease", 6_000),
    ("doubt_wait", 4_000),
    ("lull", 2_000),
    ("max_lull", 10_000),
    ("truth_interval", 1_000),
];

/// The limit of a call, in ms: below the leases, and what a lost reply may cost.
const CALL_TIMEOUT: u64 = 2_000;

/// What goes on while faults come.
struct Work {
    stream: Stream,
    cast: Cast,
    next: Instant,
    tagged: u64,
}

/// Hurts the service for as long as is wanted, lets it rest, and says what came of it.
///
/// # Errors
///
/// Something does not start, or a fault cannot be done.
pub async fn run(options: &Options) -> anyhow::Result<Figures> {
    let folder = match &options.run_folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?.join(".run").join(format!("chaos-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    say(&format!("seed {}; the programs' logs are in {}", options.seed, folder.display()));
    let scenario = Scenario::named("clean")?;
    let cast = Cast::new(&scenario, PACKAGES)?;
    let dynamic = config::write_dynamic(&folder, &cast)?;
    let mut script = stream::script(&cast, options.seed);
    script["bodhi"]["lists"][config::LIST] = config::listed(&scenario, &cast).into();
    let cue = cue(options, &folder, &dynamic, &script, &scenario, &cast)?;
    let mut scene = Scene::start(cue).await?;
    let ended = campaign(options, &mut scene, cast).await;
    scene.troupe.stop().await;
    ended
}

fn cue<'a>(
    options: &Options,
    folder: &'a Path,
    dynamic: &'a PathBuf,
    script: &'a serde_json::Value,
    scenario: &Scenario,
    cast: &Cast,
) -> anyhow::Result<Cue<'a>> {
    Ok(Cue {
        folder,
        dynamic,
        script,
        port: free_port()?,
        workers: Some(options.workers),
        scratch: false,
        drafts: scenario.draft_builds(options.seed),
        batch_size: cast.batch_size,
        tempo: Tempo { timers: TIMERS.iter().copied().collect(), call_timeout: CALL_TIMEOUT },
        proxied: true,
    })
}

async fn campaign(options: &Options, scene: &mut Scene<'_>, cast: Cast) -> anyhow::Result<Figures> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(options.minutes * 60.0);
    let mut faults: BTreeMap<Fault, u32> = BTreeMap::new();
    let mut work = Work { stream: Stream::new(options.seed), cast, next: begun, tagged: 0 };
    let kinds = if options.faults.is_empty() { &Fault::ALL[..] } else { &options.faults };
    for planned in plan(options.seed, kinds) {
        if Instant::now() >= until {
            break;
        }
        work.go_on(scene, planned.after).await?;
        let at = begun.elapsed().as_secs();
        say(&format!("{at:4} s: {:?} for {:?}", planned.fault, planned.lasts));
        scene.suffer(planned.fault, planned.lasts).await?;
        *faults.entry(planned.fault).or_default() += 1;
        scene.mend()?;
    }
    let status = rest(options, scene).await?;
    let report = scene.troupe.fedora.report().await?;
    let deeds = Deeds {
        seed: options.seed,
        seconds: begun.elapsed().as_secs_f64(),
        faults,
        tagged: work.tagged,
        ended_by_themselves: scene.ended_by_themselves.clone(),
    };
    Ok(Figures::new(deeds, &status, &report))
}

impl Work {
    /// Lets time pass; builds are tagged when their moment has come.
    async fn go_on(&mut self, scene: &Scene<'_>, span: Duration) -> anyhow::Result<()> {
        if Instant::now() >= self.next {
            self.tagged += self.stream.next(&scene.troupe.fedora, &self.cast).await?;
            self.next = Instant::now() + stream::PACE;
        }
        sleep(span).await;
        Ok(())
    }
}

/// Waits until nothing is under way any more. If that does not come, what is under way then.
async fn rest(options: &Options, scene: &mut Scene<'_>) -> anyhow::Result<Status> {
    say("nothing hurts it any more");
    let until = Instant::now() + REST;
    loop {
        scene.mend()?;
        let ((_, port), _) = scene.leader().await?;
        let pages = scene.pages();
        let status = wait_for("the status", REST, || pages.status(port)).await?;
        let still = status.current.is_none() && status.pending_total == 0;
        if still && status.effects_open == 0 {
            return Ok(status);
        }
        if Instant::now() >= until {
            say(&format!("what has not ended: {:?}", status.current));
            if let Some(seconds) = options.wait {
                say(&format!("left as it is for {seconds} s; the leader is at port {port}"));
                sleep(Duration::from_secs(seconds)).await;
            }
            return Ok(status);
        }
        sleep(Duration::from_millis(500)).await;
    }
}
