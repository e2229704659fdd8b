//! What reconcile has found, as it is kept, and what people ask of it: texts of the store, so that any instance shows them and a
//! restart loses none. Does *not* look at anything itself.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ebs_domain::{
    id::{Component, RequestId, TagName},
    time::Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::Store;

/// The version of [`Report`] and [`Demand`] as they are stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// Most builds of one kind that are told by name; of what ELN lacks those that have waited longest.
pub const MAX_TOLD: usize = 2_000;

/// What a run is for. Each has a report of its own, and a demand of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It triggers.
    Real,
    /// It only says what it would trigger.
    Dry,
}

impl Mode {
    /// The name of the text that holds its last report.
    #[must_use]
    pub fn report(self) -> &'static str {
        match self {
            Self::Real => "reconcile",
            Self::Dry => "reconcile.dry_run",
        }
    }

    /// The name of the text that holds what a person has asked for; empty once that is done.
    #[must_use]
    pub fn demand(self) -> &'static str {
        match self {
            Self::Real => "reconcile.asked",
            Self::Dry => "reconcile.dry_run.asked",
        }
    }
}

/// A person asks for a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// By this request.
    pub request: RequestId,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
}

/// The last report of one [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// What was found last; none as long as no look has come to anything.
    pub found: Option<Found>,
    /// Why no later look has come to anything.
    pub fault: Option<Fault>,
}

/// Looks that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The first of them.
    pub since: Timestamp,
    /// Why the last one did.
    pub why: String,
    /// Who asked for the last one, if it was not the time for it.
    pub asked: Option<Demand>,
}

/// What one look has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// When.
    pub at: Timestamp,
    /// Who asked for it, if it was not the time for it.
    pub asked: Option<Demand>,
    /// The configuration snapshot that it was judged by.
    pub snapshot: u64,
    /// Rawhide's tag.
    pub rawhide: TagName,
    /// ELN's tag.
    pub eln: TagName,
    /// How many components stand how.
    pub counts: Counts,
    /// Why nothing is triggered, in sentences; none if what can be is.
    pub held: Vec<String>,
    /// What ELN lacks, the longest waiting first.
    pub findings: Vec<Finding>,
    /// Builds in ELN that nobody wants; not told while it is in doubt what is wanted, or what is in ELN.
    pub not_wanted: Option<Vec<String>>,
}

/// How many components stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Components that are to be rebuilt: the sum of the next six and of those that cannot be judged.
    pub wanted: usize,
    /// Not in ELN.
    pub missing: usize,
    /// Older in ELN.
    pub stale: usize,
    /// The same in both.
    pub current: usize,
    /// Newer in ELN.
    pub eln_newer: usize,
    /// Not in Rawhide.
    pub eln_only: usize,
    /// In neither.
    pub nowhere: usize,
    /// Excluded by a pattern: not looked at.
    pub excluded: usize,
}

/// A component whose build ELN lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub component: Component,
    /// How it stands.
    pub kind: Kind,
    /// Rawhide's build.
    pub rawhide: String,
    /// ELN's build, if it has one.
    pub eln: Option<String>,
    /// Since when it has been found so, or since it was triggered last.
    pub since: Timestamp,
    /// What becomes of it.
    pub fate: Fate,
    /// The same in words.
    pub text: String,
}

/// How ELN lacks a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It has none of the component.
    Missing,
    /// It has an older one.
    Stale,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is triggered; in a dry run it would be.
    Triggered,
    /// It waits for the next batch already.
    Waits,
    /// It is in the batch that runs.
    InBatch,
    /// Its source is denied.
    Denied,
    /// It came back this way as often as it may.
    CameBack,
    /// It has an end that a person has to judge.
    Ended,
    /// Koji knows no source that could be built.
    NoSource,
    /// The run has triggered as many as it may.
    OverLimit,
    /// Nothing is triggered by this run.
    Held,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Triggered,
        Self::Waits,
        Self::InBatch,
        Self::Denied,
        Self::CameBack,
        Self::Ended,
        Self::NoSource,
        Self::OverLimit,
        Self::Held,
    ];

    /// The word for it, for counting and showing.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Waits => "waits",
            Self::InBatch => "in_batch",
            Self::Denied => "denied",
            Self::CameBack => "came_back",
            Self::Ended => "ended",
            Self::NoSource => "no_source",
            Self::OverLimit => "over_limit",
            Self::Held => "held",
        }
    }

    /// Whether a person has to do something before it is built.
    #[must_use]
    pub fn is_kept_back(self) -> bool {
        match self {
            Self::CameBack | Self::Ended | Self::NoSource | Self::OverLimit | Self::Held => true,
            Self::Triggered | Self::Waits | Self::InBatch | Self::Denied => false,
        }
    }
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { v: VERSION, found: None, fault: None }
    }
}

impl Report {
    /// The last report of this mode; an empty one if there was none.
    ///
    /// # Errors
    ///
    /// The store does not answer, or holds what this program cannot read.
    pub async fn read(store: &dyn Store, mode: Mode) -> anyhow::Result<Self> {
        let text = store.mark(mode.report()).await?;
        let report: Option<Self> = parsed(text.as_deref(), mode.report())?;
        Ok(report.unwrap_or_default())
    }

    /// The report after a look that came to nothing.
    #[must_use]
    pub fn after_fault(self, why: String, asked: Option<Demand>, at: Timestamp) -> Self {
        let since = self.fault.map_or(at, |fault| fault.since);
        Self { fault: Some(Fault { since, why, asked }), ..self }
    }
}

impl Found {
    /// How many findings have which fate, by its word.
    #[must_use]
    pub fn fates(&self) -> BTreeMap<&'static str, usize> {
        let mut fates = BTreeMap::new();
        for finding in &self.findings {
            *fates.entry(finding.fate.word()).or_default() += 1;
        }
        fates
    }

    /// How many of them wait for a person.
    #[must_use]
    pub fn kept_back(&self) -> usize {
        self.findings.iter().filter(|finding| finding.fate.is_kept_back()).count()
    }
}

impl Demand {
    /// What a person has asked for and has not got yet.
    ///
    /// # Errors
    ///
    /// The store does not answer, or holds what this program cannot read.
    pub async fn read(store: &dyn Store, mode: Mode) -> anyhow::Result<Option<Self>> {
        parsed(store.mark(mode.demand()).await?.as_deref(), mode.demand())
    }
}

/// What a text of the store holds; an empty one holds nothing.
fn parsed<T: DeserializeOwned>(text: Option<&str>, name: &str) -> anyhow::Result<Option<T>> {
    /// What all versions have.
    #[derive(Deserialize)]
    struct Versioned {
        v: u32,
    }
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let cannot = || format!("cannot read `{name}` as stored");
    let Versioned { v } = serde_json::from_str(text).with_context(cannot)?;
    anyhow::ensure!(v <= VERSION, "`{name}` has version {v}, run the newer program");
    serde_json::from_str(text).map(Some).with_context(cannot)
}
