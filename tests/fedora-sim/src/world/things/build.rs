//! What a build is, and how it is named.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// State of a build, by Koji's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildState {
    /// 0.
    Building,
    /// 1.
    Complete,
    /// 2.
    Deleted,
    /// 3.
    Failed,
    /// 4.
    Canceled,
}

impl BuildState {
    /// Koji's number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Building => 0,
            Self::Complete => 1,
            Self::Deleted => 2,
            Self::Failed => 3,
            Self::Canceled => 4,
        }
    }

    /// Koji's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Building => "BUILDING",
            Self::Complete => "COMPLETE",
            Self::Deleted => "DELETED",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
        }
    }
}

/// A build.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its id; kept for life, through recycling and promotion.
    pub id: i64,
    /// The id of its package.
    pub package: i64,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its release, without a draft's suffix.
    pub plain_release: String,
    /// Its epoch.
    pub epoch: Option<i64>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Its state.
    pub state: BuildState,
    /// The task that made it last.
    pub task: Option<i64>,
    /// Its owner.
    pub owner: i64,
    /// Who promoted it, and when (microseconds).
    pub promoted: Option<(i64, i64)>,
    /// Where it was built from.
    pub source: Option<String>,
    /// `extra`, as Koji shows it.
    pub extra: Json,
    /// The event of its making.
    pub creation_event: i64,
    /// When it was made (microseconds).
    pub created: i64,
    /// When its build began.
    pub started: Option<i64>,
    /// When it ended.
    pub completed: Option<i64>,
    /// The tags it is in.
    pub tags: BTreeSet<i64>,
    /// Whether it was ever in one: such a build is not recycled.
    pub ever_tagged: bool,
    /// Whether policy lets it be tagged only once it is no draft.
    pub draft_refused: bool,
    /// Whether policy lets it be promoted.
    pub promotable: Promotion,
}

/// Whether a draft may be promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// By its owner.
    Allowed,
    /// By nobody but an administrator.
    Refused,
}

impl Build {
    /// The release as Koji shows it: a draft's has a suffix.
    #[must_use]
    pub fn release(&self) -> String {
        if self.draft {
            format!("{},draft_{}", self.plain_release, self.id)
        } else {
            self.plain_release.clone()
        }
    }

    /// Name-version-release as Koji shows it.
    #[must_use]
    pub fn nvr(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.release())
    }

    /// Name-version-release that it has, or will have once promoted.
    #[must_use]
    pub fn plain_nvr(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.plain_release)
    }
}

/// What a build record is made from.
#[derive(Clone, Debug)]
pub struct NewBuild {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Release without a draft's suffix.
    pub release: String,
    /// Epoch.
    pub epoch: Option<i64>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Its task.
    pub task: Option<i64>,
    /// Its owner.
    pub owner: i64,
    /// Where it is built from.
    pub source: String,
    /// `extra`.
    pub extra: Json,
}
