//! What came of a campaign, and what must hold: nothing lost, nothing twice, nothing left over.

use std::collections::BTreeMap;

use ebs_stage::{fedora::Report, status::Status};
use serde::Serialize;

use crate::fault::Fault;

/// Version of the printed object.
const VERSION: u32 = 1;

/// The figures of a campaign.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    version: u32,
    /// What all chance was drawn from.
    pub seed: u64,
    /// How long it took, rest included.
    pub seconds: f64,
    /// How often each fault was done.
    pub faults: BTreeMap<Fault, u32>,
    /// Batches that ended.
    pub batches: i64,
    /// Builds that were tagged and told.
    pub tagged: u64,
    /// Triggers that the store has.
    pub triggers: u64,
    /// Builds that were tagged and have no trigger.
    pub lost_triggers: u64,
    /// Triggers without an answer.
    pub triggers_pending: u64,
    /// Builds that the hub was asked for.
    pub submissions: u64,
    /// What was asked for twice.
    pub duplicates: u64,
    /// Effects whose outcome is not known.
    pub effects_open: u64,
    /// Side tags that are not Bodhi's, open tasks, open requests for repos.
    pub left_over: Vec<String>,
    /// Programs that ended without having been told to.
    pub ended_by_themselves: Vec<String>,
    /// What does not hold, one line each.
    pub mismatches: Vec<String>,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Deeds {
    /// What all chance was drawn from.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// How often each fault was done.
    pub faults: BTreeMap<Fault, u32>,
    /// Builds that were tagged and told.
    pub tagged: u64,
    /// Programs that ended without having been told to.
    pub ended_by_themselves: Vec<String>,
}

impl Figures {
    /// The figures, from what was done, what the coordinator says of its store, and what Fedora saw.
    #[must_use]
    pub fn new(deeds: Deeds, status: &Status, report: &Report) -> Self {
        let triggers = status.triggers_by_answer.values().sum();
        let mut figures = Self {
            version: VERSION,
            seed: deeds.seed,
            seconds: (deeds.seconds * 10.0).round() / 10.0,
            faults: deeds.faults,
            batches: status.recent.first().map_or(0, |batch| batch.id),
            tagged: deeds.tagged,
            triggers,
            lost_triggers: deeds.tagged.saturating_sub(triggers),
            triggers_pending: status.pending_total,
            submissions: report.calls.get("build").copied().unwrap_or(0),
            duplicates: u64::try_from(report.duplicates.len()).unwrap_or(u64::MAX),
            effects_open: status.effects_open,
            left_over: left_over(report),
            ended_by_themselves: deeds.ended_by_themselves,
            mismatches: Vec::new(),
        };
        figures.mismatches = figures.compare(status, report);
        figures
    }

    fn compare(&self, status: &Status, report: &Report) -> Vec<String> {
        let mut found = Vec::new();
        let mut must = |holds: bool, text: String| {
            if !holds {
                found.push(text);
            }
        };
        must(self.batches > 0, "no batch has ended".to_owned());
        must(self.lost_triggers == 0, format!("{} triggers are lost", self.lost_triggers));
        must(
            self.triggers <= self.tagged,
            format!("{} triggers of {} builds", self.triggers, self.tagged),
        );
        must(self.triggers_pending == 0, format!("{} triggers wait", self.triggers_pending));
        must(self.duplicates == 0, format!("asked for twice: {:?}", report.duplicates));
        must(self.effects_open == 0, format!("{} effects are open", self.effects_open));
        must(self.left_over.is_empty(), format!("left over: {:?}", self.left_over));
        must(report.unknown_calls.is_empty(), format!("unknown: {:?}", report.unknown_calls));
        must(status.current.is_none(), "a batch has not ended".to_owned());
        must(
            self.ended_by_themselves.is_empty(),
            format!("{} programs ended by themselves", self.ended_by_themselves.len()),
        );
        found
    }
}

/// What is there and nobody's.
fn left_over(report: &Report) -> Vec<String> {
    let bodhis = |tag: &&String| report.updates.iter().any(|update| update.from_tag == **tag);
    let left = &report.leftovers;
    let tags =
        left.side_tags.iter().filter(|tag| !bodhis(tag)).map(|tag| format!("side tag {tag}"));
    let tasks = left.open_tasks.iter().map(|task| format!("task {task}"));
    let repos = left.open_repo_requests.iter().map(|request| format!("repo request {request}"));
    tags.chain(tasks).chain(repos).collect()
}

#[cfg(test)]
mod tests;
