//! The AMQP consumer: keeps itself connected, hands over deliveries in groups, and acknowledges a group only after the handler
//! has stored it. Does *not* put a message back into the queue, ever: what cannot be handled now is stored all the same.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

mod connect;
mod consumer;
mod contract;
mod session;
mod value;

pub use consumer::Consumer;
pub use contract::{BusFault, BusStatus, Handler, NotStored, Timing};

impl Consumer {
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
