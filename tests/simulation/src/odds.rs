//! How likely is what can become of a build, an update, a repo: by weight.

use fedora_sim::{
    bodhi::script::UpdateOutcome,
    control::Announce,
    script::{Outcome, SeedTrouble, Trouble},
};

/// How a neighbour is away.
pub const TROUBLES: &[(u64, Trouble)] = &[
    (2, Trouble::Offline),
    (2, Trouble::Cut),
    (1, Trouble::Http500),
    (1, Trouble::Http502),
    (1, Trouble::Http503),
    (1, Trouble::Http504),
    (1, Trouble::Html),
];

/// How is told of a build.
pub const ANNOUNCE: &[(u64, Announce)] = &[
    (15, Announce::Once),
    (2, Announce::Twice),
    (2, Announce::Dropped),
    (2, Announce::Lost),
    (1, Announce::False),
];

/// How a build ends, attempt by attempt; the last one holds for all that follow.
pub const OUTCOMES: &[(u64, &[Outcome])] = &[
    (40, &[Outcome::Succeed]),
    (5, &[Outcome::FailBuild]),
    (5, &[Outcome::FailBuild, Outcome::Succeed]),
    (2, &[Outcome::FailSrpm]),
    (2, &[Outcome::FailSource]),
    (3, &[Outcome::FailDependency, Outcome::Succeed]),
    (3, &[Outcome::Infrastructure, Outcome::Succeed]),
    (2, &[Outcome::Crash, Outcome::Succeed]),
    (1, &[Outcome::NeverEnds]),
    (2, &[Outcome::NvrTakenOurs]),
    (2, &[Outcome::NvrTakenOther]),
    (3, &[Outcome::FailedButComplete]),
    (3, &[Outcome::BackToFree]),
    (3, &[Outcome::TwoTasks]),
    (2, &[Outcome::CancelledBySomebody]),
    (2, &[Outcome::PromotionRefused]),
    (1, &[Outcome::Slow]),
];

/// What becomes of the updates of a package, one after the other.
pub const UPDATES: &[(u64, &[UpdateOutcome])] = &[
    (24, &[UpdateOutcome::Stable]),
    (2, &[UpdateOutcome::KojiFault, UpdateOutcome::Stable]),
    (2, &[UpdateOutcome::CreatedBut502, UpdateOutcome::Stable]),
    (2, &[UpdateOutcome::CreatedBut400, UpdateOutcome::Stable]),
    (1, &[UpdateOutcome::BuildMissing, UpdateOutcome::Stable]),
    (1, &[UpdateOutcome::RefusedBuild]),
    (1, &[UpdateOutcome::Refused]),
    (1, &[UpdateOutcome::Obsoleted]),
    (1, &[UpdateOutcome::Unpushed]),
    (1, &[UpdateOutcome::GatingFailed]),
    (1, &[UpdateOutcome::Conflict]),
    (1, &[UpdateOutcome::NeverStable]),
];

/// The same where there is an operator; nothing: as ever.
pub const HELD: &[(u64, &[UpdateOutcome])] = &[
    (12, &[]),
    (2, &[UpdateOutcome::Refused, UpdateOutcome::Stable]),
    (1, &[UpdateOutcome::Refused]),
    (1, &[UpdateOutcome::Refused, UpdateOutcome::CreatedBut502, UpdateOutcome::Stable]),
];

/// How long a repo takes: slow ones outlast leases and doubts.
pub const REPO_MS: &[(u64, u64)] = &[(6, 3_000), (1, 40_000), (1, 120_000)];

/// When a session expires, which is in the middle of a call as often as not.
pub const SESSIONS_MS: &[(u64, Option<u64>)] = &[(3, None), (1, Some(45_000)), (1, Some(300_000))];

/// What is wrong with a seed.
pub const SEEDS: &[(u64, Option<SeedTrouble>)] = &[
    (30, None),
    (1, Some(SeedTrouble::NotInList)),
    (1, Some(SeedTrouble::TaskFails)),
    (1, Some(SeedTrouble::NeverBegins)),
];
