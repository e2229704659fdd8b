//! `ebsctl batch`: what an operator asks of a batch that has not ended.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::Change;

/// What is asked.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum BatchVerb {
    /// Ends the batch: tasks are cancelled and side tags removed. Once an update is out, only what is not sent stays behind.
    #[command(after_help = "Examples:
  ebsctl batch abort 57 --reason wrong-buildroot --dry-run
  ebsctl batch abort 57 --requeue --reason wrong-buildroot")]
    Abort(Abort),
    /// Takes one component out of the batch. Its seed stays.
    #[command(after_help = "Examples:
  ebsctl batch drop 57 freeipa --reason broken")]
    Drop(One),
    /// Declares one build failed: it is cancelled, not tried again and not denied.
    #[command(after_help = "Examples:
  ebsctl batch fail 57 freeipa --reason it-loops")]
    Fail(One),
    /// Goes on without the end of one build: its task runs on, and it is published in an update of its own when it ends.
    #[command(after_help = "Examples:
  ebsctl batch detach 57 webkitgtk --reason builds-for-hours --dry-run
  ebsctl batch detach 57 webkitgtk --reason builds-for-hours")]
    Detach(One),
}

/// How it ends.
#[derive(Args, Clone, Debug)]
pub(crate) struct Abort {
    /// The batch's number.
    batch: i64,
    /// Has its triggers wait again, and pauses.
    #[arg(long)]
    requeue: bool,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
    /// Only says what would become of it.
    #[arg(long)]
    dry_run: bool,
}

/// Which component, and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct One {
    /// The batch's number.
    batch: i64,
    /// The component, by its name here or in Rawhide.
    component: String,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
    /// Only says what would become of it.
    #[arg(long)]
    dry_run: bool,
}

impl BatchVerb {
    /// The batch's number, as it stands in an address.
    pub(crate) fn number(&self) -> String {
        match self {
            Self::Abort(abort) => abort.batch.to_string(),
            Self::Drop(one) | Self::Fail(one) | Self::Detach(one) => one.batch.to_string(),
        }
    }

    /// The change that is asked for, of the batch of this number.
    pub(crate) fn change<'a>(&self, batch: &'a str) -> Change<'a> {
        let (action, body) = match self {
            Self::Abort(Abort { requeue, reason, dry_run, .. }) => (
                "abort",
                serde_json::json!({ "reason": reason, "requeue": requeue, "dry_run": dry_run }),
            ),
            Self::Drop(one) => ("drop", one.body()),
            Self::Fail(one) => ("fail", one.body()),
            Self::Detach(one) => ("detach", one.body()),
        };
        Change { place: vec!["api", "v1", "batches", batch, action], body }
    }

    /// Whether nothing is to be changed.
    pub(crate) fn is_dry(&self) -> bool {
        match self {
            Self::Abort(abort) => abort.dry_run,
            Self::Drop(one) | Self::Fail(one) | Self::Detach(one) => one.dry_run,
        }
    }
}

impl One {
    fn body(&self) -> serde_json::Value {
        let Self { component, reason, dry_run, .. } = self;
        serde_json::json!({ "reason": reason, "component": component, "dry_run": dry_run })
    }
}

/// What would be done.
#[derive(Debug, Deserialize)]
struct Would {
    would: Vec<String>,
}

/// The sentences in the answer to what was only tried.
pub(crate) fn would(body: &[u8]) -> anyhow::Result<String> {
    let told: Would = serde_json::from_slice(body).context("not an answer")?;
    let mut text = String::new();
    for sentence in told.would {
        // A text takes whatever is written to it.
        let _infallible = writeln!(text, "would: {sentence}");
    }
    Ok(text)
}
