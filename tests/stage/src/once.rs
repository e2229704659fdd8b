//! Plays one scenario from the first tagging to the end of its last batch.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

use crate::{
    config::{EXCLUDED, NEVER_TAGGED},
    fedora::{Announce, Fedora},
    figures::{Figures, Run},
    scenario::{Cast, End, Expected, Extra, NEW_IN_SECOND_ROUND, Scenario, mismatches},
    status::{Pages, Status},
    troupe::Troupe,
};

/// The release of the Rawhide build that is built from; an older one has 1.
const RELEASE: u32 = 2;

/// How often the status is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is played.
#[derive(Clone, Debug)]
pub struct Performance {
    /// The scenario.
    pub scenario: Scenario,
    /// Who plays.
    pub cast: Cast,
    /// The seed.
    pub seed: u64,
    /// Where the coordinator's pages are.
    pub port: u16,
    /// `demo` or `stack`.
    pub mode: &'static str,
    /// Longest time it may take.
    pub limit: Duration,
}

/// How long builds have had their tasks when the side tag is removed: past their start, and before their end.
const UNDER_WAY_MS: i64 = 1000;

impl Performance {
    /// Plays it; the figures, with what is not as it should be.
    ///
    /// # Errors
    ///
    /// It cannot be played to the end: a program ended, or time is up.
    pub async fn play(&self, troupe: &mut Troupe, pages: &Pages) -> anyhow::Result<Figures> {
        let began = Instant::now();
        self.first_round(&troupe.fedora).await.context("tag the builds")?;
        let mut status = self.batches_end(1, troupe, pages).await?;
        if self.scenario.second_round {
            self.second_round(&troupe.fedora).await.context("tag the second round's builds")?;
            status = self.batches_end(2, troupe, pages).await?;
        }
        self.figures(status, troupe, began).await
    }

    /// Waits until the batch of the first round has ended; its figures, with what is not as it should be.
    ///
    /// # Errors
    ///
    /// A program ended, or time is up.
    pub async fn end(&self, troupe: &mut Troupe, pages: &Pages) -> anyhow::Result<Figures> {
        let began = Instant::now();
        let status = self.batches_end(1, troupe, pages).await?;
        self.figures(status, troupe, began).await
    }

    async fn figures(
        &self,
        status: Status,
        troupe: &Troupe,
        began: Instant,
    ) -> anyhow::Result<Figures> {
        let report = troupe.fedora.report().await?;
        let (coordinator_rss_mb, worker_rss_mb) = troupe.peaks_mb();
        let run = Run {
            mode: self.mode,
            scenario: self.scenario.name.clone(),
            seed: self.seed,
            standalone: self.mode == "demo",
            seconds: began.elapsed().as_secs_f64(),
            coordinator_rss_mb,
            worker_rss_mb,
        };
        let ends = status.ends();
        let mut figures = Figures::new(run, status, report);
        let expected = Expected::of(&self.scenario, &self.cast);
        figures.mismatches = mismatches(&expected, &ends, &serde_json::to_value(&figures)?);
        Ok(figures)
    }

    /// Tags the builds of the first round.
    ///
    /// # Errors
    ///
    /// The simulator refuses one.
    pub async fn first_round(&self, fedora: &Fedora) -> anyhow::Result<()> {
        for extra in &self.scenario.extras {
            match extra {
                Extra::Excluded => {
                    fedora
                        .tag_named(&format!("{EXCLUDED}package"), "1", RELEASE, Announce::Once)
                        .await?;
                }
                Extra::NotListed => {
                    fedora.tag_named("on-no-list", "1", RELEASE, Announce::Once).await?
                }
                Extra::FalseTag => {
                    fedora.tag_named(NEVER_TAGGED, "1", RELEASE, Announce::False).await?
                }
                Extra::CentosTopic => {
                    fedora.tag_named("from-centos", "1", RELEASE, Announce::Centos).await?
                }
                Extra::NotJson => {
                    fedora.tag_named("not-json", "1", RELEASE, Announce::NotJson).await?
                }
            }
        }
        let announce = if self.scenario.all_false { Announce::False } else { Announce::Once };
        for part in &self.cast.parts {
            if part.role.twice {
                fedora.tag(part, RELEASE - 1, announce).await?;
            }
            fedora.tag(part, RELEASE, announce).await?;
        }
        Ok(())
    }

    /// The sources that failed, tagged again, and something new, so that there is a batch.
    async fn second_round(&self, fedora: &Fedora) -> anyhow::Result<()> {
        for part in &self.cast.parts {
            if matches!(part.end(), End::Failed(_)) {
                fedora.tag_same_source(part, RELEASE).await?;
            }
        }
        fedora.tag_named(NEW_IN_SECOND_ROUND, "1", RELEASE, Announce::Once).await
    }

    /// Waits until so many batches have ended and nothing is under way.
    async fn batches_end(
        &self,
        count: usize,
        troupe: &mut Troupe,
        pages: &Pages,
    ) -> anyhow::Result<Status> {
        let until = Instant::now() + self.limit;
        let mut vanished = !self.scenario.vanish;
        loop {
            troupe.must_live()?;
            if let Some(status) = pages.status(self.port).await? {
                if !vanished && status.all_build_for(UNDER_WAY_MS) {
                    vanished = troupe.fedora.remove_side_tag().await?;
                }
                let idle = status.current.is_none()
                    && status.pending_total == 0
                    && status.effects_open == 0;
                if idle && status.recent.len() >= count {
                    return Ok(status);
                }
            }
            if Instant::now() >= until {
                bail!("batch {count} has not ended within {} s", self.limit.as_secs());
            }
            sleep(LOOK).await;
        }
    }
}
