//! Catching up from the archive of the bus, after each start and each connection.
//!
//! The mark moves only when a catch-up has ended over it, never by a live message.

use std::{sync::Arc, time::Duration};

use ebs_domain::{time::Timestamp, trigger::Cause};
use ebs_shared::{
    bus::datagrepper::{Archive, Span},
    clock::Clock,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::sort::sort;
use crate::{driver::Handle, report::chain, snapshot::Snapshot, store::Store};

/// The name of the mark: until when the archive has been read, in milliseconds since the Unix epoch.
pub const CAUGHT_UP_TO: &str = "caught_up_to";

/// How far before the mark is read again: clocks differ, and the archive is filled with a delay.
const MARGIN: Duration = Duration::from_secs(600);

/// The first pause after a failure; it doubles.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Reads the archive whenever something may have been missed.
pub struct CatchUp {
    /// The archive.
    pub archive: Archive,
    /// Where the mark is.
    pub store: Arc<dyn Store>,
    /// The one door.
    pub driver: Handle,
    /// Which tag triggers.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Woken at each connection to the bus.
    pub connected: Arc<Notify>,
}

impl CatchUp {
    /// Catches up at once and after each connection, until the term is over.
    pub async fn run(self, over: CancellationToken) {
        let mut pause = PAUSE;
        loop {
            let caught_up = tokio::select! {
                biased;
                () = over.cancelled() => return,
                caught_up = self.once() => caught_up,
            };
            let failed = match caught_up {
                Ok(found) => {
                    tracing::info!(messages = found, "caught up with the archive");
                    pause = PAUSE;
                    false
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "cannot catch up: again later");
                    true
                }
            };
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = tokio::time::sleep(pause), if failed => pause = (pause * 2).min(PAUSE_MAX),
                () = self.connected.notified() => {}
            }
        }
    }

    /// Reads from the mark, less a margin, until now; then moves the mark. Without a mark there is nothing to catch up on:
    /// it is set.
    async fn once(&self) -> anyhow::Result<usize> {
        let now = self.clock.now();
        let mark = self.store.mark(CAUGHT_UP_TO).await?.and_then(|mark| mark.parse().ok());
        let mut found = 0;
        if let Some(mark) = mark.map(Timestamp::from_millis) {
            let mut pages = self.archive.read(Span { start: mark - MARGIN, end: now });
            while let Some(messages) = pages.next().await.inspect_err(|error| {
                tracing::debug!(error = chain(error), "a page of the archive is not to be had");
            })? {
                let trigger_tag = self.snapshot.borrow().plan.trigger_tag.clone();
                let sorted = sort(&messages, &trigger_tag, &Cause::CatchUp, now);
                found += sorted.sightings.len();
                self.driver.store(sorted.sightings, sorted.odd, Vec::new()).await?;
            }
        }
        let mark = (CAUGHT_UP_TO.to_owned(), now.millis().to_string());
        self.driver.store(Vec::new(), Vec::new(), vec![mark]).await?;
        Ok(found)
    }
}
