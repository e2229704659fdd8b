//! When it looks: on a timer and when a person asks, while this process leads. What a look comes to is stored in one
//! transaction: its triggers, its report, and that the demand is answered. So a crash costs a look, and never triggers twice.

use std::{sync::Arc, time::Duration};

use ebs_shared::clock::Chance;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    gauges::Gauges,
    look::{Look, Looked},
};
use crate::{
    driver::Handle,
    findings::{Demand, Mode, Report, VERSION},
};

/// How often it is looked whether somebody asks.
const ROUND: Duration = Duration::from_secs(1);

/// The same while the store does not answer.
const ROUND_MAX: Duration = Duration::from_secs(60);

/// The longest wait before the first look of a term: intake hears of what it has missed first.
const SETTLE: Duration = Duration::from_secs(600);

/// The same in parts of the interval.
const SETTLES_PER_INTERVAL: u32 = 10;

/// The longest that one look takes: three bulk questions to Koji, each with its own limit, and the store.
const LOOK_LIMIT: Duration = Duration::from_secs(900);

/// The first pause after a look that came to nothing; it doubles up to [`PAUSE_MAX`], or the interval.
const PAUSE: Duration = Duration::from_secs(10);

/// The longest pause after a look that came to nothing.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// The longest that the loop is silent: one look, and its storing.
pub const RECONCILE_SILENT: Duration = LOOK_LIMIT.saturating_add(ROUND_MAX);

/// Compares what Rawhide and ELN have.
pub struct Reconcile {
    /// Where it looks.
    pub look: Look,
    /// The one door.
    pub driver: Handle,
    /// Jitter.
    pub chance: Arc<dyn Chance>,
    /// The time between two looks; zero: only when a person asks.
    pub every: Duration,
    /// Shown what was found.
    pub gauges: Gauges,
}

/// When the time for the next look has come.
struct Timing {
    due: Option<Instant>,
    pause: Duration,
}

impl Reconcile {
    /// Looks when it is time or somebody asks, until the term is over.
    pub async fn run(self, over: CancellationToken) {
        let (mut timing, mut rest) = (None, ROUND);
        loop {
            let round = async {
                let done = self.round(&mut timing).await;
                rest = self.tell(done, rest);
                sleep(rest).await;
            };
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = round => {}
            }
        }
    }

    /// Tells how a round went; how long to rest then, which was so long before.
    fn tell(&self, done: anyhow::Result<()>, before: Duration) -> Duration {
        let Err(error) = done else {
            self.look.health.well();
            return ROUND;
        };
        let error = format!("{error:#}");
        if before == ROUND {
            tracing::warn!(error, "reconcile cannot go on");
        }
        self.look.health.ill(error);
        (before * 2).min(ROUND_MAX)
    }

    /// Does what is asked for or due.
    async fn round(&self, timing: &mut Option<Timing>) -> anyhow::Result<()> {
        let Some(timing) = timing else {
            *timing = Some(self.begin().await?);
            return Ok(());
        };
        for mode in [Mode::Real, Mode::Dry] {
            if let Some(demand) = Demand::read(&*self.look.store, mode).await? {
                self.once(Some(demand), mode).await?;
            }
        }
        if timing.due.is_some_and(|due| due <= Instant::now()) {
            if self.once(None, Mode::Real).await? {
                (timing.due, timing.pause) = (self.after(self.every), PAUSE);
            } else {
                timing.due = self.after(timing.pause.min(self.every));
                timing.pause = (timing.pause * 2).min(PAUSE_MAX);
            }
        }
        Ok(())
    }

    /// When the first look of this term is due: an interval after the last one there was, and not at once.
    async fn begin(&self) -> anyhow::Result<Timing> {
        let report = Report::read(&*self.look.store, Mode::Real).await?;
        self.gauges.show(&report);
        let settle = SETTLE.min(self.every / SETTLES_PER_INTERVAL);
        let last = report.found.map(|found| self.look.clock.now().since(found.at));
        let rest = last.map_or(Duration::ZERO, |ago| self.every.saturating_sub(ago));
        Ok(Timing { due: self.after(rest.max(settle)), pause: PAUSE })
    }

    /// After this span, a little of it left out by chance; never if there is no interval.
    fn after(&self, span: Duration) -> Option<Instant> {
        let jittered = span.mul_f64(1.0 - self.chance.fraction() / 10.0);
        (!self.every.is_zero()).then(|| Instant::now() + jittered)
    }

    /// One look, and its storing; whether it came to something.
    async fn once(&self, demand: Option<Demand>, mode: Mode) -> anyhow::Result<bool> {
        let (limit, began) = (LOOK_LIMIT.as_secs(), Instant::now());
        let looked = tokio::time::timeout(LOOK_LIMIT, self.look.once(demand.as_ref(), mode)).await;
        let looked = looked.unwrap_or_else(|_| Err(anyhow::anyhow!("not done within {limit} s")));
        let asked = demand.is_some();
        let (report, sightings) = match looked {
            Ok(Looked { found, sightings }) => {
                tracing::info!(
                    missing = found.counts.missing,
                    stale = found.counts.stale,
                    triggered = sightings.len(),
                    kept_back = found.kept_back(),
                    dry_run = mode == Mode::Dry,
                    duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "the tags were compared"
                );
                (Report { v: VERSION, found: Some(found), fault: None }, sightings)
            }
            Err(error) => {
                let why = format!("{error:#}");
                tracing::warn!(error = why, "the tags are not compared");
                let before = Report::read(&*self.look.store, mode).await?;
                (before.after_fault(why, demand, self.look.clock.now()), Vec::new())
            }
        };
        let mut marks = vec![(mode.report().to_owned(), serde_json::to_string(&report)?)];
        if asked {
            marks.push((mode.demand().to_owned(), String::new()));
        }
        self.driver.store(sightings, Vec::new(), marks).await?;
        if mode == Mode::Real {
            self.gauges.show(&report);
        }
        Ok(report.fault.is_none())
    }
}
