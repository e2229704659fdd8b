//! What there is in the simulated Fedora, as plain data. How it changes stands in the modules beside this one.

mod build;
mod catalog;
mod flow;
mod message;
mod queue;
mod record;
mod refusal;
mod repo;
mod task;

pub use build::{Build, BuildState, NewBuild, Promotion};
pub use catalog::{Package, Tag, Target, User};
pub(super) use flow::Flow;
pub use message::{Draft, Message, Severity};
pub(super) use queue::{Queue, Step};
pub use record::{BuildEntry, Record, Submission};
pub use refusal::Refusal;
pub use repo::{Repo, RepoAsk, RepoRequest, RepoState};
pub(super) use task::NewTask;
pub use task::{Task, TaskResult, TaskState};
