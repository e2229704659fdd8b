//! Truth: Koji's own record of what entered the tags that trigger, for what the bus and its archive have both missed.
//!
//! Builds of a tag that is seen for the first time trigger nothing: how many there are is shown, and a person decides.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::{
    id::{BuildId, EventId, TagName},
    trigger::Cause,
};
use ebs_shared::{
    clock::{Chance, Clock},
    koji::{
        api::{Hub, Listing, TaggedBuild},
        error::KojiError,
        fault::{self, Meaning},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    catch_up::Archived,
    look::{Look, RecordMark, mark_name, read_mark},
    watched::Watched,
};
use crate::{
    driver::{Handle, Sighting},
    store::Store,
    web::Reporter,
};

/// The longest pause between Koji's newest event and the listing up to it: what is on its way by message arrives meanwhile.
const SETTLE: Duration = Duration::from_secs(60);

/// The same in parts of the interval.
const SETTLES_PER_INTERVAL: u32 = 10;

/// The longest that the archive is waited for before what it has not told of is taken from Koji's record.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(120);

/// Most builds that are handed over at once.
const MAX_SIGHTINGS: usize = 500;

/// The first pause after a failure; it doubles up to the interval, or [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(2);

/// The longest pause after a failure.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// How often the loop goes round while it waits, so that it is seen to live.
const ROUND: Duration = Duration::from_secs(60);

/// The longest that it is silent: a call to the hub with its limit of three minutes, or its storing.
pub const RECORD_SILENT: Duration = Duration::from_secs(300);

/// Compares Koji's record with what we heard, now and then.
pub struct Record {
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// Where the marks are.
    pub store: Arc<dyn Store>,
    /// The one door.
    pub driver: Handle,
    /// Which tags trigger.
    pub tags: Watched,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub chance: Arc<dyn Chance>,
    /// The archive, which is read first; there may be none.
    pub archive: Option<Archived>,
    /// The time between two looks.
    pub every: Duration,
    /// Told how each look went.
    pub health: Reporter,
}

impl Record {
    /// Looks at once and then at each interval, until the term is over.
    pub async fn run(self, over: CancellationToken) {
        let (mut pause, mut begins) = (PAUSE, true);
        loop {
            let looked = tokio::select! {
                biased;
                () = over.cancelled() => return,
                looked = self.once(begins) => looked,
            };
            begins = false;
            let wait = match looked {
                Ok(()) => {
                    self.health.well();
                    pause = PAUSE;
                    self.every
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "Koji's record is not read");
                    self.health.ill(format!("{error:#}"));
                    let wait = pause.min(self.every).mul_f64(0.5 + self.chance.fraction() / 2.0);
                    pause = (pause * 2).min(PAUSE_MAX);
                    wait
                }
            };
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = self.rest(wait) => {}
            }
        }
    }

    /// Waits, and is seen to live meanwhile.
    async fn rest(&self, mut span: Duration) {
        while !span.is_zero() {
            self.health.beat();
            let part = span.min(ROUND);
            tokio::time::sleep(part).await;
            span -= part;
        }
    }

    /// One look at each tag. `begins`: the first of this term.
    async fn once(&self, begins: bool) -> anyhow::Result<()> {
        let mut marked = Vec::new();
        for tag in self.tags.tags().await? {
            let mark = read_mark(&*self.store, &tag).await?;
            marked.push((tag, mark));
        }
        // First the event, then the listing: what is tagged in between is above the mark, and found by the next look.
        let event = self.hub.last_event().await.context("Koji does not tell its newest event")?;
        if marked.iter().any(|(_, mark)| mark.is_some()) {
            if begins {
                // Koji answers and the marks are known: a new leader is not unready for as long as it lets messages arrive.
                self.health.well();
            }
            self.rest(SETTLE.min(self.every / SETTLES_PER_INTERVAL)).await;
        }
        for (tag, mark) in marked {
            self.health.beat();
            self.look_at(&tag, mark, event)
                .await
                .with_context(|| format!("cannot compare Koji's record of `{tag}`"))?;
        }
        Ok(())
    }

    async fn look_at(
        &self,
        tag: &TagName,
        mark: Option<RecordMark>,
        event: EventId,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let look = Look::of(mark, event);
        let listed = self.listed(tag, &look).await?;
        let mut missed = self.unknown(tag, look.new_in(listed)).await?;
        let gap = match &look {
            Look::First { .. } => {
                let gap = missed.len();
                tracing::warn!(%tag, builds = gap, "a tag is seen for the first time: what is in it triggers nothing");
                missed.clear();
                gap
            }
            Look::Since { .. } => 0,
        };
        if !missed.is_empty() {
            self.read_archive().await;
            missed = self.unknown(tag, missed).await?;
        }
        let mark = look.mark(gap, now);
        self.hand_over(tag, missed, &mark).await
    }

    /// What is in the tag, if that can have changed since it was last listed.
    async fn listed(&self, tag: &TagName, look: &Look) -> Result<Vec<TaggedBuild>, KojiError> {
        let listing = async {
            // A listing of Rawhide has some 25,000 rows; nights are quiet.
            if look.is_done_with(self.hub.last_change(tag).await?) {
                return Ok(Vec::new());
            }
            self.health.beat();
            self.hub.list_tagged(tag, Listing::All).await
        };
        match listing.await {
            // One that the configuration named by mistake, or that Koji has removed since.
            Err(error) if is_no_tag(&error) && look.is_of_a_known_tag() => {
                tracing::warn!(%tag, "a tag that triggers is not in Koji");
                Ok(Vec::new())
            }
            listed => listed,
        }
    }

    /// Those that no trigger is known of.
    async fn unknown(
        &self,
        tag: &TagName,
        builds: Vec<TaggedBuild>,
    ) -> anyhow::Result<Vec<TaggedBuild>> {
        let ids: Vec<BuildId> = builds.iter().map(|row| row.build).collect();
        let known = self.store.triggered(tag, &ids).await?;
        Ok(builds.into_iter().filter(|row| !known.contains(&row.build)).collect())
    }

    /// Has the archive read, so that only what it does not know either counts as missed by both. Without it too, in the end.
    async fn read_archive(&self) {
        let Some(archive) = &self.archive else { return };
        self.health.beat();
        if tokio::time::timeout(ARCHIVE_LIMIT, archive.read()).await.is_err() {
            tracing::warn!("the archive is not read in time: Koji's record alone counts");
        }
        self.health.beat();
    }

    /// Stores what was missed; the mark with the last of it.
    async fn hand_over(
        &self,
        tag: &TagName,
        mut missed: Vec<TaggedBuild>,
        mark: &RecordMark,
    ) -> anyhow::Result<()> {
        // Triggers are numbered in the order of their tagging.
        missed.sort_by_key(|row| row.tagged_at);
        let mut sightings: Vec<Sighting> = missed.into_iter().filter_map(sighting).collect();
        while sightings.len() > MAX_SIGHTINGS {
            let rest = sightings.split_off(MAX_SIGHTINGS);
            self.driver.store(sightings, Vec::new(), Vec::new()).await?;
            self.health.beat();
            sightings = rest;
        }
        let mark = (mark_name(tag), serde_json::to_string(mark)?);
        Ok(self.driver.store(sightings, Vec::new(), vec![mark]).await?)
    }
}

fn is_no_tag(error: &KojiError) -> bool {
    error.fault().is_some_and(|fault| fault::meaning(fault) == Meaning::NoSuchTag)
}

fn sighting(row: TaggedBuild) -> Option<Sighting> {
    match row.package.parse() {
        Ok(package) => {
            tracing::info!(nvr = row.nvr, tag = %row.tag, "a build that neither bus nor archive told of");
            Some(Sighting {
                package,
                tag: row.tag,
                build: row.build,
                nvr: row.nvr,
                cause: Cause::KojiRecord,
                message: None,
            })
        }
        Err(error) => {
            tracing::error!(%error, nvr = row.nvr, "a build in Koji has a package that is none");
            None
        }
    }
}
