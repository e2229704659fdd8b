//! The life of a batch: one state machine, in the words of its phases.
//!
//! [`Batch::step`] takes an event at a point in time and gives commands. What is to be looked at is not commanded but follows
//! from the state: [`Batch::reads`] and [`Batch::watches`]. So a restart needs nothing but the state.

mod aborting;
mod admission;
mod building;
mod candidate;
mod closing;
mod detaching;
mod dropping;
mod effect;
mod event;
mod fill;
mod group;
mod held;
mod late;
mod machine;
mod member;
mod operation;
mod owned;
mod phase;
mod plan;
mod preparing;
mod publishing;
mod seen;
mod settling;
mod side_tags;
mod state;
mod stopping;
mod submitting;
mod summary;
mod tagging;
mod tasks;
mod wants;

pub use candidate::{Admission, Candidate, Facts, LatestBuild, StableSource};
pub use effect::{
    Command, Denial, Effect, Notice, Outcome, PostEnd, Refusal, Submission, SubmitEnd,
};
pub use event::{Event, Illegal};
pub use fill::{Fill, Item};
pub use group::{Group, GroupEnd, GroupState, LeftOut, Packed, Posted, Settled};
pub use held::{Decision, Undecided};
pub use late::{decide_late, late_decided};
pub use member::{Build, Built, End, Member, StopReason};
pub use operation::Operation;
pub use phase::{
    Aborting, Attempted, Building, Buildroot, Cleaning, Ending, Ground, Phase, Preparing,
    Publishing, Stage,
};
pub use plan::Plan;
pub use seen::{
    BuildFact, PublishFacts, RepoSeen, StableBuild, TagContent, TaskEnd, TaskFate, TaskSeen,
    UpdateSeen, UpdatesLook,
};
pub use settling::settle_groups;
pub use state::{Batch, Purpose, Step, Stopped, VERSION};
pub use summary::Summary;
pub use wants::{Haste, Read, Watch, watch_updates};

#[cfg(test)]
mod tests;
