//! A package list, as stored.

use ebs_domain::time::Timestamp;

/// A list, and what came of its last fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// Its name: view and source, such as `eln/source`.
    pub name: String,
    /// Counts the writings: one more than what was read, 1 for a new one.
    pub revision: i64,
    /// What is known of its names, JSON; see the domain's `PackageList`.
    pub state: String,
    /// When it was last fetched, or should have been.
    pub tried: Timestamp,
    /// Why that came to nothing, if it did.
    pub fault: Option<String>,
    /// The jump that a person has confirmed, by the time since when it was held.
    pub confirmed: Option<Timestamp>,
}
