//! `ebsctl deny`: the deny list.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::client::Change;

/// What is wanted of the list.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DenyVerb {
    /// The sources that are not built for a while, the latest failure first; with a NAME those of this component.
    #[command(after_help = "Examples:
  ebsctl deny list
  ebsctl deny list bash")]
    List {
        /// A component.
        name: Option<String>,
    },
    /// All that is known of one component's entries, with the last lines of the failure.
    #[command(after_help = "Examples:
  ebsctl deny show bash")]
    Show {
        /// A component.
        name: String,
    },
    /// Takes sources off the list: they may be built again.
    #[command(after_help = "Examples:
  ebsctl deny remove --pattern ^bash$ --reason mended --dry-run
  ebsctl deny remove --all --reason mass-rebuild --dry-run")]
    Remove(Remove),
}

/// What goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Remove {
    /// One source, as `ebsctl deny show` names it.
    #[arg(long, required_unless_present_any = ["pattern", "all"], conflicts_with_all = ["pattern", "all"])]
    source: Option<String>,
    /// All whose component or source this regular expression hits.
    #[arg(long, conflicts_with = "all")]
    pattern: Option<String>,
    /// All of them, as after a mass rebuild or with another dist tag.
    #[arg(long)]
    all: bool,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
    /// Only says which these are.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Remove {
    /// The change that is asked for.
    pub(crate) fn change(&self) -> Change<'static> {
        let Self { source, pattern, all, reason, dry_run } = self;
        let mut body = serde_json::json!({ "reason": reason, "dry_run": dry_run });
        // Only what was said: an older coordinator refuses keys that it does not know.
        if let Some(source) = source {
            body["source"] = source.as_str().into();
        }
        if let Some(pattern) = pattern {
            body["pattern"] = pattern.as_str().into();
        }
        if *all {
            body["all"] = true.into();
        }
        Change { place: vec!["api", "v1", "denied", "remove"], body }
    }
}

/// An entry, as a coordinator tells it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Denial {
    pub(crate) component: String,
    pub(crate) source: String,
    pub(crate) class: String,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<i64>,
    pub(crate) task: Option<i64>,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u32,
    pub(crate) expires: i64,
}

/// Those that would be removed.
#[derive(Debug, Deserialize)]
struct Would {
    would_remove: Vec<Denial>,
}

/// The entries in the answer to a list.
pub(crate) fn listed(body: &[u8]) -> anyhow::Result<Vec<Denial>> {
    serde_json::from_slice(body).context("not a deny list")
}

/// The entries in the answer to a removal that was only tried.
pub(crate) fn would_remove(body: &[u8]) -> anyhow::Result<Vec<Denial>> {
    Ok(serde_json::from_slice::<Would>(body).context("not an answer")?.would_remove)
}
