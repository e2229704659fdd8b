//! Why a call to the hub failed, by what the caller can do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A fault as the hub wrote it. Its text is classified in `koji::fault` alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("fault {code}: {text}")]
pub struct Fault {
    /// Koji's number of the kind of fault, 1 for whatever is none of Koji's own. Source: `koji/__init__.py`.
    pub code: i64,
    /// The fault's text, shortened: code 1 can carry SQL and whole tracebacks.
    pub text: String,
}

/// A failed call to the Koji hub.
#[derive(Debug, thiserror::Error)]
#[error("failed to call `{method}`")]
pub struct KojiError {
    /// The method that was called.
    pub method: &'static str,
    /// Why it failed.
    #[source]
    pub kind: KojiErrorKind,
}

/// Why a call failed, by what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KojiErrorKind {
    /// No usable answer: time-out, cut connection, 5xx, a body that is no XML. The call may have had its effect: look
    /// before asking again.
    #[error("no answer from the hub: {0}")]
    NoAnswer(String),
    /// The hub did not run the call and will later: not reachable, offline, locked. Ask again after a pause.
    #[error("the hub is not available: {0}")]
    Unavailable(String),
    /// The hub refuses our session or login. Nothing ran. An operator must act; ask again after a pause.
    #[error("the hub refuses our login: {0}")]
    Login(String),
    /// An earlier sending of this very call took effect; its answer is lost (fault 1009). Look for the effect.
    #[error("the call had already run and its answer is lost")]
    AlreadyRan,
    /// The hub understood and refused. The same call is not repeated.
    #[error("the hub refused")]
    Refused(#[source] Fault),
}

/// What a caller does after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing ran: ask again after a pause.
    Later,
    /// It may have run: look for the effect first.
    Look,
    /// Asking again cannot help.
    Never,
}

impl KojiError {
    /// What the caller does now.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self.kind {
            KojiErrorKind::Unavailable(_) | KojiErrorKind::Login(_) => Retry::Later,
            KojiErrorKind::NoAnswer(_) | KojiErrorKind::AlreadyRan => Retry::Look,
            KojiErrorKind::Refused(_) => Retry::Never,
        }
    }

    /// The fault, if the hub understood and refused.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match &self.kind {
            KojiErrorKind::Refused(fault) => Some(fault),
            KojiErrorKind::NoAnswer(_)
            | KojiErrorKind::Unavailable(_)
            | KojiErrorKind::Login(_)
            | KojiErrorKind::AlreadyRan => None,
        }
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Later => "later",
            Self::Look => "look",
            Self::Never => "never",
        })
    }
}
