//! The phases of a batch, each with the data that only it has.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{candidate::Candidate, fill::Fill};
use crate::{
    id::{EventId, RepoRequestId, TagName},
    time::Timestamp,
};

/// Where a batch is. `forming` comes before there is a batch, see [`crate::forming`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Admission, side tag, seeds, first repo.
    Preparing(Preparing),
    /// Slice after slice, attempt after attempt.
    Building(Building),
    /// Promotion, groups, updates.
    Publishing(Publishing),
    /// Waiting for updates to become stable.
    Settling {
        /// The build side tag.
        ground: Ground,
    },
    /// All is over but builds that an operator detached, whose tasks still run. The next batch does not wait for them.
    Lingering {
        /// The build side tag.
        ground: Ground,
    },
    /// Removing the build side tag.
    Cleaning(Cleaning),
    /// An operator ended it; what is in doubt is being settled.
    Aborting(Aborting),
    /// Over.
    Ended {
        /// How.
        ending: Ending,
    },
}

/// The side tag that a batch builds in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The tag it is made on.
    pub base: TagName,
    /// Its name.
    pub tag: TagName,
}

/// The steps of preparing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Preparing {
    /// Asking Koji about the candidates.
    Admitting {
        /// The candidates.
        candidates: Vec<Candidate>,
    },
    /// Making the side tag.
    CreatingTag {
        /// Its base.
        base: TagName,
    },
    /// Putting the Rawhide builds in.
    Seeding {
        /// The side tag.
        ground: Ground,
        /// The seeds.
        fill: Fill,
    },
    /// Getting a repo that contains them.
    Buildroot {
        /// The side tag.
        ground: Ground,
        /// How far that is.
        buildroot: Buildroot,
    },
}

/// The way to a repo that contains what was built before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "buildroot", rename_all = "snake_case")]
pub enum Buildroot {
    /// Earlier builds are to be seen in the tag.
    Seeing,
    /// The tag's newest change is to be read, once.
    ReadingEvent,
    /// The repo is being asked for. A request that was given up is asked for again, with the same event.
    Requesting {
        /// The change it must have.
        event: EventId,
    },
    /// The request is watched.
    Waiting {
        /// The change it must have.
        event: EventId,
        /// The request.
        request: RepoRequestId,
    },
}

/// The work on one slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    /// The side tag.
    pub ground: Ground,
    /// The slice's order number.
    pub order: i64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// How many failures that may be retried the attempt before had; `None` in the first.
    pub failed_before: Option<usize>,
    /// What the attempt is doing.
    pub stage: Stage,
    /// Builds that we tag into the side tag ourselves.
    pub fill: Fill,
}

/// What an attempt is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// The side tag had vanished: a new one is being made.
    CreatingTag,
    /// Seeds and finished builds are put into the new one.
    Refilling,
    /// Getting a repo.
    Buildroot(Buildroot),
    /// Submitting and watching.
    Running,
}

/// The steps of publishing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Publishing {
    /// Asking what stands against it.
    Checking {
        /// The build side tag.
        ground: Ground,
    },
    /// Promoting drafts.
    Promoting {
        /// The build side tag.
        ground: Ground,
    },
    /// The groups are on their way.
    Grouped {
        /// The build side tag.
        ground: Ground,
    },
}

/// Removing the side tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaning {
    /// The build side tag.
    pub ground: Ground,
    /// How the batch will end.
    pub ending: Ending,
}

/// Ending early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aborting {
    /// Whether the triggers become pending again.
    pub requeue: bool,
    /// Side tags to remove once nothing is in doubt.
    pub tags: BTreeSet<TagName>,
    /// Whether their removal was asked for.
    pub removing: bool,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It went its whole way.
    Done,
    /// Nothing was left to build.
    Empty,
    /// An operator ended it.
    Aborted,
    /// It was to say what it would build, and has.
    Shadow,
}

/// One finished attempt, for the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// The slice's order number.
    pub order: i64,
    /// The attempt.
    pub attempt: u32,
    /// How many builds were in it.
    pub builds: usize,
    /// How many of them failed so that another attempt may help.
    pub failed: usize,
    /// When it ended.
    pub ended: Timestamp,
}

impl Phase {
    /// The word for it, as stored and shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Preparing(_) => "preparing",
            Self::Building(_) => "building",
            Self::Publishing(_) => "publishing",
            Self::Settling { .. } => "settling",
            Self::Lingering { .. } => "lingering",
            Self::Cleaning(_) => "cleaning",
            Self::Aborting(_) => "aborting",
            Self::Ended { ending } => ending.word(),
        }
    }

    /// The build side tag, once there is one and as long as it is ours to use.
    #[must_use]
    pub fn ground(&self) -> Option<&Ground> {
        match self {
            Self::Preparing(
                Preparing::Seeding { ground, .. } | Preparing::Buildroot { ground, .. },
            )
            | Self::Publishing(
                Publishing::Checking { ground }
                | Publishing::Promoting { ground }
                | Publishing::Grouped { ground },
            )
            | Self::Settling { ground }
            | Self::Lingering { ground } => Some(ground),
            Self::Building(building) => Some(&building.ground),
            Self::Cleaning(cleaning) => Some(&cleaning.ground),
            Self::Preparing(Preparing::Admitting { .. } | Preparing::CreatingTag { .. })
            | Self::Aborting(_)
            | Self::Ended { .. } => None,
        }
    }
}

impl Ending {
    /// The word for it, as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Empty => "empty",
            Self::Aborted => "aborted",
            Self::Shadow => "shadow",
        }
    }
}
