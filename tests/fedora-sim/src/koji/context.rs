//! What a method is given, and how it fails.

use super::session::Caller;
use crate::world::{Refusal, State};

/// Why a call ends in a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The fault.
    pub(super) fault: Refusal,
    /// Whether it is a ready-made fault of a task: such a one has no traceback in a `multiCall`.
    pub(super) ready_made: bool,
}

impl From<Refusal> for Failure {
    fn from(fault: Refusal) -> Self {
        Self { fault, ready_made: false }
    }
}

/// One request's way through the hub.
pub(super) struct Context<'a> {
    /// The world.
    pub(super) state: &'a mut State,
    /// Who calls.
    pub(super) caller: Caller,
    /// What was shown as a session, valid or not.
    pub(super) shown_session: bool,
    /// The name that a web server has authenticated.
    pub(super) remote_user: Option<String>,
    /// Whether anything was changed: then the call number is kept.
    pub(super) changed: bool,
}

impl Context<'_> {
    /// The caller's user.
    ///
    /// # Errors
    ///
    /// 1004 if the caller is not logged in.
    pub(super) fn user(&self) -> Result<i64, Refusal> {
        self.caller
            .user
            .ok_or_else(|| Refusal::new(1004, "you must be logged in for this operation"))
    }

    /// Whether the caller is an administrator.
    pub(super) fn is_admin(&self) -> bool {
        self.caller.user.and_then(|user| self.state.user(user)).is_some_and(|user| user.admin)
    }

    /// The caller's user, if it has a permission; only administrators have any here.
    ///
    /// # Errors
    ///
    /// 1004 if not.
    pub(super) fn permitted(&self, permission: &str) -> Result<i64, Refusal> {
        let user = self.user()?;
        if self.is_admin() {
            return Ok(user);
        }
        let name = self.state.user_name(user);
        Err(Refusal::new(1004, format!("{permission} permission required (logged in as {name})")))
    }
}
