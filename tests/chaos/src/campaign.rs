//! A campaign: the service in each of its forms under a steady stream of builds, faults by plan, then rest, then the verdict.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ebs_integration::ports::free_port;
use ebs_stage::{
    child::say,
    config::{self, Tempo},
    disk::Disk,
    scenario::{Cast, Scenario},
    stream,
    troupe::Cue,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    act::{self, Act, Deeds},
    fault::{Fault, Form},
    options::Options,
    scene::Scene,
    verdict::Figures,
};

/// How many packages the stream chooses from.
const PACKAGES: usize = 120;

/// How much of the time the service runs distributed.
const DISTRIBUTED: f64 = 0.75;

/// Room for the SQLite file, in MB. A campaign writes some.
const DISK_MB: u32 = 48;

/// Times that differ from those of a scenario, in ms: leases and calls are short, so that a lost one is noticed soon.
const TIMERS: &[(&str, u64)] = &[
    ("lease", 5_000),
    ("job_lease", 6_000),
    ("doubt_wait", 4_000),
    ("lull", 2_000),
    ("max_lull", 10_000),
    ("archive_interval", 1_000),
    ("truth_interval", 5_000),
];

/// The limit of a call, in ms: below the leases, and what a lost reply may cost.
const CALL_TIMEOUT: u64 = 2_000;

/// What all acts have in common.
struct Stage<'o> {
    options: &'o Options,
    folder: PathBuf,
    scenario: Scenario,
    cast: Cast,
    script: Value,
}

/// What is played and for how long, in minutes.
type Share = (Form, Vec<Fault>, f64);

/// Hurts the service for as long as is wanted, lets it rest, and says what came of it.
///
/// # Errors
///
/// Something does not start, or a fault cannot be done.
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<Figures> {
    say(&format!("seed {}; the programs' logs are in {}", options.seed, folder.display()));
    let scenario = Scenario::named("clean")?;
    let cast = Cast::new(&scenario, PACKAGES)?;
    let mut script = stream::script(&cast, options.seed);
    script["bodhi"]["lists"][config::LIST] = config::listed(&scenario, &cast).into();
    let stage = Stage { options, folder: folder.to_owned(), scenario, cast, script };
    let (began, mut acts, mut left_out) = (Instant::now(), Vec::new(), Vec::new());
    for share in shares(options) {
        let (deeds, why) = stage.play(share).await?;
        acts.push(deeds);
        left_out.extend(why);
    }
    Ok(Figures::new(options.seed, began.elapsed().as_secs_f64(), acts, left_out))
}

/// How the time is shared among the forms in which one of these kinds can hurt the service.
fn shares(options: &Options) -> Vec<Share> {
    let kinds = if options.faults.is_empty() { &Fault::ALL[..] } else { &options.faults };
    let forms = [(Form::Distributed, DISTRIBUTED), (Form::Standalone, 1.0 - DISTRIBUTED)];
    let all = forms.map(|(form, share)| {
        let kinds: Vec<Fault> = kinds.iter().copied().filter(|kind| kind.hurts(form)).collect();
        (form, kinds, share)
    });
    let played = all.into_iter().filter(|(_, kinds, _)| !kinds.is_empty());
    let played: Vec<Share> = played.collect();
    let sum: f64 = played.iter().map(|(_, _, share)| share).sum();
    let minutes = |share: f64| options.minutes * share / sum;
    played.into_iter().map(|(form, kinds, share)| (form, kinds, minutes(share))).collect()
}

impl Stage<'_> {
    /// Plays one act; what came of it, and what had to be left out and why.
    async fn play(
        &self,
        (form, mut kinds, minutes): Share,
    ) -> anyhow::Result<(Deeds, Option<String>)> {
        let name = if form == Form::Distributed { "distributed" } else { "standalone" };
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        say(&format!("{name}: {minutes:.1} minutes"));
        let mut left_out = None;
        let disk = match form {
            Form::Distributed => None,
            Form::Standalone => Disk::mount(&folder.join("disk"), DISK_MB).await?.map_or_else(
                |why| {
                    kinds.retain(|kind| *kind != Fault::FillDisk);
                    left_out = Some(format!("fill_disk: {why}"));
                    None
                },
                Some,
            ),
        };
        let dynamic = config::write_dynamic(&folder, &self.cast)?;
        let cue = self.cue(form, &folder, &dynamic, disk.as_ref())?;
        let act = Act { form, kinds, minutes, seed: self.options.seed, wait: self.options.wait };
        let mut scene = Scene::start(cue).await?;
        let deeds = act::play(&act, &mut scene, &self.cast, &self.script).await;
        scene.troupe.stop().await;
        if let Some(disk) = disk {
            disk.unmount().await;
        }
        Ok((deeds?, left_out))
    }

    fn cue<'a>(
        &'a self,
        form: Form,
        folder: &'a Path,
        dynamic: &'a Path,
        disk: Option<&'a Disk>,
    ) -> anyhow::Result<Cue<'a>> {
        Ok(Cue {
            folder,
            dynamic,
            script: &self.script,
            port: free_port()?,
            workers: (form == Form::Distributed).then_some(self.options.workers),
            scratch: false,
            drafts: self.scenario.draft_builds(self.options.seed),
            batch_size: self.cast.batch_size,
            tempo: Tempo { timers: TIMERS.iter().copied().collect(), call_timeout: CALL_TIMEOUT },
            max_open_builds: None,
            prefetch: None,
            tagged_before: &[],
            proxied: true,
            secure: false,
            listens: true,
            disk,
        })
    }
}

#[cfg(test)]
mod tests;
