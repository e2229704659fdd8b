//! Keeps the tags that trigger, for the length of a term: follows the configuration, stores what changes, and tells the ways in.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ebs_domain::id::TagName;
use ebs_shared::clock::Clock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::tags::{TRIGGER_TAGS, TriggerTags, VERSION};
use crate::{driver::Handle, snapshot::Snapshot, store::Store, web::Reporter};

/// How often it looks whether a former tag's time is over, and shows that it lives.
const ROUND: Duration = Duration::from_secs(30);

/// The pause after the store did not answer.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest that it is silent: a round, and a reading and a writing of the store.
pub const TAGS_SILENT: Duration = Duration::from_secs(120);

/// The tags that trigger, the newest first, as soon as they are known.
#[derive(Clone, Debug)]
pub struct Watched(watch::Receiver<Vec<TagName>>);

/// Nobody keeps the tags that trigger any more: the term is over.
#[derive(Debug, thiserror::Error)]
#[error("the tags that trigger are not known: the term is over")]
pub struct NobodyWatches;

impl Watched {
    /// These tags, for ever.
    #[must_use]
    pub fn fixed(tags: Vec<TagName>) -> Self {
        Self(watch::channel(tags).1)
    }

    /// Tags that are not known yet, and the way to tell them.
    #[must_use]
    pub fn unknown() -> (watch::Sender<Vec<TagName>>, Self) {
        let (tell, tags) = watch::channel(Vec::new());
        (tell, Self(tags))
    }

    /// The tags that trigger now. Waits until those of earlier terms have been read: a message of a former tag that was let
    /// go before would be missed.
    ///
    /// # Errors
    ///
    /// [`NobodyWatches`] if the term ended before they were known.
    pub async fn tags(&self) -> Result<Vec<TagName>, NobodyWatches> {
        let known = self.0.clone().wait_for(|tags| !tags.is_empty()).await.map(|tags| tags.clone());
        known.map_err(|_| NobodyWatches)
    }
}

/// Keeps the tags that trigger.
pub struct TagKeeper {
    /// Where they are stored.
    pub store: Arc<dyn Store>,
    /// The one door.
    pub driver: Handle,
    /// What the configuration names.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// How long a former tag triggers.
    pub overlap: Duration,
    /// Where the ways in look, see [`Watched::unknown`].
    pub tags: watch::Sender<Vec<TagName>>,
    /// Told of each round.
    pub health: Reporter,
}

impl TagKeeper {
    /// Follows the configuration until the term is over.
    pub async fn run(mut self, over: CancellationToken) {
        let mut known = None;
        loop {
            let pause = match self.follow(&mut known).await {
                Ok(()) => {
                    self.health.well();
                    ROUND
                }
                Err(error) => {
                    self.health.ill(format!("{error:#}"));
                    tracing::warn!(error = format!("{error:#}"), "the trigger tags are not known");
                    PAUSE
                }
            };
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                Ok(()) = self.snapshot.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn follow(&mut self, known: &mut Option<TriggerTags>) -> anyhow::Result<()> {
        let named = self.snapshot.borrow_and_update().plan.trigger_tag.clone();
        let now = self.clock.now();
        let before = match known.take() {
            Some(before) => Some(before),
            None => load(&*self.store).await?,
        };
        let tags = match &before {
            Some(before) => before.follow(&named, now),
            None => TriggerTags::first(named, now),
        };
        // The former tag goes on triggering whether or not the change can be stored: it is seen again after a restart.
        self.tell(tags.watched(now, self.overlap));
        if before.as_ref() != Some(&tags) {
            let mark = (TRIGGER_TAGS.to_owned(), serde_json::to_string(&tags)?);
            self.driver.store(Vec::new(), Vec::new(), vec![mark]).await?;
            announce(before.as_ref(), &tags, self.overlap);
        }
        *known = Some(tags);
        Ok(())
    }

    fn tell(&self, watched: Vec<TagName>) {
        self.tags.send_if_modified(|tags| {
            let differs = *tags != watched;
            *tags = watched;
            differs
        });
    }
}

fn announce(before: Option<&TriggerTags>, tags: &TriggerTags, overlap: Duration) {
    let Some(before) = before else {
        return tracing::info!(tag = %tags.current, "the trigger tag is known");
    };
    tracing::warn!(
        from = %before.current,
        to = %tags.current,
        at = %tags.since,
        former_until = %(tags.since + overlap),
        "the trigger tag has changed: the former one triggers for a while too"
    );
}

/// The tags as they are stored; none before the first start.
///
/// # Errors
///
/// The store does not answer, or holds what this program cannot read.
pub async fn load(store: &dyn Store) -> anyhow::Result<Option<TriggerTags>> {
    let Some(text) = store.mark(TRIGGER_TAGS).await? else { return Ok(None) };
    let tags: TriggerTags = serde_json::from_str(&text)
        .with_context(|| format!("cannot read the mark `{TRIGGER_TAGS}`"))?;
    anyhow::ensure!(tags.v <= VERSION, "a newer program has written the mark `{TRIGGER_TAGS}`");
    Ok(Some(tags))
}
