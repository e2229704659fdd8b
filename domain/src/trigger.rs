//! Triggers: why a component is to be rebuilt, and the one answer each gets. Does *not* store them.

use serde::{Deserialize, Serialize};

use crate::{failure::FailureClass, id::BatchId, scm::ScmUrl, time::Timestamp};

/// The version of [`Cause`] and [`Answer`] as they are stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 6;

/// How we came to know of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// A message on the bus.
    Message,
    /// The archive of the bus, read after a gap.
    CatchUp,
    /// Koji's own record: both the bus and its archive had missed it.
    KojiRecord,
    /// A person asked.
    Person {
        /// Who.
        who: String,
        /// Why.
        why: String,
        /// Whether the deny list is set aside.
        #[serde(default)]
        force: bool,
        /// Whether "already built" is set aside.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Two tags were compared, and ELN lacks it.
    Reconcile {
        /// What was found, in a sentence.
        why: String,
        /// The source that is to be built: how often one came back this way is counted.
        source: ScmUrl,
    },
    /// It waited in the service before this one, and a person took over what waited there.
    Import {
        /// Who.
        who: String,
        /// Why.
        why: String,
        /// When that service had heard of it.
        since: Timestamp,
    },
}

impl Cause {
    /// Whether somebody wants a build again that triggered before, or never did: such a trigger is no repetition.
    #[must_use]
    pub fn is_deliberate(&self) -> bool {
        match self {
            Self::Person { .. } | Self::Reconcile { .. } => true,
            // What that service was told, we may have been told too.
            Self::Message | Self::CatchUp | Self::KojiRecord | Self::Import { .. } => false,
        }
    }

    /// Whether it was found late: the bus did not tell of it, or nobody listened.
    #[must_use]
    pub fn is_late(&self) -> bool {
        match self {
            Self::CatchUp | Self::KojiRecord => true,
            Self::Message | Self::Person { .. } | Self::Reconcile { .. } | Self::Import { .. } => {
                false
            }
        }
    }
}

/// The answer to a trigger: the closed list that pages, API and tests share. Without one it is pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is being built.
    InBatch {
        /// In this batch.
        batch: BatchId,
    },
    /// A newer build of the component took its place.
    Superseded {
        /// That build's NVR.
        by: String,
    },
    /// The component is on no list.
    NotListed,
    /// An exclude pattern hits it.
    Excluded {
        /// The pattern.
        pattern: String,
    },
    /// Its source is on the deny list.
    Denied {
        /// Since then.
        since: Timestamp,
    },
    /// The same commit is latest in the stable tag.
    AlreadyBuilt {
        /// As this.
        nvr: String,
    },
    /// The build is no longer in the trigger tag (or never was: messages can be false).
    Withdrawn,
    /// Koji knows no source that could be built.
    NoSource,
    /// Built for ELN.
    Built {
        /// In this batch.
        batch: BatchId,
        /// As this.
        nvr: String,
    },
    /// A scratch build succeeded; nothing is published.
    ScratchBuilt {
        /// In this batch.
        batch: BatchId,
    },
    /// The build failed.
    Failed {
        /// In this batch.
        batch: BatchId,
        /// Of this.
        class: FailureClass,
    },
    /// The build ran longer than it may.
    TimedOut {
        /// In this batch.
        batch: BatchId,
    },
    /// Somebody cancelled the build in Koji.
    Cancelled {
        /// In this batch.
        batch: BatchId,
    },
    /// An operator took it out of its batch.
    Dropped {
        /// Of this batch.
        batch: BatchId,
    },
    /// A shadow batch would have built it: nothing was done.
    Shadowed {
        /// This batch.
        batch: BatchId,
    },
}

impl Answer {
    /// The word for it, for counting and showing.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InBatch { .. } => "in_batch",
            Self::Superseded { .. } => "superseded",
            Self::NotListed => "not_listed",
            Self::Excluded { .. } => "excluded",
            Self::Denied { .. } => "denied",
            Self::AlreadyBuilt { .. } => "already_built",
            Self::Withdrawn => "withdrawn",
            Self::NoSource => "no_source",
            Self::Built { .. } => "built",
            Self::ScratchBuilt { .. } => "scratch_built",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed_out",
            Self::Cancelled { .. } => "cancelled",
            Self::Dropped { .. } => "dropped",
            Self::Shadowed { .. } => "shadowed",
        }
    }
}

#[cfg(test)]
mod tests;
