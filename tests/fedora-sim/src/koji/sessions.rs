//! What the hub keeps of sessions.

use std::collections::BTreeMap;

/// All sessions there ever were.
#[derive(Debug, Default)]
pub struct Sessions {
    pub(super) all: BTreeMap<i64, Session>,
    pub(super) keys_made: u64,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: i64,
    /// Whose it is.
    pub user: i64,
    /// What must be shown with the id; changes at renewal.
    pub key: String,
    /// Number of the last call that changed something.
    pub callnum: Option<i64>,
    /// When it was made or renewed (microseconds).
    pub since: i64,
    /// Whether it is over.
    pub closed: bool,
    /// Whether it locks other sessions of its user out.
    pub exclusive: bool,
    /// How it was made: 0 password, 3 GSSAPI.
    pub auth: i64,
}
