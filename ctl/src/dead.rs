//! `ebsctl dead`: what is asked about jobs that were set aside.

use clap::{Args, Subcommand};

use crate::client::Change;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DeadVerb {
    /// Which there are, each with its history.
    #[command(after_help = "Examples:
  ebsctl dead list")]
    List,
    /// Has the work of one done again: the update of a group that is held for it. All else is refused, with the reason.
    #[command(after_help = "Examples:
  ebsctl dead redrive b57.31.submit_update#2 --reason mended")]
    Redrive(Decision),
    /// Lets stand what setting it aside has done: it leaves the list.
    #[command(after_help = "Examples:
  ebsctl dead give-up b57.4.submit_builds#1 --reason accepted")]
    GiveUp(Decision),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Decision {
    /// The job's id, as `ebsctl dead list` shows it.
    job: String,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
}

impl Decision {
    pub(crate) fn change(&self, action: &'static str) -> Change<'_> {
        let place = vec!["api", "dead", &self.job, action];
        Change { place, body: serde_json::json!({ "reason": self.reason }) }
    }
}
