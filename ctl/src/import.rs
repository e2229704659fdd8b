//! `ebsctl import`: on the day of the switch, takes over what is open in the Python service's database, and says what of its
//! configuration is used here. Only reads there; what becomes of each row is the coordinator's to decide.

mod arguments;
mod database;
mod portions;
mod refusal;
mod report;
mod rows;

use std::process::ExitCode;

use anyhow::Context as _;
use ebs_shared::config::SecretText;

use crate::{
    client::{Change, Client},
    config::Check,
};

use database::Database;
use portions::Portion;
use report::{Answer, Report};
use rows::Rows;

pub(crate) use arguments::Import;

/// Not all is done: the leader has not answered yet, or a configuration file cannot be used.
const NOT_ALL: u8 = 1;

/// Reads there, asks here; what to print, and the exit code.
///
/// # Errors
///
/// If something cannot be read, or the coordinator refuses.
pub(crate) async fn run(
    import: &Import,
    client: &Client,
    token: &SecretText,
    json: bool,
) -> anyhow::Result<(String, ExitCode)> {
    let check = Check::of(&import.files()).await?;
    let database = Database::of(import)?;
    let rows = database.read().await?;
    let mut report = Report::new(&check, &database, import.dry_run, &rows);
    send(import, client, token, &rows, &mut report).await?;
    let code = if report.fine() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) };
    Ok((if json { report.json()? } else { report.words() }, code))
}

/// Asks in portions. What a portion has brought over stays, whatever becomes of the next.
async fn send(
    import: &Import,
    client: &Client,
    token: &SecretText,
    rows: &Rows,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    let portions = Portion::cut(rows)?;
    for (number, portion) in portions.iter().enumerate() {
        let body = portion.body(&import.reason, import.dry_run);
        let change = Change { place: vec!["api", "v1", "import"], body };
        let answered = client.change(&change, token).await;
        let body = answered.with_context(|| {
            let before =
                if number == 0 { "nothing was asked" } else { "what was asked before stands" };
            format!(
                "portion {} of {} did not come over ({before}); the same again takes nothing twice",
                number + 1,
                portions.len()
            )
        })?;
        let answer: Answer = serde_json::from_slice(&body).context("not an answer")?;
        report.add(answer);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
