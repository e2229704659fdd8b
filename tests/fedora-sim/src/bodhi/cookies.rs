//! Cookies that Bodhi gave out, and whose they are.

use std::collections::BTreeMap;

/// Cookies that were given out.
#[derive(Default)]
pub(super) struct Logins {
    pub(super) tickets: BTreeMap<String, i64>,
    pub(super) sessions: BTreeMap<String, Session>,
}

#[derive(Clone)]
pub(super) struct Session {
    pub(super) csrf: String,
    pub(super) at: i64,
}
