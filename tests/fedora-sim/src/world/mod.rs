//! The state of the simulated Fedora: tags, builds, tasks, repos, users and the log of messages, and how they change with time.
//!
//! All parts of the simulator work on this one [`State`], under one lock, through [`World::change`] and [`World::read`]. Nothing
//! here knows HTTP or XML-RPC calls. Methods check first and change afterwards, so a refusal leaves no trace (which is what the
//! hub's savepoints give).

mod builds;
mod catalog;
mod engine;
mod flow;
mod flow_ends;
mod koji_messages;
mod messages;
mod record;
mod repos;
mod side_tags;
mod state;
mod tagging;
mod tasks;
mod things;

pub use engine::run as run_engine;
pub use state::{State, World, micros};
pub use tagging::Tagged;
pub use things::{
    Build, BuildEntry, BuildState, Draft, Message, NewBuild, Package, Promotion, Record, Refusal,
    Repo, RepoAsk, RepoRequest, RepoState, Severity, Submission, Tag, Target, Task, TaskResult,
    TaskState, User,
};

#[cfg(test)]
mod tests;
