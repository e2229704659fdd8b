//! What may become a member of a batch, and the facts that decide about it. Does *not* decide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::{BuildId, Component, PackageName, TagName, TriggerId},
    policy::Eligibility,
    scm::ScmUrl,
    time::Timestamp,
};

/// A component with pending triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which component.
    pub component: Component,
    /// Its upstream name, under which Koji's trigger tag has it.
    pub package: PackageName,
    /// Its order number.
    pub order: i64,
    /// Whether its Rawhide build may be put into the side tag.
    pub may_seed: bool,
    /// Whether it is to be rebuilt.
    pub eligibility: Eligibility,
    /// Whether a person sets the deny list aside.
    pub forced: bool,
    /// Whether a person sets "already built" aside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Its pending triggers, oldest first.
    pub triggers: Vec<(TriggerId, BuildId)>,
}

/// The latest build of a package in the trigger tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestBuild {
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: String,
    /// Its source; `None` if Koji knows none that can be built.
    pub source: Option<ScmUrl>,
}

/// The latest build of a component in the stable tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StableSource {
    /// Its NVR.
    pub nvr: String,
    /// Its source, as text.
    pub source: Option<String>,
}

/// What Koji and our deny list say of one candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Latest in the trigger tag.
    pub latest: Option<LatestBuild>,
    /// Latest in the stable tag.
    pub stable: Option<StableSource>,
    /// Since when the latest build's source is denied.
    pub denied_since: Option<Timestamp>,
}

/// The facts about all candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The build tag of the target.
    pub base: TagName,
    /// By component; one that is absent here is taken as not in the trigger tag.
    pub facts: BTreeMap<Component, Facts>,
}
