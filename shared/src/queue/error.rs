//! Why a call to the queue failed, by what the caller can do.

/// The queue does not do its work now. Unless it is [`QueueErrorKind::Unreachable`], nothing is known of the call's effect. Every
/// call may be repeated, but jobs are not to be put again on a queue that may have taken them: one that was wiped since then
/// takes them for new, while a worker still does them. They are asked for with `Producer::missing`.
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
    /// No connection is to be had: nothing was sent, so the call had no effect. Ask again after a pause.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Cut, starting up or too slow: the call may have had its effect. Ask again after a pause.
    #[error("it does not answer: {0}")]
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
