//! Catching up from the archive of the bus: after each start and each connection, and when Koji's record has more than we heard.
//!
//! The mark moves only when a catch-up has ended over it, never by a live message.

use std::{sync::Arc, time::Duration};

use ebs_domain::{time::Timestamp, trigger::Cause};
use ebs_shared::{
    bus::datagrepper::{Archive, Span},
    clock::Clock,
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{sort::sort, watched::Watched};
use crate::{driver::Handle, report::chain, store::Store, web::Reporter};

/// The name of the mark: until when the archive has been read, in milliseconds since the Unix epoch.
pub const CAUGHT_UP_TO: &str = "caught_up_to";

/// How far before the mark is read again at most: clocks differ, and the archive is filled with a delay.
const MARGIN: Duration = Duration::from_secs(600);

/// How far back is read if the mark lies in the future: it was set by a clock that was wrong, and nobody knows since when.
const WRONG_CLOCK: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many times the interval is read again, where there is one.
const INTERVALS_READ_AGAIN: u32 = 10;

/// The first pause after a failure; it doubles.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// How often the loop goes round while it waits, so that it is seen to live.
const ROUND: Duration = Duration::from_secs(60);

/// The longest that it is silent: a round, or a page and its storing.
pub const CATCH_UP_SILENT: Duration = Duration::from_secs(180);

/// Reads the archive whenever something may have been missed.
pub struct CatchUp {
    /// The archive.
    pub archive: Archive,
    /// Where the mark is.
    pub store: Arc<dyn Store>,
    /// The one door.
    pub driver: Handle,
    /// Which tags trigger.
    pub tags: Watched,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Woken at each connection to the bus.
    pub connected: Arc<Notify>,
    /// How often the archive is read by itself, where no bus is listened to.
    pub every: Option<Duration>,
    /// Told when each reading began, once it has ended, however it did.
    pub read: watch::Sender<Option<Instant>>,
    /// Told how each reading went.
    pub health: Reporter,
}

/// The archive, as it is asked for by others.
#[derive(Clone, Debug)]
pub struct Archived {
    /// Wakes the reader.
    pub wake: Arc<Notify>,
    /// When the last reading that has ended began.
    pub read: watch::Receiver<Option<Instant>>,
}

impl Archived {
    /// Has the archive read from now on, and waits until that has ended, well or not.
    pub async fn read(&self) {
        let asked = Instant::now();
        self.wake.notify_one();
        let ended = |begun: &Option<Instant>| begun.is_some_and(|begun| begun >= asked);
        let mut read = self.read.clone();
        // Nobody reads any more: the term is over.
        let _over = read.wait_for(ended).await;
    }
}

impl CatchUp {
    /// Catches up at once and after each connection, until the term is over.
    pub async fn run(self, over: CancellationToken) {
        let mut pause = PAUSE;
        loop {
            let begun = Instant::now();
            let caught_up = tokio::select! {
                biased;
                () = over.cancelled() => return,
                caught_up = self.once() => caught_up,
            };
            self.read.send_replace(Some(begun));
            let wait = match caught_up {
                Ok(found) => {
                    tracing::debug!(messages = found, "caught up with the archive");
                    self.health.well();
                    pause = PAUSE;
                    self.every
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "cannot catch up: again later");
                    self.health.ill(format!("{error:#}"));
                    pause = (pause * 2).min(PAUSE_MAX);
                    Some(pause)
                }
            };
            if !self.wait(wait, &over).await {
                return;
            }
        }
    }

    /// Waits for this span, or without one for the next connection; `false` when the term is over.
    async fn wait(&self, span: Option<Duration>, over: &CancellationToken) -> bool {
        let until = span.map(|span| Instant::now() + span);
        loop {
            self.health.beat();
            let round = Instant::now() + ROUND;
            tokio::select! {
                biased;
                () = over.cancelled() => return false,
                () = self.connected.notified() => return true,
                () = sleep_until(until.map_or(round, |until| until.min(round))) => {}
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return true;
            }
        }
    }

    /// Reads from the mark, less a margin, until now; then sets the mark. Without a mark there is nothing to catch up on:
    /// it is set.
    async fn once(&self) -> anyhow::Result<usize> {
        let now = self.clock.now();
        let mark = self.store.mark(CAUGHT_UP_TO).await?.and_then(|mark| mark.parse().ok());
        let mut found = 0;
        if let Some(mark) = mark.map(Timestamp::from_millis) {
            let mut pages = self.archive.read(Span { start: self.start(mark, now), end: now });
            while let Some(messages) = pages.next().await.inspect_err(|error| {
                tracing::debug!(error = chain(error), "a page of the archive is not to be had");
            })? {
                self.health.beat();
                let sorted = sort(&messages, &self.tags.tags().await?, &Cause::CatchUp, now);
                found += sorted.sightings.len();
                self.driver.store(sorted.sightings, sorted.odd, Vec::new()).await?;
            }
        }
        let mark = (CAUGHT_UP_TO.to_owned(), now.millis().to_string());
        self.driver.store(Vec::new(), Vec::new(), vec![mark]).await?;
        Ok(found)
    }

    fn start(&self, mark: Timestamp, now: Timestamp) -> Timestamp {
        if mark <= now + MARGIN {
            return mark - self.margin();
        }
        tracing::warn!(%mark, "the archive was read up to a time to come: the clock was wrong, reading a week again");
        now - WRONG_CLOCK
    }

    fn margin(&self) -> Duration {
        self.every.map_or(MARGIN, |every| (every * INTERVALS_READ_AGAIN).min(MARGIN))
    }
}
