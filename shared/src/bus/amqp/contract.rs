//! What the consumer asks of a handler, and what it tells of itself.

use std::time::Duration;

use async_trait::async_trait;
use ebs_domain::time::Timestamp;
use tokio::time::Instant;

use crate::bus::message::Incoming;

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
    /// Most deliveries in a group; never more than half of what the broker sends ahead.
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
            group: 500,
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
    /// When its loop last went round while connected, by the monotonic clock: it does so every few seconds.
    pub round: Option<Instant>,
    /// Whether the handler has refused the messages that it has now.
    pub unstored: bool,
    /// The last fault and when it was.
    pub last_fault: Option<(Timestamp, BusFault)>,
}
