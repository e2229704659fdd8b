//! `./dev bench recovery`: how soon somebody acts after the leader was killed with many builds in flight.

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::{Context, ensure};
use ebs_integration::ports::free_port;
use ebs_shared::clock::{Clock as _, System};
use serde::Serialize;
use serde_json::json;

use super::monitor::{Heard, Monitor};
use crate::{
    child::{say, wait_for},
    config::{self, TIMERS, Tempo},
    fedora::{Announce, Fedora},
    options::BenchRecovery,
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::{Cue, Troupe},
};

/// The release of the Rawhide builds.
const RELEASE: u32 = 2;

/// How long builds take: none ends while it is measured. In ms.
const ENDLESS_MS: u64 = 3_600_000;

/// How long it may take until all builds are under way.
const UNDER_WAY: Duration = Duration::from_secs(300);

/// How many lease periods a standby may take.
const LEASES: u32 = 2;

/// How long an instance may take that is started again.
const RESTART: Duration = Duration::from_secs(2);

const HEAD: &str = "case      builds | lease taken  first job  first poll |  limit   (seconds)";

/// One measured recovery. Times in seconds, from the kill, or from the start of the instance that is started again.
#[derive(Clone, Debug, Serialize)]
struct Recovery {
    /// `standby` or `restart`.
    case: &'static str,
    /// Builds in flight.
    builds: u32,
    /// The killed leader's term, and the next one's.
    epochs: [i64; 2],
    /// Until the lease was taken, by the database's clock.
    lease_taken: f64,
    /// Until the new leader's first job was on the queue.
    first_job: f64,
    /// Until a worker had reported the first poll that it asked for.
    first_poll: f64,
    /// What the last may be at most.
    limit: f64,
}

