//! An update, and all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{ask::Ask, cookies::Logins, script::UpdateOutcome};

/// Everything that Bodhi holds.
#[derive(Default)]
pub struct Bodhi {
    pub(super) updates: BTreeMap<i64, Update>,
    pub(super) logins: Logins,
    pub(super) attempts: BTreeMap<String, u32>,
    pub(super) comments: i64,
    /// A worker whose database session broke: its next POST fails too.
    pub(super) broken: Option<String>,
}

/// Status of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Created, or pushed back by a conflict.
    Pending,
    /// All builds are signed.
    Testing,
    /// Its builds are in the stable tag.
    Stable,
    /// Taken back.
    Unpushed,
    /// Replaced, or given up.
    Obsolete,
}

/// What happens to an update next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Tag,
    Sign,
    Gate,
    Approve,
    Rest,
}

/// One update.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub alias: String,
    /// Its author, Koji's number of the same account.
    pub user: i64,
    /// Its status.
    pub status: Status,
    /// Its builds, in Koji's numbers.
    pub builds: Vec<i64>,
    /// `waiting`, `ignored`, `failed`; `None` while gating is off.
    pub gating: Option<&'static str>,
    /// The side tag.
    pub from_tag: String,
    pub(super) ask: Ask,
    pub(super) request: Option<&'static str>,
    pub(super) pushed: bool,
    pub(super) signed: BTreeSet<i64>,
    pub(super) release: usize,
    pub(super) outcome: UpdateOutcome,
    pub(super) stage: Stage,
    pub(super) submitted: i64,
    pub(super) modified: Option<i64>,
    pub(super) approved: Option<i64>,
    pub(super) testing: Option<i64>,
    pub(super) last_push: Option<i64>,
    pub(super) stable: Option<i64>,
    pub(super) comments: Vec<Comment>,
}

/// A comment of Bodhi's own.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) at: i64,
}

/// One update as the report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateEntry {
    /// Its name.
    pub alias: String,
    /// The side tag.
    pub from_tag: String,
    /// Its status now.
    pub status: Status,
    /// NVRs of its builds.
    pub builds: Vec<String>,
    /// How the script ends it.
    pub outcome: UpdateOutcome,
}

impl Status {
    /// Bodhi's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Testing => "testing",
            Self::Stable => "stable",
            Self::Unpushed => "unpushed",
            Self::Obsolete => "obsolete",
        }
    }
}

impl Bodhi {
    /// The update of that name.
    #[must_use]
    pub fn named(&self, alias: &str) -> Option<&Update> {
        self.updates.values().find(|update| update.alias == alias)
    }

    /// All updates, oldest first.
    pub fn updates(&self) -> impl DoubleEndedIterator<Item = &Update> {
        self.updates.values()
    }
}
