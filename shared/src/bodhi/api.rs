//! The calls we make to Bodhi, and the parts of its answers that we read. Does *not* decide anything.
//!
//! **Source** of every shape here: bodhi-server 26.4, its source and exchanges recorded from it, see `tests/`.

use async_trait::async_trait;
use ebs_domain::id::TagName;
use serde::{Deserialize, Serialize};

/// What Bodhi says of an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Its name, such as `FEDORA-2026-0a1b2c3d4e`.
    pub alias: String,
    /// `pending`, `testing`, `stable`, `unpushed`, `obsolete`, or what a newer server says.
    pub status: String,
    /// What was asked for last, if anything.
    pub request: Option<String>,
    /// `waiting`, `passed`, `failed`, …; `None` if gating is off.
    pub gating: Option<String>,
    /// Whether it was pushed to testing once; with `pending` this means a conflict at approval.
    pub pushed: bool,
    /// The side tag it was made from.
    pub from_tag: Option<String>,
    /// NVRs of its builds.
    pub builds: Vec<String>,
}

/// An update that we have made and that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnUpdate {
    /// The update.
    pub update: Update,
    /// Where its release puts what is stable.
    pub stable_tag: Option<String>,
}

/// What is posted to make an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUpdate {
    /// The side tag whose latest builds the update takes.
    pub from_tag: TagName,
    /// One line that names the batch; 2 to 10,000 characters.
    pub notes: String,
}

/// One entry of Bodhi's list of errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// `from_tag`, `builds`, `csrf_token`, ….
    pub name: String,
    /// The sentence.
    pub description: String,
}

/// A failed call to Bodhi.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} at Bodhi")]
pub struct BodhiError {
    /// What was being done, such as `create an update`.
    pub what: &'static str,
    /// Why it failed.
    #[source]
    pub kind: BodhiErrorKind,
}

/// Why a call failed, by what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodhiErrorKind {
    /// No usable answer, or one after which the update may exist all the same (5xx, 400 "Unable to create update", a cut
    /// connection): look before asking again.
    #[error("no answer that settles it: {0}")]
    NoAnswer(String),
    /// Not reachable, nothing was sent: ask again after a pause.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Login refused, also after a renewal: an operator must act; ask again after a pause.
    #[error("refuses our login: {0}")]
    Login(String),
    /// Some update, in whatever status, was already made from this side tag: look for it.
    #[error("an update from this side tag exists already")]
    AlreadyExists,
    /// Bodhi understood and refused.
    #[error("refused: {}", complaints.iter().map(|c| c.description.as_str()).collect::<Vec<_>>().join("; "))]
    Refused {
        /// All it said.
        complaints: Vec<Complaint>,
        /// NVRs among those asked about that the complaints name; empty if the refusal is about something else.
        builds: Vec<String>,
    },
}

/// The calls we make. Every one has a time limit.
///
/// # Errors
///
/// All methods fail with a [`BodhiError`] whose kind says what to do.
#[async_trait]
pub trait Updates: Send + Sync {
    /// Posts an update made from a side tag. `nvrs` are the builds it is meant to hold, to read complaints by.
    async fn create(&self, update: &NewUpdate, nvrs: &[String]) -> Result<Update, BodhiError>;
    /// The update made from this side tag, if there is one, looked for by exact comparison of `from_tag`; `nvr` is one of
    /// its builds, empty if none is known, and narrows the search on servers of any age.
    async fn find(&self, from_tag: &TagName, nvr: &str) -> Result<Option<Update>, BodhiError>;
    /// Updates that hold any of these builds, in any status.
    async fn holding(&self, nvrs: &[String]) -> Result<Vec<Update>, BodhiError>;
    /// Updates that this account has made and that are pending or in testing.
    async fn live_of(&self, user: &str) -> Result<Vec<OwnUpdate>, BodhiError>;
    /// Updates by alias; `None` for unknown ones.
    async fn updates(&self, aliases: &[String]) -> Result<Vec<Option<Update>>, BodhiError>;
}
