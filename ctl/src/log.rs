//! `ebsctl log`.

use anyhow::Context as _;
use clap::Args;
use ebs_shared::{
    clock::{Clock as _, System},
    config::SecretText,
};
use serde::Deserialize;

use crate::{
    client::{Change, Client},
    pause::until,
};

/// What is logged, and what shall be.
#[derive(Args, Clone, Debug)]
pub(crate) struct Log {
    /// A level (error, warn, info, debug, trace, off), or levels by part, such as `info,ebs_coordinator::intake=debug`. Without
    /// one, what is logged now is shown.
    #[arg(requires = "reason")]
    filter: Option<String>,
    /// For how long, such as `30m`; at most `7d`. Without this, until the next start.
    #[arg(long, value_name = "SPAN", requires = "filter")]
    r#for: Option<String>,
    /// Why; it stands in the audit.
    #[arg(long, requires = "filter")]
    reason: Option<String>,
}

/// How the log stands.
#[derive(Deserialize)]
struct Told {
    instance: String,
    filter: String,
    usual: String,
    ends_in_s: Option<u64>,
}

impl Log {
    /// Shows it, or changes it; the answer, and the same in words.
    pub(crate) async fn answer(
        &self,
        client: &Client,
        token: impl FnOnce() -> anyhow::Result<SecretText>,
    ) -> anyhow::Result<(Vec<u8>, String)> {
        let body = match self.change(System.now().millis())? {
            None => client.log().await?,
            Some(change) => client.change(&change, &token()?).await?,
        };
        let told = serde_json::from_slice(&body).context("not an answer about a log")?;
        Ok((body, words(&told)))
    }

    /// The change that is asked for, if one is; `now` in ms since the Unix epoch.
    fn change(&self, now: i64) -> anyhow::Result<Option<Change<'static>>> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let until = self.r#for.as_deref().map(|span| until(span, now)).transpose()?;
        let body = serde_json::json!({ "filter": filter, "reason": self.reason, "until": until });
        Ok(Some(Change { place: vec!["api", "v1", "log"], body }))
    }
}

fn words(told: &Told) -> String {
    let Told { instance, filter, usual, ends_in_s } = told;
    match ends_in_s {
        Some(seconds) => format!("{instance} logs {filter}, in {seconds} s {usual} again"),
        None if filter == usual => format!("{instance} logs {filter}"),
        None => format!("{instance} logs {filter}, after its next start {usual}"),
    }
}

#[cfg(test)]
mod tests;
