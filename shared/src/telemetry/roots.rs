//! Which trace a batch is, known before there is one: each process, and each leader, comes to the same id by itself. Stores
//! nothing and draws nothing.

use std::fmt;

use ebs_domain::id::{BatchId, TagName};
use url::Url;
use uuid::Uuid;

use super::Traceparent;

/// The id of a trace, 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

/// What all traces of one service are made from: its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRoot(Uuid);

impl TraceRoot {
    /// The root of what is done at this hub.
    #[must_use]
    pub fn of(hub: &Url) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, hub.as_str().as_bytes()))
    }

    /// The trace of a batch: from the triggers that it takes to the updates that come of it.
    #[must_use]
    pub fn batch(self, target: &TagName, batch: BatchId) -> TraceId {
        self.named(&format!("batch {target} {batch}"))
    }

    /// The trace of something that belongs to no batch.
    #[must_use]
    pub fn other(self, name: &str) -> TraceId {
        self.named(&format!("other {name}"))
    }

    fn named(self, name: &str) -> TraceId {
        TraceId(Uuid::new_v5(&self.0, name.as_bytes()).as_u128())
    }
}

impl TraceId {
    /// The context of a piece of work within it; the same name is the same span.
    #[must_use]
    pub fn parent(self, name: &str) -> Traceparent {
        let (span, _) = Uuid::new_v5(&Uuid::from_u128(self.0), name.as_bytes()).as_u64_pair();
        Traceparent::new(self.0, span)
    }
}

impl From<Traceparent> for TraceId {
    fn from(context: Traceparent) -> Self {
        Self(context.trace())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests;
