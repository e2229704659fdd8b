//! What a run is told about Bodhi, the identity provider and Content Resolver. Pure data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bodhi's part of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BodhiScript {
    /// Whether gating is on: updates begin `waiting`.
    pub gating: bool,
    /// How long the steps of an update take.
    pub timing: UpdateTiming,
    /// How updates end: package to one outcome for each update posted with it, of which the last repeats.
    pub outcomes: BTreeMap<String, Vec<UpdateOutcome>>,
    /// Idle time in ms after which a session cookie, and the CSRF token in it, is no longer known.
    pub session_idle_ms: u64,
    /// Access token to the user it belongs to, besides those that the identity provider gives out.
    pub tokens: BTreeMap<String, String>,
    /// Users that are in no packager group.
    pub newcomers: Vec<String>,
    /// Lifetime in seconds of the access tokens given out.
    pub token_lifetime_s: u64,
    /// Content Resolver's lists by file name, such as `view-all-source-package-name-list--view-eln.txt`.
    pub lists: BTreeMap<String, Vec<String>>,
}

/// How long the steps of an update take, in ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateTiming {
    /// From the POST to the builds in the signing tag.
    pub tag_ms: u64,
    /// From there to all builds signed.
    pub sign_ms: u64,
    /// From there to the verdict of gating.
    pub gate_ms: u64,
    /// From there to the approval run.
    pub approve_ms: u64,
}

/// How one posted update ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOutcome {
    /// It becomes stable.
    Stable,
    /// The POST is refused, and no build is named.
    Refused,
    /// The POST is refused, naming this package's build.
    RefusedBuild,
    /// Koji fails while the POST is looked at: a passing fault that reads like a refusal.
    KojiFault,
    /// It is created, but the answer is a proxy's 502.
    CreatedBut502,
    /// It is created, but the answer is 400 "Unable to create update".
    CreatedBut400,
    /// It is created without this package's build.
    BuildMissing,
    /// Somebody makes it obsolete while it is pending.
    Obsoleted,
    /// Somebody unpushes it from testing.
    Unpushed,
    /// Gating fails: it stays in testing.
    GatingFailed,
    /// The approval finds a newer build in the stable tag: back to pending.
    Conflict,
    /// No approval run ever takes it.
    NeverStable,
}

impl Default for BodhiScript {
    fn default() -> Self {
        Self {
            gating: true,
            timing: UpdateTiming::default(),
            outcomes: BTreeMap::new(),
            session_idle_ms: 1_200_000,
            tokens: BTreeMap::from([("sim-token-ebs".to_owned(), "ebs".to_owned())]),
            newcomers: Vec::new(),
            token_lifetime_s: 3600,
            lists: BTreeMap::new(),
        }
    }
}

impl Default for UpdateTiming {
    fn default() -> Self {
        Self { tag_ms: 10, sign_ms: 20, gate_ms: 20, approve_ms: 20 }
    }
}

impl BodhiScript {
    /// The outcome of the n-th update (counted from 1) that is posted with a package.
    #[must_use]
    pub fn outcome(&self, package: &str, attempt: u32) -> UpdateOutcome {
        let Some(list) = self.outcomes.get(package) else { return UpdateOutcome::Stable };
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        list.get(index).or_else(|| list.last()).copied().unwrap_or(UpdateOutcome::Stable)
    }
}
