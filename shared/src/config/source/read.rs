//! Reading a source as it is now.

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::{
    error::{SourceError, SourceErrorKind},
    git,
    link::{Link, Repository},
    web,
};
use crate::{config::load::read_text, exchange::Exchange};

/// The longest that a file at an address may take. **Source:** upstream's.
const WEB_LIMIT: Duration = Duration::from_secs(15);

/// The longest that one call of git may take.
const GIT_LIMIT: Duration = Duration::from_secs(60);

/// Digits of a commit or hash that are shown.
const SHOWN: usize = 12;

/// A source of a dynamic configuration, and the limits within which it is read.
pub struct Source {
    link: Link,
    exchange: Arc<dyn Exchange>,
    web_limit: Duration,
    git_limit: Duration,
    /// What was fetched last: the same commit is not fetched twice.
    last: Mutex<Option<Fetched>>,
}

/// A text, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The text.
    pub text: String,
    /// What it is called in faults.
    pub file: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The file, address, or repository and ref. Without credentials.
    pub place: String,
    /// Which of its versions it is.
    pub version: Version,
    /// Who wrote that version, where it is a commit.
    pub author: Option<String>,
}

/// What tells one version from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The commit's id.
    Commit(String),
    /// The SHA-256 of the text.
    Hash(String),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, id) = match self {
            Self::Commit(id) => ("commit", id),
            Self::Hash(id) => ("text", id),
        };
        write!(f, "{what} {}", id.get(..SHOWN).unwrap_or(id))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.version, self.place)?;
        self.author.as_ref().map_or(Ok(()), |author| write!(f, ", by {author}"))
    }
}

impl Source {
    /// A source. Nothing is read yet.
    #[must_use]
    pub fn new(link: Link, exchange: Arc<dyn Exchange>) -> Self {
        let last = Mutex::new(None);
        Self { link, exchange, web_limit: WEB_LIMIT, git_limit: GIT_LIMIT, last }
    }

    /// The same with another time limit for each request or call of git.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { web_limit: limit, git_limit: limit, ..self }
    }

    /// Where it reads.
    #[must_use]
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// Reads it as it is now. A git repository is only asked for its commit if that is still the last one.
    ///
    /// # Errors
    ///
    /// If there is no text within the limits.
    pub async fn read(&self) -> Result<Fetched, SourceError> {
        let read = match &self.link {
            Link::File(path) => read_text(path).map_err(SourceErrorKind::File),
            Link::Web(web) => web::read(&self.exchange, web, self.web_limit).await,
            Link::Git(repository) => return self.read_git(repository).await,
        };
        let place = self.link.to_string();
        let text = read.map_err(|kind| SourceError { place: place.clone(), kind })?;
        let hash = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        let origin = Origin { place: place.clone(), version: Version::Hash(hash), author: None };
        Ok(Fetched { text, file: place, origin })
    }

    async fn read_git(&self, repository: &Repository) -> Result<Fetched, SourceError> {
        let place = self.link.to_string();
        let failed = |kind| SourceError { place: place.clone(), kind };
        let resolved = git::resolve(repository, self.git_limit).await.map_err(failed)?;
        let mut last = self.last.lock().await;
        let same = Version::Commit(resolved.commit.clone());
        if let Some(last) = last.as_ref().filter(|last| last.origin.version == same) {
            return Ok(last.clone());
        }
        let found = git::fetch(repository, &resolved, self.git_limit).await.map_err(failed)?;
        let version = Version::Commit(found.commit);
        let origin = Origin { place, version, author: found.author };
        let fetched = Fetched { text: found.text, file: found.name, origin };
        *last = Some(fetched.clone());
        Ok(fetched)
    }
}
