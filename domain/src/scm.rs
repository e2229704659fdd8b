//! Where a source is, to the exact commit. Does *not* fetch anything.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest SCM URL taken, in bytes.
const MAX_SCM_URL_BYTES: usize = 1024;

/// Characters of a whole commit id; anything shorter could be a branch's name.
const FULL_COMMIT: usize = 40;

/// A text is no SCM URL with a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no source that can be built: {fault}")]
pub struct InvalidScmUrl {
    text: String,
    fault: &'static str,
}

/// A source to build, such as `git+https://src.example.org/rpms/zlib-ng#5c1d…`: what is submitted, and the deny list's key.
///
/// Source: Koji's builder requires the scheme and the fragment, at run time and not at submission.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScmUrl(String);

impl ScmUrl {
    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit: what follows the last `#`.
    #[must_use]
    pub fn commit(&self) -> &str {
        self.0.rsplit_once('#').map_or("", |(_, commit)| commit)
    }

    /// Whether this other source of the same package is the same commit, wherever it was fetched from.
    #[must_use]
    pub fn same_commit(&self, other: &str) -> bool {
        let full = |commit: &str| {
            commit.len() >= FULL_COMMIT && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let theirs = other.rsplit_once('#').map_or("", |(_, commit)| commit);
        self.0 == other || (full(theirs) && self.commit() == theirs)
    }
}

impl FromStr for ScmUrl {
    type Err = InvalidScmUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = if !text.contains("://") {
            Some("it has no scheme, so it is an uploaded source package and no commit")
        } else if text.rsplit_once('#').is_none_or(|(_, commit)| commit.is_empty()) {
            Some("it names no commit after a `#`")
        } else if text.len() > MAX_SCM_URL_BYTES {
            Some("it is longer than 1024 bytes")
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Some("it has white space or control characters")
        } else {
            None
        };
        match fault {
            None => Ok(Self(text.to_owned())),
            Some(fault) => Err(InvalidScmUrl { text: text.chars().take(128).collect(), fault }),
        }
    }
}

impl TryFrom<String> for ScmUrl {
    type Error = InvalidScmUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ScmUrl> for String {
    fn from(url: ScmUrl) -> Self {
        url.0
    }
}

impl fmt::Display for ScmUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
