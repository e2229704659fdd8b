//! The schedule of polls. What is watched follows from the state; how often, from whether things change.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ebs_domain::{
    batch::{Haste, Watch},
    id::{BatchId, TaskId},
};
use ebs_shared::koji::api::MAX_BULK;
use tokio::time::Instant;

use super::ledger::job_id;

/// One watched thing.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) batch: BatchId,
    pub(super) watch: Watch,
    /// When it is looked at next.
    pub(super) next: Instant,
    /// The pause after the next look, if nothing changes.
    pub(super) pause: Duration,
    /// The number of the newest poll.
    pub(super) run: u32,
    /// Until when that poll may be answered; `None` if none is under way.
    pub(super) answer_by: Option<Instant>,
    /// Whether a poll of it was ever answered.
    pub(super) seen: bool,
}

impl Unit {
    /// The tagging tasks that the next look at a tag is to ask about: none at the first, since nearly all builds are in the
    /// tag by then; a tagging that has failed is noticed by the second.
    pub(super) fn tagging_tasks(&self) -> &[TaskId] {
        match &self.watch {
            Watch::Tag { tasks, .. } if self.seen => tasks,
            Watch::Tag { .. } | Watch::Tasks(_) | Watch::Repo(_) | Watch::Updates { .. } => &[],
        }
    }
}

/// Bounds of the pauses, and how long a poll may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) min: Duration,
    pub(super) max: Duration,
    pub(super) deadline: Duration,
}

/// All watched things, by id.
#[derive(Debug)]
pub(super) struct Polls {
    units: BTreeMap<String, Unit>,
    pace: Pace,
    /// Makes ids differ from those of earlier terms: their answers may still come, and the queue takes no job twice.
    term: String,
    /// The newest run number of all units, also of those gone.
    runs: u32,
}

impl Polls {
    pub(super) fn new(pace: Pace, term: String) -> Self {
        Self { units: BTreeMap::new(), pace, term, runs: 0 }
    }

    /// Replaces what is watched; what stays keeps its pace.
    pub(super) fn watch(&mut self, wanted: impl Iterator<Item = (BatchId, Watch)>, now: Instant) {
        let mut next = BTreeMap::new();
        for (batch, watch) in wanted {
            for (id, watch) in self.split(batch, watch) {
                let unit = match self.units.remove(&id) {
                    Some(unit) => self.keep(unit, watch, now),
                    None => self.fresh(batch, watch, now),
                };
                next.insert(id, unit);
            }
        }
        self.units = next;
    }

    /// One watch can be too much for one poll.
    fn split(&self, batch: BatchId, watch: Watch) -> Vec<(String, Watch)> {
        let term = &self.term;
        match watch {
            Watch::Tasks(tasks) => tasks
                .chunks(MAX_BULK)
                .enumerate()
                .map(|(part, tasks)| {
                    (format!("b{batch}.tasks.{part}@{term}"), Watch::Tasks(tasks.to_vec()))
                })
                .collect(),
            Watch::Tag { ref tag, .. } => vec![(format!("b{batch}.tag.{tag}@{term}"), watch)],
            Watch::Repo(request) => vec![(format!("b{batch}.repo.{request}@{term}"), watch)],
            Watch::Updates { .. } => vec![(format!("b{batch}.updates@{term}"), watch)],
        }
    }

    fn keep(&self, unit: Unit, watch: Watch, now: Instant) -> Unit {
        let hurried = haste(&watch) == Haste::Awaited && haste(&unit.watch) == Haste::Background;
        let next = if hurried { unit.next.min(now + self.pace.min) } else { unit.next };
        Unit { watch, next, pause: if hurried { self.pace.min } else { unit.pause }, ..unit }
    }

    fn fresh(&self, batch: BatchId, watch: Watch, now: Instant) -> Unit {
        let first = match haste(&watch) {
            Haste::Awaited => self.pace.min,
            Haste::Background => self.pace.max,
        };
        let (next, pause) = (now + first, self.pace.min);
        Unit { batch, watch, next, pause, run: 0, answer_by: None, seen: false }
    }

    /// Starts the polls that are due; gives their ids. One whose answer did not come in time is asked anew.
    pub(super) fn start_due(&mut self, now: Instant) -> Vec<String> {
        let mut due = Vec::new();
        for (id, unit) in &mut self.units {
            let lost = unit.answer_by.is_some_and(|by| by <= now);
            if lost || (unit.answer_by.is_none() && unit.next <= now) {
                self.runs += 1;
                unit.run = self.runs;
                unit.answer_by = Some(now + self.pace.deadline);
                due.push(id.clone());
            }
        }
        due
    }

    pub(super) fn get(&self, id: &str) -> Option<&Unit> {
        self.units.get(id)
    }

    /// Whether this is the answer to the poll that is under way.
    pub(super) fn is_current(&self, id: &str, run: u32) -> bool {
        self.units.get(id).is_some_and(|unit| unit.run == run && unit.answer_by.is_some())
    }

    /// Takes note of an answer: often while things change, rarely while they do not.
    pub(super) fn answered(&mut self, id: &str, changed: bool, now: Instant) {
        let Some(unit) = self.units.get_mut(id) else { return };
        unit.answer_by = None;
        unit.seen = true;
        let slowest = match haste(&unit.watch) {
            Haste::Awaited => self.pace.max,
            Haste::Background => self.pace.max * 4,
        };
        unit.pause = if changed { self.pace.min } else { (unit.pause * 3 / 2).min(slowest) };
        if haste(&unit.watch) == Haste::Background {
            unit.pause = unit.pause.max(self.pace.max);
        }
        unit.next = now + unit.pause;
    }

    /// The jobs that carry the polls under way.
    pub(super) fn jobs(&self) -> impl Iterator<Item = String> {
        let under_way = self.units.iter().filter(|(_, unit)| unit.answer_by.is_some());
        under_way.map(|(id, unit)| job_id(id, unit.run))
    }

    /// The queue has lost these jobs: polls among them are asked for anew at once. Gives how many.
    pub(super) fn lost(&mut self, jobs: &BTreeSet<String>, now: Instant) -> usize {
        let mut lost = 0;
        for (id, unit) in &mut self.units {
            if unit.answer_by.is_some() && jobs.contains(&job_id(id, unit.run)) {
                unit.answer_by = None;
                unit.next = now;
                lost += 1;
            }
        }
        lost
    }

    /// Lets everything that somebody waits for be looked at soon. What is only watched in the background is not hurried: a
    /// batch causes messages by the thousand, each of which would have its tag read as a whole.
    pub(super) fn nudge(&mut self, now: Instant) {
        let awaited = |unit: &&mut Unit| haste(&unit.watch) == Haste::Awaited;
        for unit in self.units.values_mut().filter(awaited) {
            unit.next = unit.next.min(now + self.pace.min);
        }
    }

    /// When something is to be started next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.units.values().map(|unit| unit.answer_by.unwrap_or(unit.next)).min()
    }
}

fn haste(watch: &Watch) -> Haste {
    match watch {
        Watch::Tag { haste, .. } => *haste,
        Watch::Tasks(_) | Watch::Repo(_) | Watch::Updates { .. } => Haste::Awaited,
    }
}

#[cfg(test)]
mod tests;
