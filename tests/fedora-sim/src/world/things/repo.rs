//! Repos and the requests for them.

/// State of a repo, by Koji's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoState {
    /// 0.
    Init,
    /// 1.
    Ready,
}

/// A repo.
#[derive(Clone, Debug)]
pub struct Repo {
    /// Its id.
    pub id: i64,
    /// Its tag.
    pub tag: i64,
    /// Its state.
    pub state: RepoState,
    /// The event it shows the tag at.
    pub create_event: i64,
    /// The tag's newest change before that.
    pub begin_event: i64,
    /// When it was made (microseconds).
    pub created: i64,
    /// When it took its state.
    pub state_time: i64,
    /// The task that made it.
    pub task: i64,
}

/// A wish for a repo.
#[derive(Clone, Debug)]
pub struct RepoRequest {
    /// Its id.
    pub id: i64,
    /// The tag.
    pub tag: i64,
    /// What the repo must contain.
    pub min_event: i64,
    /// Whose wish it is.
    pub owner: i64,
    /// When it was made (microseconds).
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// Whether it is still worked on.
    pub active: bool,
    /// The `newRepo` task that serves it.
    pub task: Option<i64>,
    /// How many such tasks there were.
    pub tries: i64,
    /// The repo that fulfils it.
    pub repo: Option<i64>,
    /// `waitrepo` tasks that end with it.
    pub(in crate::world) waiters: Vec<i64>,
}

/// How new a repo is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoAsk {
    /// Up to an hour behind.
    Lag,
    /// With the tag's newest change as of now.
    Last,
    /// With this event.
    Event(i64),
}
