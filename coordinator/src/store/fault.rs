//! What went wrong in the database, sorted by what the caller can do.

use super::{StoreError, StoreErrorKind};

/// A failure inside the store, before it is named by what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database failed.
    Sql(sqlx::Error),
    /// A newer epoch leads.
    Fenced,
    /// What is stored cannot be read.
    Broken(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// The error for whoever asked to `what`.
    pub(super) fn while_trying(self, what: &'static str) -> StoreError {
        let kind = match self {
            Self::Fenced => StoreErrorKind::Fenced,
            Self::Broken(text) => StoreErrorKind::Broken(text),
            Self::Sql(error) if passes(&error) => StoreErrorKind::Unavailable(error),
            Self::Sql(error) => StoreErrorKind::Broken(error.to_string()),
        };
        StoreError { what, kind }
    }
}

/// Whether the same call can succeed later with nobody doing anything to data or program.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx::Error is non-exhaustive; the rest are faults of program or data"
)]
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        // What comes of a connection that is cut while it is made: sqlx takes its end for an answer.
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| code_passes(&code)),
        _ => false,
    }
}

/// SQLSTATE classes that pass: connection (08), rollback by conflict (40), resources (53), locks (55), operator (57), system (58).
///
/// Source: PostgreSQL's appendix "Error Codes". `42501` and the like (class 42: wrong request) do not pass.
const PASSING_CLASSES: [&str; 6] = ["08", "40", "53", "55", "57", "58"];

/// Results of SQLite that pass: busy (5), locked (6), I/O error (10), disk full (13).
///
/// Source: SQLite's page "Result and Error Codes"; the lower byte of an extended code is its primary code.
const PASSING_RESULTS: [u32; 4] = [5, 6, 10, 13];

fn code_passes(code: &str) -> bool {
    // A SQLSTATE always has five characters; SQLite's codes are numbers with at most four digits.
    if code.len() == 5 {
        return code.get(..2).is_some_and(|class| PASSING_CLASSES.contains(&class));
    }
    code.parse::<u32>().is_ok_and(|code| PASSING_RESULTS.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests;
