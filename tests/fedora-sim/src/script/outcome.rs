//! How a build or a tagging ends, as a script says it.

use serde::{Deserialize, Serialize};

/// How one attempt at a build ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is built, imported and tagged.
    Succeed,
    /// One architecture fails in the build: record FAILED.
    FailBuild,
    /// The source package cannot be made: no record.
    FailSrpm,
    /// The source cannot be fetched: no record.
    FailSource,
    /// One architecture misses a build dependency: its log is `root.log`; record FAILED.
    FailDependency,
    /// The builder kills the build: record FAILED.
    Infrastructure,
    /// The builder crashes: fault 1 with a traceback, no record.
    Crash,
    /// The architectures stay OPEN for ever.
    NeverEnds,
    /// A COMPLETE build of that NVR and of the same commit is already there.
    NvrTakenOurs,
    /// A COMPLETE build of that NVR, but of another commit, is already there.
    NvrTakenOther,
    /// Built and imported, but the `tagBuild` child fails: a draft by policy for as long as it is one, a regular build once.
    FailedButComplete,
    /// The task goes from OPEN back to FREE, then succeeds.
    BackToFree,
    /// One call makes two tasks with the same request (as a lost first try would); both run.
    TwoTasks,
    /// Somebody else cancels the task while it is built.
    CancelledBySomebody,
    /// It succeeds, but the draft may not be promoted.
    PromotionRefused,
    /// It succeeds, `slow_factor` times slower than drawn.
    Slow,
}

/// What goes wrong when a build is tagged by `tagBuild` as a person's or service's own call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedTrouble {
    /// Refused at once: the package is not in the tag's list (1003).
    NotInList,
    /// The task is made and fails by policy (1004).
    TaskFails,
    /// The task is made and never begins.
    NeverBegins,
}
