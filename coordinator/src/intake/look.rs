//! Which rows of a tag's listing are new since the last look, and the mark that says how far it came. Pure, but for reading it.

use anyhow::Context as _;
use ebs_domain::{
    id::{EventId, TagName},
    time::Timestamp,
};
use ebs_shared::koji::api::TaggedBuild;
use serde::{Deserialize, Serialize};

use crate::store::Store;

/// The version of [`RecordMark`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// How far Koji's record of one tag was compared with what we heard, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordMark {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// Koji's newest event at the look before the last.
    pub before: EventId,
    /// Koji's newest event at the last look.
    pub event: EventId,
    /// When the last look was.
    pub looked: Timestamp,
    /// When the first look was.
    pub first: Timestamp,
    /// How many builds were in the tag then that have triggered nothing.
    pub untriggered: u64,
}

/// The name of a tag's mark.
#[must_use]
pub fn mark_name(tag: &TagName) -> String {
    format!("record.{tag}")
}

/// The mark of a tag; none if it was never looked at.
///
/// # Errors
///
/// The store does not answer, or holds what this program cannot read.
pub async fn read_mark(store: &dyn Store, tag: &TagName) -> anyhow::Result<Option<RecordMark>> {
    let name = mark_name(tag);
    let Some(text) = store.mark(&name).await? else { return Ok(None) };
    let mark: RecordMark =
        serde_json::from_str(&text).with_context(|| format!("cannot read the mark `{name}`"))?;
    anyhow::ensure!(mark.v <= VERSION, "a newer program has written the mark `{name}`");
    Ok(Some(mark))
}

/// One look at a tag, up to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The first.
    First {
        /// Up to here.
        event: EventId,
    },
    /// One after others.
    Since {
        /// What they have left.
        mark: RecordMark,
        /// Up to here.
        event: EventId,
    },
}

impl Look {
    /// The look after the one that left this mark. A mark above Koji's newest event is from another Koji, or from before its
    /// database was restored: the tag is then as if seen for the first time.
    pub(super) fn of(mark: Option<RecordMark>, event: EventId) -> Self {
        match mark {
            Some(mark) if mark.event <= event => Self::Since { mark, event },
            Some(_) | None => Self::First { event },
        }
    }

    /// Whether other looks came before.
    pub(super) fn is_of_a_known_tag(&self) -> bool {
        match self {
            Self::First { .. } => false,
            Self::Since { .. } => true,
        }
    }

    /// Whether nothing can be new in a tag that changed last at this event.
    pub(super) fn is_done_with(&self, changed: EventId) -> bool {
        match self {
            Self::First { .. } => false,
            Self::Since { mark, .. } => changed <= mark.before,
        }
    }

    /// The rows that count as new. Each tagging is new to two looks: an event has its number before others can see it, so one
    /// with a lower number can appear after one with a higher.
    pub(super) fn new_in(&self, listed: Vec<TaggedBuild>) -> Vec<TaggedBuild> {
        let is_new = |row: &TaggedBuild| match self {
            Self::First { event } => row.tagged_at <= *event,
            Self::Since { mark, event } => mark.before < row.tagged_at && row.tagged_at <= *event,
        };
        listed.into_iter().filter(is_new).collect()
    }

    /// The mark that this look leaves, with the builds that trigger nothing.
    pub(super) fn mark(&self, gap: usize, at: Timestamp) -> RecordMark {
        match self {
            Self::First { event } => RecordMark {
                v: VERSION,
                before: *event,
                event: *event,
                looked: at,
                first: at,
                untriggered: u64::try_from(gap).unwrap_or(u64::MAX),
            },
            Self::Since { mark, event } => RecordMark {
                v: VERSION,
                before: mark.event,
                event: *event,
                looked: at,
                ..mark.clone()
            },
        }
    }
}

#[cfg(test)]
mod tests;
