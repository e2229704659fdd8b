//! What the Python service's database says no with, in words that have a way out.

use std::io::ErrorKind;

/// The error, by what the caller can do. `place` is where the database is, `password` where its password comes from.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx::Error is non-exhaustive; the rest is told as it is"
)]
pub(super) fn said(error: sqlx::Error, place: &str, password: &str) -> anyhow::Error {
    let text = match &error {
        sqlx::Error::Database(refusal) => {
            of_code(refusal.code().as_deref().unwrap_or_default(), place, password)
        }
        // What TLS finds wrong with a certificate comes as data that is not valid.
        sqlx::Error::Tls(_) => no_tls(place),
        sqlx::Error::Io(away) if away.kind() == ErrorKind::InvalidData => no_tls(place),
        sqlx::Error::Io(_) => format!("the database {place} cannot be reached from here"),
        _ => format!("the database {place} cannot be read"),
    };
    anyhow::Error::new(error).context(text)
}

fn no_tls(place: &str) -> String {
    format!("no TLS with the database {place} that can be trusted: is --db-ca-file its authority?")
}

/// **Source:** PostgreSQL's appendix "Error Codes".
fn of_code(code: &str, place: &str, password: &str) -> String {
    match code {
        "28P01" | "28000" => format!(
            "the database {place} does not let us in with {password}: name the right file with --db-pw-file"
        ),
        "3D000" => format!(
            "there is no such database: {place}; `configuration.db.name`, or the URL, must name the Python service's"
        ),
        "42P01" | "42703" => format!(
            "the database {place} has not the tables of the Python service 2.x (`build_trigger`, `failed_builds`): \
             `configuration.db`, or the URL, must name its database"
        ),
        "42501" => format!(
            "that user may not read in the database {place}: GRANT SELECT ON build_trigger, failed_builds TO it"
        ),
        "57014" => format!(
            "the database {place} took too long over a statement: try again when it has less to do"
        ),
        _ => format!("the database {place} refuses"),
    }
}
