//! Why a call to the queue failed, by what the caller can do.

/// The queue does not do its work now. Nothing is known of the call's effect; every call may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} on the queue")]
pub struct QueueError {
    /// What was being done.
    pub what: &'static str,
    /// Why it failed.
    #[source]
    pub kind: QueueErrorKind,
}

/// Why a call failed, by what the caller can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueErrorKind {
    /// Not reachable, cut, starting up or too slow: ask again after a pause.
    #[error("it cannot be reached: {0}")]
    Away(String),
    /// No room for new work: hold back and raise an alarm. Finishing work goes on.
    #[error("it is full: {0}")]
    Full(String),
    /// Login or a command is refused, or the address is none: an operator must act.
    #[error("it refuses us: {0}")]
    Refused(String),
    /// It answered what cannot be understood: another version of us, or somebody else's keys.
    #[error("its answer cannot be understood: {0}")]
    Garbled(String),
}

impl QueueError {
    /// A failure of `what`.
    #[must_use]
    pub fn new(what: &'static str, kind: QueueErrorKind) -> Self {
        Self { what, kind }
    }
}
