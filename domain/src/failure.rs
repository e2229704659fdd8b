//! How builds fail. Reading the class from Koji's texts is done elsewhere, in one place.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::TaskId;

/// What kind of failure a build died of, by who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The source itself: it cannot be fetched, or its version is taken by something else.
    Source,
    /// The source package could not be made.
    Srpm,
    /// The buildroot could not be set up, most often for want of a dependency.
    Dependency,
    /// The package did not build.
    Build,
    /// It was built and could not be tagged.
    Tagging,
    /// A policy of the hub refused it.
    Policy,
    /// Builders, repos or storage; nothing of the package's doing.
    Infrastructure,
    /// An operator declared it failed.
    Operator,
    /// None of these could be told from the text.
    Unknown,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Srpm,
        Self::Dependency,
        Self::Build,
        Self::Tagging,
        Self::Policy,
        Self::Infrastructure,
        Self::Operator,
        Self::Unknown,
    ];

    /// The word for it, as stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Srpm => "srpm",
            Self::Dependency => "dependency",
            Self::Build => "build",
            Self::Tagging => "tagging",
            Self::Policy => "policy",
            Self::Infrastructure => "infrastructure",
            Self::Operator => "operator",
            Self::Unknown => "unknown",
        }
    }

    /// Whether another attempt may help.
    #[must_use]
    pub fn may_be_retried(self) -> bool {
        match self {
            Self::Policy | Self::Operator => false,
            Self::Source
            | Self::Srpm
            | Self::Dependency
            | Self::Build
            | Self::Tagging
            | Self::Infrastructure
            | Self::Unknown => true,
        }
    }

    /// Whether failures of this class say something about the source: only these may be denied, whatever the configuration.
    #[must_use]
    pub fn says_of_source(self) -> bool {
        match self {
            Self::Source | Self::Srpm | Self::Dependency | Self::Build | Self::Unknown => true,
            Self::Tagging | Self::Policy | Self::Infrastructure | Self::Operator => false,
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something failed in Koji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its class.
    pub class: FailureClass,
    /// The text's last lines.
    pub text: String,
    /// The task that failed first: a child of the build task where there is one.
    pub task: Option<TaskId>,
}

impl Failure {
    /// A failure without a task.
    #[must_use]
    pub fn new(class: FailureClass, text: impl Into<String>) -> Self {
        Self { class, text: text.into(), task: None }
    }
}

#[cfg(test)]
mod tests;
