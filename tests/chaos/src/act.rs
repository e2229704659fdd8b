//! One act: builds are tagged at their pace, faults come by plan and may overlap, then the service comes to rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ebs_stage::{
    child::{say, wait_for},
    fedora::Report,
    scenario::Cast,
    status::Status,
    stream::{self, Stream},
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    fault::{Fault, Form},
    lasting::Lasting,
    plan::{Planned, plan},
    scene::Scene,
};

/// The longest that the service may take to come to rest once nothing hurts it any more.
const REST: Duration = Duration::from_secs(120);

/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(500);

/// How often what lasts is done again.
const STEP: Duration = Duration::from_millis(500);

/// What is played.
pub struct Act {
    /// How the service runs.
    pub form: Form,
    /// What may happen to it.
    pub kinds: Vec<Fault>,
    /// For how long, in minutes.
    pub minutes: f64,
    /// What all chance is drawn from.
    pub seed: u64,
    /// How long a service that does not come to rest is left as it is, in seconds.
    pub wait: Option<u64>,
}

/// What was done, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Deeds {
    /// How the service ran.
    pub form: Form,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How often each fault was done.
    pub faults: BTreeMap<Fault, u32>,
    /// What happened when, one line each.
    pub plan: Vec<String>,
    /// Builds that were tagged and told.
    pub tagged: u64,
    /// Components of which Koji said that a build failed, or may have said so.
    pub may_fail: BTreeSet<String>,
    /// How each component ended, by batch.
    pub ends: BTreeMap<(i64, String), String>,
    /// Programs that ended without having been told to.
    pub ended_by_themselves: Vec<String>,
    /// What the leader says of its store, at rest.
    pub status: Status,
    /// What Fedora saw.
    pub report: Report,
}

/// What goes on while faults come.
struct Course<'a> {
    stream: Stream,
    cast: &'a Cast,
    began: Instant,
    /// When builds are tagged next.
    tagging: Instant,
    /// Since when nothing new has happened: no fault begun, none ended.
    since: Instant,
    lasting: Lasting,
    deeds: Deeds,
}

/// Plays an act on a service that has just started.
///
/// # Errors
///
/// A fault cannot be done or undone.
pub async fn play(
    act: &Act,
    scene: &mut Scene<'_>,
    cast: &Cast,
    script: &Value,
) -> anyhow::Result<Deeds> {
    let mut course = Course::begin(act, cast, script);
    let until = course.began + Duration::from_secs_f64(act.minutes * 60.0);
    for planned in plan(act.seed, &act.kinds) {
        if !course.until_due(&planned, until, scene).await? {
            break;
        }
        course.fault(&planned, scene).await?;
    }
    while course.lasting.next_end().is_some() {
        course.step(until, scene).await?;
    }
    course.deeds.status = course.rest(act, scene).await?;
    course.deeds.report = scene.troupe.fedora.report().await?;
    course.deeds.seconds = course.began.elapsed().as_secs_f64();
    course.deeds.ended_by_themselves.clone_from(&scene.ended_by_themselves);
    Ok(course.deeds)
}

impl<'a> Course<'a> {
    fn begin(act: &Act, cast: &'a Cast, script: &Value) -> Self {
        let began = Instant::now();
        let scripted = |upstream: &str| script["outcomes"].get(upstream).is_some();
        let may_fail = cast.parts.iter().filter(|part| scripted(&part.upstream));
        let deeds = Deeds {
            form: act.form,
            seconds: 0.0,
            faults: BTreeMap::new(),
            plan: Vec::new(),
            tagged: 0,
            may_fail: may_fail.map(|part| part.component.clone()).collect(),
            ends: BTreeMap::new(),
            ended_by_themselves: Vec::new(),
            status: Status::default(),
            report: Report::default(),
        };
        let stream = Stream::new(act.seed);
        let lasting = Lasting::default();
        Self { stream, cast, began, tagging: began, since: began, lasting, deeds }
    }

