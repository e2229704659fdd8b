//! What is counted of messages.

use ebs_domain::id::TagName;
use ebs_shared::{
    bus::message::Incoming,
    telemetry::{Metrics, MetricsError},
};
use prometheus::IntCounterVec;

/// Messages of the bus, by topic and answer. Clones count together.
#[derive(Clone, Debug)]
pub struct IntakeMetrics {
    messages: IntCounterVec,
}

/// What a message can be, and what it can come to.
const KINDS: [(&str, &str); 5] = [
    ("tag", "sighting"),
    ("tag", "hint"),
    ("other", "hint"),
    ("other", "foreign"),
    ("other", "odd"),
];

impl IntakeMetrics {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let help = "Messages handled: a sighting triggers or is answered, a hint causes a look, a foreign one is another hub's, \
                    an odd one is not understood and kept";
        let messages = metrics.counter("ebs_bus_messages_total", help, &["topic", "answer"])?;
        for (topic, answer) in KINDS {
            messages.with_label_values(&[topic, answer]);
        }
        Ok(Self { messages })
    }

    /// A group was handled. `tags` are those whose builds trigger.
    pub(super) fn handled(&self, group: &[Incoming], tags: &[TagName]) {
        for message in group {
            let kind = match message {
                Incoming::Tag(message) if tags.contains(&message.tag) => ("tag", "sighting"),
                Incoming::Tag(_) => ("tag", "hint"),
                Incoming::Other(_) => ("other", "hint"),
                Incoming::Foreign { .. } => ("other", "foreign"),
                Incoming::Odd(_) => ("other", "odd"),
            };
            self.messages.with_label_values(&[kind.0, kind.1]).inc();
        }
    }
}
