//! What came of a campaign, and what must hold: nothing lost, nothing twice, nothing left over.

use std::collections::BTreeMap;

use ebs_stage::fedora::Report;
use serde::Serialize;

use crate::{
    act::Deeds,
    fault::{Fault, Form},
};

/// Version of the printed object.
const VERSION: u32 = 2;

/// The figures of a campaign.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    version: u32,
    /// What all chance was drawn from.
    pub seed: u64,
    /// How long it took, starts and rests included.
    pub seconds: f64,
    /// How often each fault was done.
    pub faults: BTreeMap<Fault, u32>,
    /// The sums over all forms.
    #[serde(flatten)]
    pub sums: Sums,
    /// The same by the form of the service.
    pub forms: BTreeMap<Form, Sums>,
    /// Side tags that are not Bodhi's, open tasks, open requests for repos.
    pub left_over: Vec<String>,
    /// Programs that ended without having been told to.
    pub ended_by_themselves: Vec<String>,
    /// Faults that could not be done here, and why.
    pub left_out: Vec<String>,
    /// What does not hold, one line each.
    pub mismatches: Vec<String>,
    /// What happened when, for people.
    #[serde(skip)]
    pub plan: Vec<String>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Batches that ended.
    pub batches: u64,
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
    /// What is there and nobody's.
    pub leftovers: u64,
}

impl Figures {
    /// The figures, from what was done and seen in each act.
    #[must_use]
    pub fn new(seed: u64, seconds: f64, acts: Vec<Deeds>, left_out: Vec<String>) -> Self {
        let mut figures = Self {
            version: VERSION,
            seed,
            seconds: (seconds * 10.0).round() / 10.0,
            faults: BTreeMap::new(),
            sums: Sums::default(),
            forms: BTreeMap::new(),
            left_over: Vec::new(),
            ended_by_themselves: Vec::new(),
            left_out,
            mismatches: Vec::new(),
            plan: Vec::new(),
        };
        for deeds in acts {
            figures.add(deeds);
        }
        figures
    }

    fn add(&mut self, deeds: Deeds) {
        let left_over = left_over(&deeds.report);
        let sums = Sums::of(&deeds, &left_over);
        let found = compare(&deeds, &sums, &left_over);
        let name = if deeds.form == Form::Distributed { "distributed" } else { "standalone" };
        self.mismatches.extend(found.into_iter().map(|line| format!("{name}: {line}")));
        self.sums = self.sums.plus(sums);
        self.forms.insert(deeds.form, sums);
        self.left_over.extend(left_over);
        self.ended_by_themselves.extend(deeds.ended_by_themselves);
        self.plan.push(name.to_owned());
        self.plan.extend(deeds.plan);
        for (fault, times) in deeds.faults {
            *self.faults.entry(fault).or_default() += times;
        }
    }
}

impl Sums {
    fn of(deeds: &Deeds, left_over: &[String]) -> Self {
        let Deeds { status, report, tagged, .. } = deeds;
        let triggers = status.triggers();
        Self {
            batches: status.recent.first().map_or(0, |batch| u64::try_from(batch.id).unwrap_or(0)),
            tagged: *tagged,
            triggers,
            lost_triggers: tagged.saturating_sub(triggers),
            triggers_pending: status.pending_total,
            submissions: report.calls.get("build").copied().unwrap_or(0),
            duplicates: count(report.duplicates.len()),
            effects_open: status.effects_open,
            leftovers: count(left_over.len()),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            batches: self.batches + other.batches,
            tagged: self.tagged + other.tagged,
            triggers: self.triggers + other.triggers,
            lost_triggers: self.lost_triggers + other.lost_triggers,
            triggers_pending: self.triggers_pending + other.triggers_pending,
            submissions: self.submissions + other.submissions,
            duplicates: self.duplicates + other.duplicates,
            effects_open: self.effects_open + other.effects_open,
            leftovers: self.leftovers + other.leftovers,
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What does not hold in an act.
fn compare(deeds: &Deeds, sums: &Sums, left_over: &[String]) -> Vec<String> {
    let Deeds { status, report, .. } = deeds;
    let mut found = Vec::new();
    let mut must = |holds: bool, text: String| {
        if !holds {
            found.push(text);
        }
    };
    let unfounded: Vec<_> =
        deeds.ends.iter().filter(|(member, end)| !founded(deeds, member, end)).collect();
    must(sums.batches > 0, "no batch has ended".to_owned());
    must(sums.lost_triggers == 0, format!("{} triggers are lost", sums.lost_triggers));
    let once = sums.triggers <= sums.tagged;
    must(once, format!("{} triggers of {} builds", sums.triggers, sums.tagged));
    must(sums.triggers_pending == 0, format!("{} triggers wait", sums.triggers_pending));
    must(sums.duplicates == 0, format!("asked for twice: {:?}", report.duplicates));
    must(sums.effects_open == 0, format!("{} effects are open", sums.effects_open));
    must(left_over.is_empty(), format!("left over: {left_over:?}"));
    must(report.unknown_calls.is_empty(), format!("unknown: {:?}", report.unknown_calls));
    must(status.current.is_none(), "a batch has not ended".to_owned());
    must(unfounded.is_empty(), format!("not built, though Koji never said so: {unfounded:?}"));
    must(
        deeds.ended_by_themselves.is_empty(),
        format!("ended by themselves: {}", deeds.ended_by_themselves.join("; ")),
    );
    found
}

/// Whether a component may have ended so: only what Koji says fails.
fn founded(deeds: &Deeds, (_, component): &(i64, String), end: &str) -> bool {
    !matches!(end, "failed" | "timed_out" | "cancelled" | "dropped")
        || deeds.may_fail.contains(component)
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
