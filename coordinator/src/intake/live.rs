//! Live messages from the bus.

use std::sync::Arc;

use async_trait::async_trait;
use ebs_domain::trigger::Cause;
use ebs_shared::{
    bus::{
        amqp::{Handler, NotStored},
        message::Incoming,
    },
    clock::Clock,
};
use tokio::sync::Notify;

use super::{metrics::IntakeMetrics, sort::sort, watched::Watched};
use crate::driver::Handle;

/// Stores what the bus delivers.
pub struct Live {
    /// The one door.
    pub driver: Handle,
    /// Which tags trigger.
    pub tags: Watched,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Woken at each connection: what was sent before may have been missed.
    pub connected: Arc<Notify>,
    /// What is counted.
    pub metrics: IntakeMetrics,
}

#[async_trait]
impl Handler for Live {
    async fn store(&self, group: &[Incoming]) -> Result<(), NotStored> {
        let tags = self.tags.tags().await.map_err(|gone| NotStored(gone.to_string()))?;
        let sorted = sort(group, &tags, &Cause::Message, self.clock.now());
        if sorted.hints {
            self.driver.nudge();
        }
        if sorted.sightings.is_empty() && sorted.odd.is_empty() {
            self.metrics.handled(group, &tags);
            return Ok(());
        }
        for odd in &sorted.odd {
            tracing::warn!(
                topic = odd.topic,
                message.id = odd.id,
                error = odd.fault,
                "a message is not understood: kept"
            );
        }
        let stored = self.driver.store(sorted.sightings, sorted.odd, Vec::new()).await;
        stored.map_err(|gone| NotStored(gone.to_string()))?;
        self.metrics.handled(group, &tags);
        Ok(())
    }

    async fn connected(&self) {
        self.connected.notify_one();
    }
}
