//! `ebsctl trigger`: what a person asks to be built.

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use crate::client::Change;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct Trigger {
    /// Names, here or in Rawhide, NVRs, or URLs of sources. Only what is latest in the trigger tag can be built.
    #[arg(required_unless_present_any = ["failed_in", "update", "side_tag"])]
    names: Vec<String>,
    /// All that failed, took too long or was cancelled in this batch.
    #[arg(long, value_name = "BATCH")]
    failed_in: Option<i64>,
    /// The builds of a Bodhi update.
    #[arg(long, value_name = "ALIAS")]
    update: Option<String>,
    /// The builds of a side tag, or of the update that was made from it.
    #[arg(long, value_name = "TAG")]
    side_tag: Option<String>,
    /// Builds also what is on the deny list.
    #[arg(long)]
    force: bool,
    /// Builds also what is built already from the same commit.
    #[arg(long)]
    again: bool,
    /// Only says what would become of each name.
    #[arg(long)]
    dry_run: bool,
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
}

impl Trigger {
    /// The change that is asked for.
    pub(crate) fn change(&self) -> Change<'static> {
        let Self { names, failed_in, update, side_tag, force, again, dry_run, reason } = self;
        let mut body = serde_json::json!({
            "reason": reason, "names": names, "failed_in": failed_in, "update": update, "side_tag": side_tag,
            "force": force, "dry_run": dry_run,
        });
        // Only if it was said: an older coordinator refuses keys that it does not know.
        if *again {
            body["again"] = true.into();
        }
        Change { place: vec!["api", "v1", "triggers"], body }
    }
}

/// What became of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Triggered {
    pub(crate) request: Option<i64>,
    pub(crate) result: Option<String>,
    pub(crate) names: Vec<Verdict>,
}

/// What becomes of one name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Verdict {
    pub(crate) asked: String,
    pub(crate) component: Option<String>,
    pub(crate) nvr: Option<String>,
    pub(crate) will: bool,
    pub(crate) why: String,
}

/// The answer as a coordinator tells it.
pub(crate) fn told(body: &[u8]) -> anyhow::Result<Triggered> {
    serde_json::from_slice(body).context("not an answer")
}
