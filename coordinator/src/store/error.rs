//! Why a call to the store failed, by what the caller can do.

/// A failed call to the store.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} in the store")]
pub struct StoreError {
    /// What was being done.
    pub what: &'static str,
    /// Why it failed.
    #[source]
    pub kind: StoreErrorKind,
}

/// Why it failed, by what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A newer epoch leads: step down. Nothing was written.
    #[error("another instance leads now")]
    Fenced,
    /// The database is not to be had or did not answer; a commit may or may not have been made. Read anew, then go on.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database was made by a newer program.
    #[error(
        "the database is at schema version {found}, this program knows up to {known}: run the newer program"
    )]
    TooNew {
        /// Version in the database.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// What is stored cannot be read, or the request is wrong: an operator must look.
    #[error("{0}")]
    Broken(String),
}
