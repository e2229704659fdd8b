//! The one JSON object that a run ends with. Its keys are documented in `docs/once.schema.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{config::TIMERS, fedora::Report, status::Status};

/// Version of this shape.
const VERSION: u32 = 1;

/// What a run was.
#[derive(Clone, Debug)]
pub struct Run {
    /// `demo` or `stack`.
    pub mode: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Whether there is one process only.
    pub standalone: bool,
    /// How long it took, from the first tagging to the end of the last batch.
    pub seconds: f64,
    /// Most memory of the coordinator.
    pub coordinator_rss_mb: Option<f64>,
    /// Most memory of the largest worker.
    pub worker_rss_mb: Option<f64>,
}

/// The figures of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    version: u32,
    mode: &'static str,
    scenario: String,
    seed: u64,
    timers: BTreeMap<&'static str, u64>,
    batches: usize,
    triggers: u64,
    triggers_pending: u64,
    triggers_by_answer: BTreeMap<String, u64>,
    late_found: u64,
    components: u64,
    slices: u64,
    attempts: u64,
    builds_succeeded: u64,
    builds_failed: BTreeMap<String, u64>,
    builds_timed_out: u64,
    builds_cancelled: u64,
    builds_adopted: u64,
    builds_dropped: u64,
    updates: u64,
    updates_by_end: BTreeMap<String, u64>,
    groups_held: u64,
    stable: u64,
    duplicate_submissions: usize,
    side_tags_left: u64,
    left_over: Vec<String>,
    effects_open: u64,
    stale_results: u64,
    koji_requests: BTreeMap<String, u64>,
    koji_calls: BTreeMap<String, u64>,
    koji_polls: u64,
    seconds: f64,
    coordinator_rss_mb: Option<f64>,
    worker_rss_mb: Option<f64>,
    jobs_by_worker: BTreeMap<String, u64>,
    /// What is not as the scenario says, one line each.
    pub mismatches: Vec<String>,
}

impl Figures {
    /// The figures of a run, from what the coordinator and the simulator tell.
    #[must_use]
    pub fn new(run: Run, status: Status, report: Report) -> Self {
        let sum = status.sum();
        let jobs = status.jobs_by_worker.values().sum();
        // A held group keeps its errata tag, one each.
        let held = sum.groups_held;
        let bodhis = |tag: &&String| report.updates.iter().any(|update| update.from_tag == **tag);
        let ours = report.leftovers.side_tags.iter().filter(|tag| !bodhis(tag)).count();
        let tags = u64::try_from(ours).unwrap_or(u64::MAX);
        Self {
            version: VERSION,
            mode: run.mode,
            scenario: run.scenario,
            seed: run.seed,
            timers: TIMERS.iter().map(|(key, millis)| (*key, *millis)).collect(),
            batches: status.recent.len(),
            triggers: status.triggers_by_answer.values().sum(),
            triggers_pending: status.pending_total,
            triggers_by_answer: status.triggers_by_answer.clone(),
            late_found: status.late_found,
            components: sum.components,
            slices: sum.slices,
            attempts: sum.attempts,
            builds_succeeded: sum.builds_succeeded,
            builds_failed: sum.builds_failed,
            builds_timed_out: sum.builds_timed_out,
            builds_cancelled: sum.builds_cancelled,
            builds_adopted: sum.builds_adopted,
            builds_dropped: sum.builds_dropped,
            updates: sum.updates,
            updates_by_end: sum.updates_by_end,
            groups_held: held,
            stable: sum.stable,
            duplicate_submissions: report.duplicates.len(),
            side_tags_left: tags.saturating_sub(held),
            left_over: left_over(&report),
            effects_open: status.effects_open,
            stale_results: status.stale_results,
            koji_requests: of_koji(&report.requests),
            koji_calls: report.calls,
            koji_polls: report.koji_polls,
            seconds: (run.seconds * 1000.0).round() / 1000.0,
            coordinator_rss_mb: run.coordinator_rss_mb,
            worker_rss_mb: run.worker_rss_mb,
            jobs_by_worker: if run.standalone {
                BTreeMap::from([("local".to_owned(), jobs)])
            } else {
                status.jobs_by_worker
            },
            mismatches: Vec::new(),
        }
    }
}

/// The simulator names requests `koji METHOD`; those to other services are left out.
fn of_koji(requests: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let koji = requests
        .iter()
        .filter_map(|(name, count)| Some((name.strip_prefix("koji ")?.to_owned(), *count)));
    koji.collect()
}

/// What is there and should not be, beside side tags.
fn left_over(report: &Report) -> Vec<String> {
    let Report { leftovers, unknown_calls, .. } = report;
    let mut left: Vec<String> =
        leftovers.open_tasks.iter().map(|task| format!("open task {task}")).collect();
    left.extend(
        leftovers.open_repo_requests.iter().map(|request| format!("open repo request {request}")),
    );
    left.extend(unknown_calls.keys().map(|call| format!("unknown call {call}")));
    left
}

#[cfg(test)]
mod tests;