/// Measures both cases, prints a table and, as the last line, one JSON object. Whether the limits were kept.
///
/// # Errors
///
/// Something does not start, or nobody acts.
pub async fn recovery(options: &BenchRecovery) -> anyhow::Result<bool> {
    let folder = match &options.run_folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?.join(".run").join(format!("bench-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    say(&format!("the programs' logs are in {}", folder.display()));
    say(HEAD);
    let found = measure(options, &folder).await?;
    let kept = found.iter().all(|recovery| recovery.first_poll <= recovery.limit);
    if !kept {
        say("a limit was not kept");
    }
    let lease = lease(options).as_millis();
    let line = json!({ "version": 1, "lease_ms": lease, "recoveries": found, "kept": kept });
    writeln!(std::io::stdout(), "{line}").context("print the figures")?;
    Ok(kept)
}

/// The lease in this run.
fn lease(options: &BenchRecovery) -> Duration {
    let known = TIMERS.iter().find(|(name, _)| *name == "lease").map_or(0, |(_, millis)| *millis);
    Duration::from_millis(options.lease.unwrap_or(known))
}

async fn measure(options: &BenchRecovery, folder: &Path) -> anyhow::Result<Vec<Recovery>> {
    let scenario = Scenario::named("clean")?;
    let cast = Cast::new(&scenario, usize::try_from(options.packages)?)?;
    let dynamic = config::write_dynamic(folder, &cast)?;
    let lease_ms = u64::try_from(lease(options).as_millis())?;
    let script = json!({
        "seed": 1, "build_messages": false,
        "bodhi": { "lists": { config::LIST: config::listed(&scenario, &cast) } },
        "timing": { "build_min_ms": ENDLESS_MS, "build_max_ms": ENDLESS_MS },
    });
    let cue = Cue {
        folder,
        dynamic: &dynamic,
        script: &script,
        port: free_port()?,
        workers: Some(options.workers),
        scratch: false,
        drafts: true,
        batch_size: cast.batch_size,
        tempo: Tempo {
            timers: [("lease", lease_ms), ("build_timeout", ENDLESS_MS)].into(),
            ..Tempo::default()
        },
        max_open_builds: Some(options.packages),
        prefetch: None,
        tagged_before: &[],
        proxied: false,
        secure: false,
        listens: true,
        disk: None,
    };
    let pages = Pages::new()?;
    let mut troupe = Troupe::start(&cue, &pages).await?;
    let found = recoveries(options, &mut troupe, &cue, &cast, &pages).await;
    troupe.stop().await;
    found
}

async fn recoveries(
    options: &BenchRecovery,
    troupe: &mut Troupe,
    cue: &Cue<'_>,
    cast: &Cast,
    pages: &Pages,
) -> anyhow::Result<Vec<Recovery>> {
    for part in &cast.parts {
        troupe.fedora.tag(part, RELEASE, Announce::Once).await?;
    }
    all_under_way(&troupe.fedora, cast.parts.len()).await?;
    let standby = troupe.standby.context("there is a standby")?;
    let instances = [("coordinator", cue.port), ("standby", standby)];
    let mut found = Vec::new();
    let mut leads = 0;
    for _ in 0..options.repeat {
        for case in ["standby", "restart"] {
            let (name, port) = instances[leads];
            wait_for("the leader leads", UNDER_WAY, || async {
                Ok(pages.leads(port).await.then_some(()))
            })
            .await?;
            let recovery = recover(case, (name, port), troupe, cue, options).await?;
            say(&line(&recovery));
            found.push(recovery);
            if case == "standby" {
                // What was killed follows from now on.
                troupe.start_coordinator(cue, name, port)?;
                leads = 1 - leads;
            }
        }
    }
    let asked = troupe.fedora.report().await?;
    ensure!(asked.duplicates.is_empty(), "submitted twice: {:?}", asked.duplicates);
    Ok(found)
}

async fn all_under_way(fedora: &Fedora, builds: usize) -> anyhow::Result<()> {
    wait_for("all builds are under way", UNDER_WAY, || async {
        let left = fedora.report().await?.leftovers;
        Ok((left.open_tasks.len() >= builds).then_some(()))
    })
    .await
}

/// Kills the leader, starts it again if that is the case, and hears who acts.
async fn recover(
    case: &'static str,
    (name, port): (&str, u16),
    troupe: &mut Troupe,
    cue: &Cue<'_>,
    options: &BenchRecovery,
) -> anyhow::Result<Recovery> {
    let mut monitor = Monitor::start(troupe.redis_url().context("there is a Redis")?).await?;
    // The first of its polls that is heard tells the term.
    let before = loop {
        if let Heard::Polled { epoch, .. } = monitor.next(UNDER_WAY).await? {
            break epoch;
        }
    };
    let killed = System.now().millis();
    troupe.take_coordinator(name).context("the leader runs")?.kill().await;
    let (began, limit) = if case == "restart" {
        let began = System.now().millis();
        troupe.start_coordinator(cue, name, port)?;
        (began, RESTART)
    } else {
        (killed, lease(options) * LEASES)
    };
    let mut first_job = None;
    loop {
        match monitor.next(UNDER_WAY).await? {
            Heard::FirstJob { epoch, at } if epoch > before => first_job = Some(at),
            Heard::Polled { epoch, at } if epoch > before => {
                return Ok(Recovery {
                    case,
                    builds: options.packages,
                    epochs: [before, epoch],
                    // An epoch is the database's time at which the lease was taken, unless two terms began in one ms.
                    lease_taken: seconds(epoch - began),
                    first_job: seconds(first_job.unwrap_or(at) - began),
                    first_poll: seconds(at - began),
                    limit: limit.as_secs_f64(),
                });
            }
            Heard::FirstJob { .. } | Heard::Polled { .. } => {}
        }
    }
}

fn seconds(millis: i64) -> f64 {
    f64::from(i32::try_from(millis).unwrap_or(i32::MAX)) / 1000.0
}

fn line(recovery: &Recovery) -> String {
    let Recovery { case, builds, lease_taken, first_job, first_poll, limit, .. } = recovery;
    format!(
        "{case:9} {builds:6} | {lease_taken:11.3} {first_job:10.3} {first_poll:11.3} | {limit:6.1}"
    )
}
