//! `ebsctl group`: decisions on held groups.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::Change;

/// What is decided on a held group.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GroupVerb {
    /// Has its update made again, from the errata tag it has; one that was made all the same is found, not made twice.
    #[command(after_help = "Examples:
  ebsctl group retry 57 3 --reason mended --dry-run
  ebsctl group retry 57 3 --reason mended")]
    Retry(Which),
    /// Gives it up: its errata tag is removed, its builds are not published. Not if an update was made from that tag.
    #[command(after_help = "Examples:
  ebsctl group discard 57 3 --reason unwanted --dry-run
  ebsctl group discard 57 3 --reason unwanted")]
    Discard(Which),
}

/// Which group, and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct Which {
    /// The batch's number.
    batch: i64,
    /// The group's number in its batch.
    group: u32,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
    /// Only says what would become of it.
    #[arg(long)]
    dry_run: bool,
}

impl GroupVerb {
    /// The numbers of batch and group, as they stand in an address.
    pub(crate) fn numbers(&self) -> (String, String) {
        let (Self::Retry(which) | Self::Discard(which)) = self;
        (which.batch.to_string(), which.group.to_string())
    }

    /// The change that is asked for, of the group with these numbers.
    pub(crate) fn change<'a>(&self, (batch, group): &'a (String, String)) -> Change<'a> {
        let (which, action) = match self {
            Self::Retry(which) => (which, "retry"),
            Self::Discard(which) => (which, "discard"),
        };
        let body = serde_json::json!({ "reason": which.reason, "dry_run": which.dry_run });
        Change { place: vec!["api", "v1", "batches", batch, "groups", group, action], body }
    }

    /// Whether nothing is to be changed.
    pub(crate) fn is_dry(&self) -> bool {
        let (Self::Retry(which) | Self::Discard(which)) = self;
        which.dry_run
    }
}

/// What would be done.
#[derive(Debug, Deserialize)]
struct Would {
    would: String,
}

/// The sentence in the answer to a decision that was only tried.
pub(crate) fn would(body: &[u8]) -> anyhow::Result<String> {
    Ok(serde_json::from_slice::<Would>(body).context("not an answer")?.would)
}