    /// Lets things go on until this fault is due; false if time is up before.
    async fn until_due(
        &mut self,
        planned: &Planned,
        until: Instant,
        scene: &mut Scene<'_>,
    ) -> anyhow::Result<bool> {
        loop {
            let free = if planned.beside {
                !self.lasting.hurts(planned.fault.target())
            } else {
                self.lasting.next_end().is_none()
            };
            let due = self.since + planned.after;
            let now = Instant::now();
            if now >= until {
                return Ok(false);
            }
            if free && now >= due {
                return Ok(true);
            }
            self.step(if free { due.min(until) } else { until }, scene).await?;
        }
    }

    async fn fault(&mut self, planned: &Planned, scene: &mut Scene<'_>) -> anyhow::Result<()> {
        let at = self.began.elapsed().as_secs_f64();
        let name = planned.fault.name()?;
        let line = format!("{at:6.1} s: {name} for {:.1} s", planned.lasts.as_secs_f64());
        say(&line);
        self.deeds.plan.push(line);
        self.lasting.begin(planned, scene).await?;
        self.since = Instant::now();
        *self.deeds.faults.entry(planned.fault).or_default() += 1;
        Ok(())
    }

    /// Lets a little time pass, at most until then: builds are tagged when their moment has come, faults end when theirs has.
    async fn step(&mut self, until: Instant, scene: &mut Scene<'_>) -> anyhow::Result<()> {
        if Instant::now() >= self.tagging {
            self.deeds.tagged += self.stream.next(&scene.troupe.fedora, self.cast).await?;
            self.tagging = Instant::now() + stream::PACE;
        }
        let lasted = self.lasting.next_end();
        self.lasting.go_on(scene).await?;
        if self.lasting.next_end() != lasted {
            self.since = Instant::now();
            self.look(scene).await?;
        }
        let now = Instant::now();
        let next =
            [Some(until).filter(|until| *until > now), self.lasting.next_end(), Some(self.tagging)];
        let next = next.into_iter().flatten().fold(now + STEP, Instant::min);
        sleep(next.saturating_duration_since(now)).await;
        Ok(())
    }

    /// Remembers how components ended: pages show only the newest batches.
    async fn look(&mut self, scene: &Scene<'_>) -> anyhow::Result<()> {
        for (_, port) in scene.instances() {
            if let Some(status) = scene.pages().status(*port).await? {
                self.note(&status);
            }
        }
        Ok(())
    }

    fn note(&mut self, status: &Status) {
        for batch in &status.recent {
            let ends = batch
                .builds
                .iter()
                .map(|member| ((batch.id, member.component.clone()), member.state.clone()));
            self.deeds.ends.extend(ends);
        }
    }

    /// Waits until nothing is under way any more. If that does not come, what is under way then.
    async fn rest(&mut self, act: &Act, scene: &mut Scene<'_>) -> anyhow::Result<Status> {
        say("nothing hurts it any more");
        let until = Instant::now() + REST;
        loop {
            self.lasting.go_on(scene).await?;
            let (_, port) = scene.leader().await?;
            let pages = scene.pages();
            let status = wait_for("the status", REST, || pages.status(port)).await?;
            self.note(&status);
            if is_at_rest(&status, self.deeds.tagged) {
                return Ok(status);
            }
            if Instant::now() >= until {
                let (heard, tagged) = (status.triggers(), self.deeds.tagged);
                say(&format!(
                    "{heard} of {tagged} builds are triggers; open: {:?}",
                    status.current
                ));
                if let Some(seconds) = act.wait {
                    say(&format!("left as it is for {seconds} s; the leader is at port {port}"));
                    sleep(Duration::from_secs(seconds)).await;
                }
                return Ok(status);
            }
            sleep(LOOK).await;
        }
    }
}

/// Whether nothing is under way any more: not in the service, nor on its way to it. What the bus or its archive still has
/// is not lost, though nothing else may be open.
fn is_at_rest(status: &Status, tagged: u64) -> bool {
    let ended = status.current.is_none() && status.pending_total == 0 && status.effects_open == 0;
    ended && status.triggers() >= tagged
}

#[cfg(test)]
mod tests;
