//! A configuration that cannot be read from where it should be.

use std::{io, time::Duration};

use crate::{config::fault::ConfigError, exchange::NoReply};

/// A source that gives no text. Whoever has a configuration keeps it and asks again; [`SourceErrorKind::may_pass`] says whether
/// that is of use to one who has none.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the configuration from {place}")]
pub struct SourceError {
    /// Where it was to be read, without credentials.
    pub place: String,
    /// Why not.
    #[source]
    pub kind: SourceErrorKind,
}

/// Why a source gives no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// The file cannot be read.
    #[error("{0}")]
    File(ConfigError),
    /// No whole answer.
    #[error("{0}")]
    NoAnswer(NoReply),
    /// The server says something else than 200.
    #[error("the server answers {0}")]
    Status(u16),
    /// It is no text.
    #[error("what is there is no text in UTF-8")]
    NoText,
    /// It is longer than any configuration should be.
    #[error("what is there has more than {0} bytes")]
    TooLong(usize),
    /// There is no place for a repository.
    #[error("no temporary folder can be made")]
    Folder(#[source] io::Error),
    /// Git cannot be run.
    #[error("the program `git` cannot be run: install it, or use a file or the address of one")]
    NoGit(#[source] io::Error),
    /// Git takes too long, and was killed.
    #[error("`git {step}` did not end within {limit:?}, and was killed")]
    Slow {
        /// What it was to do.
        step: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// Git says no.
    #[error("`git {step}` failed: {said}")]
    Git {
        /// What it was to do.
        step: &'static str,
        /// What it says about it, shortened.
        said: String,
    },
    /// The repository has nothing by that name.
    #[error(
        "there is neither a branch nor a tag `{0}`, and it is no whole commit id (40 hexadecimal digits)"
    )]
    NoRef(String),
    /// The commit has no file by that name.
    #[error("commit {commit} has no file `{names}` at its top: name it with --dynamic-config-name")]
    NoFile {
        /// The commit.
        commit: String,
        /// What was looked for.
        names: String,
    },
}

impl SourceErrorKind {
    /// Whether the same reading may succeed later without anybody changing something.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_)
            | Self::Status(_)
            | Self::Folder(_)
            | Self::Slow { .. }
            | Self::Git { .. } => true,
            Self::File(_)
            | Self::NoText
            | Self::TooLong(_)
            | Self::NoGit(_)
            | Self::NoRef(_)
            | Self::NoFile { .. } => false,
        }
    }
}
