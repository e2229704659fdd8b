//! What was asked of the simulator, and what is left over.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    bodhi::UpdateEntry,
    world::{BuildEntry, State},
};

/// The report of a run, up to now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// HTTP requests by `service method`, polls left out.
    pub requests: BTreeMap<String, u64>,
    /// Their sum for the hub.
    pub koji_requests: u64,
    /// Calls of the hub by method, those inside a `multiCall` one by one.
    pub calls: BTreeMap<String, u64>,
    /// HTTP requests that only poll (`getTaskInfo`, `listTagged`, `repo.checkRequest`, or a `multiCall` of nothing else; GET of
    /// an update), by `service method`.
    pub polls: BTreeMap<String, u64>,
    /// Their sum for the hub.
    pub koji_polls: u64,
    /// The fewest polls of the hub that an ideal poller would have needed.
    pub poll_lower_bound: u64,
    /// What was asked for twice.
    pub duplicates: Vec<String>,
    /// Calls that the simulator does not know, by name: none may be left.
    pub unknown_calls: BTreeMap<String, u64>,
    /// Requests whose reply was lost on purpose, by what became of them.
    pub lost_replies: BTreeMap<&'static str, u64>,
    /// Every build that was asked for.
    pub builds: Vec<BuildEntry>,
    /// Every update that was made.
    pub updates: Vec<UpdateEntry>,
    /// What is still there.
    pub leftovers: Leftovers,
    /// Messages sent, by topic.
    pub messages: BTreeMap<String, u64>,
}

/// What is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Side tags, by name.
    pub side_tags: Vec<String>,
    /// Tasks without a parent that have not ended.
    pub open_tasks: Vec<i64>,
    /// Requests for repos that are still worked on.
    pub open_repo_requests: Vec<i64>,
}

impl Report {
    /// The report on a world as it is now.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let record = &state.record;
        let of_koji = |counts: &BTreeMap<String, u64>| {
            counts
                .iter()
                .filter(|(name, _)| name.starts_with("koji "))
                .map(|(_, count)| count)
                .sum()
        };
        let mut messages = BTreeMap::new();
        for message in state.messages() {
            *messages.entry(message.topic.clone()).or_default() += 1;
        }
        let open_tasks =
            state.tasks().filter(|task| task.parent.is_none() && !task.state.is_final());
        Self {
            requests: record.requests.clone(),
            koji_requests: of_koji(&record.requests),
            calls: record.calls.clone(),
            polls: record.polls.clone(),
            koji_polls: of_koji(&record.polls),
            poll_lower_bound: state.poll_lower_bound(),
            duplicates: record.duplicates.clone(),
            unknown_calls: record.unknown.clone(),
            lost_replies: record.lost.clone(),
            builds: state.build_entries(),
            updates: state.update_entries(),
            leftovers: Leftovers {
                side_tags: state.side_tags(None, None).map(|tag| tag.name.clone()).collect(),
                open_tasks: open_tasks.map(|task| task.id).collect(),
                open_repo_requests: state.open_repo_requests(),
            },
            messages,
        }
    }
}
