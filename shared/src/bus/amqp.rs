//! The AMQP consumer: keeps itself connected, hands over deliveries in groups, and acknowledges a group only after the handler
//! has stored it. Does *not* put a message back into the queue, ever: what cannot be handled now is stored all the same.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_domain::time::Timestamp;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    config::BusConfig,
    message::{Incoming, Reader},
};
use crate::clock::{Chance, Clock};

mod connect;
mod session;
mod value;

/// What stores messages.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Stores a group, in order. They are acknowledged once this returned well; otherwise the same group is handed over again
    /// after a pause. Messages repeat: the handler recognises them by their ids.
    ///
    /// # Errors
    ///
    /// [`NotStored`] if nothing, or not all, could be stored.
    async fn store(&self, group: &[Incoming]) -> Result<(), NotStored>;

    /// A connection stands and messages flow from now on: whatever was sent before may have been missed.
    async fn connected(&self);
}

/// The handler could not store a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not stored: {0}")]
pub struct NotStored(pub String);

/// Waits and limits of the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The pause after the first failure; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// The pause after a configuration fault, which only a person can end.
    pub fault_pause: Duration,
    /// The longest that connecting and declaring may take.
    pub connect_limit: Duration,
    /// How long a group stays open for more deliveries.
    pub linger: Duration,
    /// Most deliveries in a group.
    pub group: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            pause: Duration::from_secs(1),
            pause_max: Duration::from_secs(60),
            fault_pause: Duration::from_secs(300),
            connect_limit: Duration::from_secs(60),
            linger: Duration::from_millis(50),
            group: 100,
        }
    }
}

/// Why the consumer is not connected, or was not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusFault {
    /// The broker refuses the login, the virtual host, a queue, an exchange or a binding, or a certificate cannot be read:
    /// an operator must act.
    #[error("configuration: {0}")]
    Configuration(String),
    /// No connection, or it was lost.
    #[error("connection: {0}")]
    Connection(String),
    /// The broker ended the consumer, as it does when the queue is deleted.
    #[error("the broker ended the consumer")]
    Ended,
    /// The handler could not store.
    #[error(transparent)]
    Store(#[from] NotStored),
}

/// How the consumer is doing, for `/ready` and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusStatus {
    /// Since when it is connected; `None` while it is not.
    pub connected_since: Option<Timestamp>,
    /// How often it connected.
    pub connections: u64,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// Messages received.
    pub received: u64,
    /// Of these, marked by the broker as sent before.
    pub redelivered: u64,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// The last fault and when it was.
    pub last_fault: Option<(Timestamp, BusFault)>,
}

/// The consumer, not running yet.
pub struct Consumer {
    config: BusConfig,
    reader: Reader,
    timing: Timing,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    status: watch::Sender<BusStatus>,
}

impl Consumer {
    /// A consumer that has not connected yet.
    #[must_use]
    pub fn new(
        config: BusConfig,
        reader: Reader,
        timing: Timing,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        Self {
            config,
            reader,
            timing,
            clock,
            chance,
            status: watch::Sender::new(BusStatus::default()),
        }
    }

    /// Its state, to be looked at any time.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<BusStatus> {
        self.status.subscribe()
    }

    /// Consumes until `stop` is cancelled; a group being stored is finished first. Whatever fails is rebuilt whole, after a
    /// pause, without limit.
    pub async fn run(self, handler: Arc<dyn Handler>, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                outcome = connect::connect(&self.config, self.timing.connect_limit) => outcome,
            };
            let fault = match outcome {
                Ok(link) => {
                    self.note_connected();
                    handler.connected().await;
                    let ended = session::consume(&self, link, handler.as_ref(), &stop).await;
                    match ended {
                        Ok(()) => return self.note(|status| status.connected_since = None),
                        Err(fault) => fault,
                    }
                }
                Err(fault) => fault,
            };
            // A connection that stood for a while starts the pauses anew.
            failures = if began.elapsed() > self.timing.pause_max { 0 } else { failures + 1 };
            let pause = self.pause_after(&fault, failures);
            self.note_fault(fault, pause);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The pause after this many failures in a row: doubling, capped, and between half and all of that by chance.
    fn pause_after(&self, fault: &BusFault, failures: u32) -> Duration {
        let whole = match fault {
            BusFault::Configuration(_) => self.timing.fault_pause,
            BusFault::Connection(_) | BusFault::Ended | BusFault::Store(_) => {
                let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
                self.timing.pause.saturating_mul(doubled).min(self.timing.pause_max)
            }
        };
        whole.mul_f64(0.5 + self.chance.fraction() / 2.0)
    }

    fn note(&self, change: impl FnOnce(&mut BusStatus)) {
        self.status.send_modify(change);
    }

    fn note_connected(&self) {
        let now = self.clock.now();
        tracing::info!(broker = %self.config.url, "connected to the bus");
        self.note(|status| {
            status.connected_since = Some(now);
            status.connections += 1;
        });
    }

    fn note_fault(&self, fault: BusFault, pause: Duration) {
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        match &fault {
            BusFault::Configuration(_) => {
                tracing::error!(broker = %self.config.url, error = %fault, pause_ms, "the bus refuses us");
            }
            BusFault::Connection(_) | BusFault::Ended | BusFault::Store(_) => {
                tracing::warn!(broker = %self.config.url, error = %fault, pause_ms, "the bus is not to be had");
            }
        }
        let now = self.clock.now();
        self.note(|status| {
            status.connected_since = None;
            status.last_fault = Some((now, fault));
        });
    }
}

#[cfg(test)]
mod tests;
