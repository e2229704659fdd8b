//! Forgetting what is over and older than configured, so that the store does not grow for ever: on a timer, while this process
//! leads, a portion at a time. Which rows may go is the store's to know.

use std::{sync::Arc, time::Duration};

use ebs_domain::{id::Epoch, time::Timestamp};
use ebs_shared::{clock::Clock, config::Retention};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    intake::CAUGHT_UP_TO,
    report::chain,
    store::{Forget, Store, StoreError},
    web::Reporter,
};

/// How often it looks for what is too old.
const EVERY: Duration = Duration::from_secs(3600);

/// How often the loop goes round while it waits, so that it is seen to live.
const ROUND: Duration = Duration::from_secs(60);

/// The longest that it is silent: one portion, with the time limits of its statements.
pub const FORGET_SILENT: Duration = Duration::from_secs(600);

/// Most rows of one table in a portion, which is one transaction: others wait for it.
const PORTION: u32 = 500;

/// The pause between two portions, for whoever else writes.
const BREATH: Duration = Duration::from_millis(500);

/// How long before the catch-up's mark triggers stay in any case: what is read again must be known again.
const READ_AGAIN: Duration = Duration::from_secs(24 * 3600);

/// Forgets.
pub struct Forgetting {
    /// What is too old is there.
    pub store: Arc<dyn Store>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Told of each round.
    pub health: Reporter,
}

impl Forgetting {
    /// Forgets at once and then now and again, until the term is over.
    pub async fn run(self, epoch: Epoch, over: CancellationToken) {
        let mut failing = false;
        loop {
            let forgotten = tokio::select! {
                biased;
                () = over.cancelled() => return,
                forgotten = self.all(epoch) => forgotten,
            };
            match forgotten {
                Ok(rows) => {
                    failing = false;
                    self.health.well();
                    if rows > 0 {
                        tracing::info!(rows, "what is older than is kept has been removed");
                    }
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(error = chain(&error), "what is too old stays for now");
                    }
                    failing = true;
                    self.health.ill(chain(&error));
                }
            }
            if !self.wait(&over).await {
                return;
            }
        }
    }

    /// Portion after portion until nothing is left that is too old; how many rows went.
    async fn all(&self, epoch: Epoch) -> Result<u64, StoreError> {
        let forget = self.limits().await?;
        let mut rows = 0;
        loop {
            let gone = self.store.forget(epoch, &forget).await?;
            if gone == 0 {
                return Ok(rows);
            }
            rows += gone;
            self.health.beat();
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Before which times what is over may go.
    async fn limits(&self) -> Result<Forget, StoreError> {
        let (now, keep) = (self.clock.now(), &self.retention);
        let mark = self.store.mark(CAUGHT_UP_TO).await?.and_then(|mark| mark.parse().ok());
        let known = mark.map(|mark| Timestamp::from_millis(mark) - READ_AGAIN);
        let heard = |before: Timestamp| known.map_or(before, |known| before.min(known));
        Ok(Forget {
            history: heard(now - keep.history),
            triggers: heard(now - keep.triggers),
            audit: now - keep.audit,
            dead: now - keep.dead,
            most: PORTION,
        })
    }

    async fn wait(&self, over: &CancellationToken) -> bool {
        let until = Instant::now() + EVERY;
        while Instant::now() < until {
            self.health.beat();
            tokio::select! {
                biased;
                () = over.cancelled() => return false,
                () = sleep_until(until.min(Instant::now() + ROUND)) => {}
            }
        }
        true
    }
}
