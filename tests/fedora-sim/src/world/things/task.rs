//! What a task is.

use ebs_shared::koji::xmlrpc::Value;

use super::refusal::Refusal;

/// State of a task, by Koji's numbers (not the builds' ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// 0.
    Free,
    /// 1.
    Open,
    /// 2.
    Closed,
    /// 3.
    Canceled,
    /// 4.
    Assigned,
    /// 5.
    Failed,
}

impl TaskState {
    /// Koji's number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Free => 0,
            Self::Open => 1,
            Self::Closed => 2,
            Self::Canceled => 3,
            Self::Assigned => 4,
            Self::Failed => 5,
        }
    }

    /// Koji's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "FREE",
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
            Self::Canceled => "CANCELED",
            Self::Assigned => "ASSIGNED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether no other state follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Closed | Self::Canceled | Self::Failed => true,
            Self::Free | Self::Open | Self::Assigned => false,
        }
    }
}

/// What a task came to.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskResult {
    /// Nothing yet, or cancelled.
    None,
    /// A value.
    Value(Value),
    /// A fault.
    Fault(Refusal),
}

/// A task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// Its state.
    pub state: TaskState,
    /// Koji's method.
    pub method: &'static str,
    /// Its owner.
    pub owner: i64,
    /// Its architecture.
    pub arch: String,
    /// Its channel: 1 ordinary, 2 repos.
    pub channel: i64,
    /// Its priority; larger is later.
    pub priority: i64,
    /// The task above it.
    pub parent: Option<i64>,
    /// Its label below that.
    pub label: Option<String>,
    /// The builder that has it.
    pub host: Option<i64>,
    /// Whether it waits for children; `None` if it never did.
    pub waiting: Option<bool>,
    /// Whether its parent still waits for it; `None` without a parent.
    pub awaited: Option<bool>,
    /// When it was made (microseconds).
    pub created: i64,
    /// When it was begun.
    pub started: Option<i64>,
    /// When it ended.
    pub completed: Option<i64>,
    /// What was asked for.
    pub request: Vec<Value>,
    /// What came of it.
    pub result: TaskResult,
    /// The tasks below it, in order of making.
    pub children: Vec<i64>,
}

impl Task {
    /// Whether it is a scratch build: only such tasks are told of on the bus.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        self.parent.is_none()
            && self.request.last().and_then(|opts| opts.get("scratch")).and_then(Value::as_bool)
                == Some(true)
    }
}

/// A task that is to be made.
pub(in crate::world) struct NewTask {
    pub(in crate::world) method: &'static str,
    pub(in crate::world) owner: i64,
    pub(in crate::world) arch: String,
    pub(in crate::world) priority: i64,
    /// Parent and label; a `waitrepo` has none.
    pub(in crate::world) below: Option<(i64, Option<String>)>,
    pub(in crate::world) request: Vec<Value>,
}
