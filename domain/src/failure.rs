//! Why a build failed, in classes that the retry and deny rules and the reports speak of. Does *not* read any fault text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The class of a failed build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The source itself: not to be fetched, nothing to build for these architectures, or its NVR is taken.
    Source,
    /// The source package could not be made.
    Srpm,
    /// The buildroot could not be filled: a dependency is missing or broken.
    Dependency,
    /// It was being built and failed.
    Build,
    /// It is built but could not be tagged.
    Tagging,
    /// A rule of the site refuses it.
    Policy,
    /// Koji or a builder broke.
    Infrastructure,
    /// None of these can be told.
    Unknown,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 8] = [
        Self::Source,
        Self::Srpm,
        Self::Dependency,
        Self::Build,
        Self::Tagging,
        Self::Policy,
        Self::Infrastructure,
        Self::Unknown,
    ];

    /// The word for it, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Srpm => "srpm",
            Self::Dependency => "dependency",
            Self::Build => "build",
            Self::Tagging => "tagging",
            Self::Policy => "policy",
            Self::Infrastructure => "infrastructure",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
