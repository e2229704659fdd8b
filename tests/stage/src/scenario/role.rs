//! What a scenario's file says. Does *not* know how many packages there will be.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Every scenario's file, by name.
const FILES: &[(&str, &str)] = &[
    ("clean", include_str!("clean.json")),
    ("mixed", include_str!("mixed.json")),
    ("publishing", include_str!("publishing.json")),
    ("scratch", include_str!("scratch.json")),
    ("empty", include_str!("empty.json")),
    ("denied", include_str!("denied.json")),
    ("vanished-tag", include_str!("vanished-tag.json")),
];

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows, one line.
    pub about: String,
    /// Fewest packages it can be played with.
    pub least_packages: usize,
    /// Whether builds are drafts; `by_seed`: with an odd seed.
    #[serde(default)]
    pub drafts: Drafts,
    /// Whether builds are scratch builds.
    #[serde(default)]
    pub scratch: bool,
    /// How many updates the good builds are split into, about; 1: no splitting.
    #[serde(default = "one")]
    pub groups: usize,
    /// Who plays what; packages beyond these are clean.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Messages on the bus beside the tagged builds, each once.
    #[serde(default)]
    pub extras: Vec<Extra>,
    /// Whether the tagged builds are none: the messages about all packages are false.
    #[serde(default)]
    pub all_false: bool,
    /// Whether the side tag is removed by somebody while it builds.
    #[serde(default)]
    pub vanish: bool,
    /// Whether a second round follows: the sources that failed, tagged again, and one new clean package.
    #[serde(default)]
    pub second_round: bool,
}

/// Whether builds are drafts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drafts {
    /// They are, as is the default of the service.
    #[default]
    Yes,
    /// With an odd seed; regular builds with an even one.
    BySeed,
}

/// A part that fixed packages play.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// How many packages play it.
    pub packages: usize,
    /// How the attempts end, the last for all that follow. Empty: well.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// The order number; the default's otherwise.
    #[serde(default)]
    pub order: Option<i64>,
    /// Whether the Rawhide build is kept out of the side tag.
    #[serde(default)]
    pub skip_tag: bool,
    /// Whether Rawhide has it under another name.
    #[serde(default)]
    pub renamed: bool,
    /// Whether two Rawhide builds are tagged, one after the other.
    #[serde(default)]
    pub twice: bool,
    /// Whether its NVR is longer than Bodhi can hold.
    #[serde(default)]
    pub long_nvr: bool,
    /// What becomes of the update that the package is in. Such a package is the first of its group.
    #[serde(default)]
    pub update: Option<UpdateTrouble>,
}

/// How one attempt ends. The words are the simulator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Built and tagged.
    Succeed,
    /// An architecture fails in the build.
    FailBuild,
    /// The source package cannot be made; no build record.
    FailSrpm,
    /// A build dependency is missing.
    FailDependency,
    /// It stays OPEN.
    NeverEnds,
    /// A build of that NVR from our commit is complete.
    NvrTakenOurs,
    /// A build of that NVR from another commit is complete.
    NvrTakenOther,
    /// Task FAILED, build COMPLETE.
    FailedButComplete,
    /// From OPEN back to FREE, then well.
    BackToFree,
    /// Two tasks for one request.
    TwoTasks,
    /// Somebody cancels it.
    CancelledBySomebody,
    /// Well, but the draft may not be promoted.
    PromotionRefused,
    /// Well, but slowly.
    Slow,
}

/// What becomes of an update. The words are the simulator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTrouble {
    /// Bodhi refuses it without naming builds.
    Refused,
    /// It is made, but the answer is 502.
    CreatedButBadGateway,
    /// One build is not in it.
    BuildMissing,
    /// A newer update takes its place.
    Obsoleted,
    /// Somebody unpushes it.
    Unpushed,
    /// Its gating fails.
    GatingFailed,
}

/// A message that makes no component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// A build of a package that a pattern excludes.
    Excluded,
    /// A build of a package on no list.
    NotListed,
    /// A tag message about a build that is not tagged.
    FalseTag,
    /// A tag message of CentOS: another prefix, another hub.
    CentosTopic,
    /// A body that is not JSON.
    NotJson,
}

/// How a component ends. The words are the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Built.
    Succeeded,
    /// Failed, of this class.
    Failed(&'static str),
    /// Ran too long.
    TimedOut,
    /// Cancelled by somebody.
    Cancelled,
}

impl Scenario {
    /// The scenario of that name.
    ///
    /// # Errors
    ///
    /// There is none; the text lists those there are.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) else {
            bail!("no such scenario: {name} (there are: {})", Self::names().join(", "));
        };
        serde_json::from_str(text).with_context(|| format!("the file of scenario {name}"))
    }

    /// All names.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        FILES.iter().map(|(name, _)| *name).collect()
    }

    /// Whether builds are drafts in a run with this seed.
    #[must_use]
    pub fn draft_builds(&self, seed: u64) -> bool {
        match self.drafts {
            Drafts::Yes => !self.scratch,
            Drafts::BySeed => seed % 2 == 1,
        }
    }

    /// As it is played with this seed: where builds are no drafts, none can be refused its promotion.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        if !self.draft_builds(seed) {
            for role in &mut self.roles {
                role.outcomes.retain(|outcome| *outcome != Outcome::PromotionRefused);
            }
        }
        self
    }

    /// How often each extra message comes.
    #[must_use]
    pub fn extras(&self) -> BTreeMap<Extra, usize> {
        let mut count = BTreeMap::new();
        for extra in &self.extras {
            *count.entry(*extra).or_default() += 1;
        }
        count
    }
}

impl Role {
    /// The part of everybody else.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            name: "clean".to_owned(),
            packages: 1,
            outcomes: Vec::new(),
            order: None,
            skip_tag: false,
            renamed: false,
            twice: false,
            long_nvr: false,
            update: None,
        }
    }

    /// How an attempt (from 1) ends.
    #[must_use]
    pub fn outcome(&self, attempt: usize) -> Outcome {
        self.outcomes.get(attempt - 1).or(self.outcomes.last()).copied().unwrap_or(Outcome::Succeed)
    }
}

impl Outcome {
    /// How a build with this outcome ends.
    #[must_use]
    pub fn end(self) -> End {
        match self {
            Self::Succeed
            | Self::NvrTakenOurs
            | Self::FailedButComplete
            | Self::BackToFree
            | Self::TwoTasks
            | Self::PromotionRefused
            | Self::Slow => End::Succeeded,
            Self::FailBuild => End::Failed("build"),
            Self::FailSrpm => End::Failed("srpm"),
            Self::FailDependency => End::Failed("dependency"),
            Self::NvrTakenOther => End::Failed("source"),
            Self::NeverEnds => End::TimedOut,
            Self::CancelledBySomebody => End::Cancelled,
        }
    }
}

impl End {
    /// The word for it, with the class if it failed.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Succeeded => "succeeded".to_owned(),
            Self::Failed(class) => format!("failed ({class})"),
            Self::TimedOut => "timed_out".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }
}

fn one() -> usize {
    1
}
