//! What a person can ask of the leader, as it is stored between the one who asks and the leader.

use ebs_domain::{
    batch::{Decision, Operation},
    id::{BatchId, BuildId, Component, TagName},
    scm::ScmUrl,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The version of [`Asked`] that this program writes.
pub const VERSION: u32 = 4;

/// A request's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// Who asks; programs of version 1 did not say.
    #[serde(default)]
    pub who: String,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// What is asked.
    pub wish: Wish,
}

/// A build that is to trigger, as it is asked of the leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedBuild {
    /// The component.
    pub component: Component,
    /// The tag that it is latest in.
    pub tag: TagName,
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: String,
}

/// A trigger that waited in the service before this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitedBefore {
    /// The build, and the tag whose trigger it is.
    pub build: WantedBuild,
    /// When that service had heard of it.
    pub since: Timestamp,
}

/// A source that failed in the service before this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedBefore {
    /// The source.
    pub source: ScmUrl,
    /// Its component.
    pub component: Component,
    /// When it failed there.
    pub since: Timestamp,
    /// Until when it is not built here.
    pub until: Timestamp,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "snake_case")]
pub enum Wish {
    /// Undo what setting a job aside has done, and have its work done again, as far as its batch allows.
    Redrive {
        /// The job that was set aside.
        job: String,
    },
    /// Let what setting a job aside has done stand: it leaves the list.
    GiveUp {
        /// The job that was set aside.
        job: String,
    },
    /// Do something to the batch under way.
    OnBatch {
        /// What was asked for, such as `b57 drop bash`.
        what: String,
        /// The batch.
        batch: BatchId,
        /// What is to be done.
        operation: Operation,
    },
    /// Make the update of a held group again.
    RetryGroup {
        /// What was asked for, such as `b57.g3`.
        what: String,
        /// The group's batch.
        batch: BatchId,
        /// Its number.
        group: u32,
    },
    /// Give a held group up: its tag is removed, its builds are not published.
    DiscardGroup {
        /// What was asked for, such as `b57.g3`.
        what: String,
        /// The group's batch.
        batch: BatchId,
        /// Its number.
        group: u32,
    },
    /// Let a package list jump.
    ConfirmList {
        /// Which list, such as `eln/source`.
        list: String,
        /// Which jump: since when it has been held.
        since: Timestamp,
    },
    /// Build these.
    Trigger {
        /// What was asked for, in a line.
        what: String,
        /// The builds that it is.
        builds: Vec<WantedBuild>,
        /// Whether the deny list is set aside.
        force: bool,
        /// Whether "already built" is set aside.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Read configuration and package lists anew at once.
    Refresh,
    /// Take sources off the deny list.
    Undeny {
        /// What was asked for: a source, a pattern, or `all`.
        what: String,
        /// The sources that this was at that moment.
        sources: Vec<ScmUrl>,
    },
    /// Begin no new batch.
    Pause {
        /// Until then; without one until somebody says otherwise.
        until: Option<Timestamp>,
    },
    /// End the pause that a person asked for.
    Unpause,
    /// Compare what Rawhide and ELN have.
    Reconcile {
        /// Whether only to say what would be triggered.
        dry_run: bool,
    },
    /// Take over what was open in the service before this one.
    Import {
        /// How much it is, in a line.
        what: String,
        /// What waited there.
        triggers: Vec<WaitedBefore>,
        /// What was not built there.
        denied: Vec<FailedBefore>,
    },
}

/// What does not keep a build from being made that a person asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// That its source is on the deny list: `force`.
    pub denied: bool,
    /// That the same commit is built already: `again`.
    pub built: bool,
}

impl Wish {
    /// A decision on a held group.
    #[must_use]
    pub fn on_group(batch: BatchId, group: u32, decision: Decision) -> Self {
        let what = format!("b{batch}.g{group}");
        match decision {
            Decision::Retry => Self::RetryGroup { what, batch, group },
            Decision::Discard => Self::DiscardGroup { what, batch, group },
        }
    }

    /// Something done to a batch that has not ended.
    #[must_use]
    pub fn on_batch(batch: BatchId, operation: Operation) -> Self {
        let subject = match &operation {
            Operation::Abort { requeue: true } => " and its triggers wait again".to_owned(),
            Operation::Abort { requeue: false } => String::new(),
            Operation::Drop { component }
            | Operation::Fail { component }
            | Operation::Detach { component } => format!(" {component}"),
        };
        let what = format!("b{batch} {}{subject}", operation.word());
        Self::OnBatch { what, batch, operation }
    }

    /// What does not keep the builds from being made that it asks for.
    #[must_use]
    pub fn set_aside(&self) -> SetAside {
        if let Self::Trigger { force, again, .. } = self {
            SetAside { denied: *force, built: *again }
        } else {
            SetAside::default()
        }
    }

    /// The word for it, for the audit.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Redrive { .. } => "redrive",
            Self::GiveUp { .. } => "give_up",
            Self::OnBatch { operation, .. } => operation.word(),
            Self::RetryGroup { .. } => "retry_group",
            Self::DiscardGroup { .. } => "discard_group",
            Self::ConfirmList { .. } => "confirm_list",
            Self::Trigger { .. } => "trigger",
            Self::Refresh => "refresh",
            Self::Undeny { .. } => "undeny",
            Self::Pause { .. } => "pause",
            Self::Unpause => "unpause",
            Self::Reconcile { .. } => "reconcile",
            Self::Import { .. } => "import",
        }
    }

    /// What it is about, for the audit.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Redrive { job } | Self::GiveUp { job } => job,
            Self::ConfirmList { list, .. } => list,
            Self::Refresh => "configuration",
            Self::Trigger { what, .. }
            | Self::Undeny { what, .. }
            | Self::OnBatch { what, .. }
            | Self::RetryGroup { what, .. }
            | Self::DiscardGroup { what, .. }
            | Self::Import { what, .. } => what,
            Self::Pause { .. } | Self::Unpause => "new batches",
            Self::Reconcile { dry_run: true } => "a dry run",
            Self::Reconcile { dry_run: false } => "what ELN lacks",
        }
    }

    /// What the body of a request for it has beside the reason, as an example.
    #[must_use]
    pub fn body(&self) -> &'static str {
        match self {
            Self::Redrive { .. }
            | Self::GiveUp { .. }
            | Self::RetryGroup { .. }
            | Self::DiscardGroup { .. }
            | Self::OnBatch { .. }
            | Self::Unpause
            | Self::Refresh => "",
            Self::ConfirmList { .. } => ", \"since\": 1795348800000",
            Self::Trigger { .. } => ", \"names\": [\"bash\"]",
            Self::Undeny { .. } => ", \"pattern\": \"^bash$\"",
            Self::Pause { .. } => ", \"until\": 1795348800000",
            Self::Reconcile { .. } => ", \"dry_run\": true",
            Self::Import { .. } => ", \"triggers\": [], \"denied\": []",
        }
    }
}
