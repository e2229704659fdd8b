//! What must hold. Each is a named function; the first group holds at every moment, all of them once the world is well again
//! and all is at rest.

use std::{collections::BTreeSet, time::Duration};

use ebs_domain::{
    batch::{Attempted, Batch, Member},
    id::BatchId,
    trigger::Answer,
};
use fedora_sim::{script::Outcome, world::BuildEntry};

use crate::{
    bounds, obedience,
    observed::{Observed, none},
};

/// Most open effects: one for each of a batch's members and groups, and some of late groups.
const MOST_EFFECTS: usize = 60;

/// Most jobs that wait, and most results: one for each open effect and poll, some of them repeated while a leader was away.
const MOST_JOBS: u64 = 300;

/// The longest an effect takes where nothing goes wrong any more: what is in doubt is waited for, and a job's holder may have
/// vanished a moment before.
const LONGEST_EFFECT: Duration = Duration::from_secs(900);

/// An invariant.
pub type Invariant = fn(&Observed) -> Result<(), String>;

/// Those that hold at every moment.
pub const ALWAYS: &[(&str, Invariant)] = &[
    ("invariant_an_acknowledged_message_is_stored", invariant_an_acknowledged_message_is_stored),
    ("invariant_an_acknowledged_result_is_stored", invariant_an_acknowledged_result_is_stored),
    (
        "invariant_two_leaders_never_both_change_state",
        invariant_two_leaders_never_both_change_state,
    ),
    ("invariant_the_window_is_kept", invariant_the_window_is_kept),
    ("invariant_attempts_go_on_while_failures_fall", invariant_attempts_go_on_while_failures_fall),
    ("invariant_a_tag_with_an_update_stays", invariant_a_tag_with_an_update_stays),
    ("invariant_working_rows_and_jobs_are_few", invariant_working_rows_and_jobs_are_few),
    ("invariant_an_effect_ends_in_a_well_world", invariant_an_effect_ends_in_a_well_world),
    ("invariant_two_batches_never_overlap", invariant_two_batches_never_overlap),
    ("invariant_nothing_is_asked_for_twice", invariant_nothing_is_asked_for_twice),
    ("invariant_every_call_is_known", invariant_every_call_is_known),
    ("invariant_no_process_ends_by_itself", invariant_no_process_ends_by_itself),
    ("invariant_a_build_failure_is_what_koji_said", invariant_a_build_failure_is_what_koji_said),
    ("invariant_reconcile_keeps_its_bounds", bounds::invariant_reconcile_keeps_its_bounds),
    ("invariant_only_operators_take_out", obedience::invariant_only_operators_take_out),
    ("invariant_only_operators_drop_triggers", obedience::invariant_only_operators_drop_triggers),
    (
        "invariant_what_was_taken_out_is_not_published",
        obedience::invariant_what_was_taken_out_is_not_published,
    ),
    ("invariant_a_request_is_carried_out_once", obedience::invariant_a_request_is_carried_out_once),
    ("invariant_no_batch_begins_while_paused", obedience::invariant_no_batch_begins_while_paused),
];

/// Those that hold at rest, besides.
pub const AT_REST: &[(&str, Invariant)] = &[
    ("invariant_no_trigger_is_forgotten", invariant_no_trigger_is_forgotten),
    ("invariant_every_trigger_has_one_end", invariant_every_trigger_has_one_end),
    ("invariant_no_effect_is_open_for_ever", invariant_no_effect_is_open_for_ever),
    ("invariant_every_batch_ends", invariant_every_batch_ends),
    ("invariant_side_tags_are_removed_or_owned", invariant_side_tags_are_removed_or_owned),
    ("invariant_an_update_holds_its_batch_only", invariant_an_update_holds_its_batch_only),
    ("invariant_a_build_is_in_one_live_update", invariant_a_build_is_in_one_live_update),
    ("invariant_built_means_built", invariant_built_means_built),
    ("invariant_no_task_of_ours_is_left", invariant_no_task_of_ours_is_left),
    ("invariant_what_nobody_told_of_is_found", bounds::invariant_what_nobody_told_of_is_found),
    ("invariant_every_request_is_answered", obedience::invariant_every_request_is_answered),
    ("invariant_what_is_discarded_is_gone", obedience::invariant_what_is_discarded_is_gone),
    ("invariant_an_aborted_batch_has_ended", obedience::invariant_an_aborted_batch_has_ended),
];

/// What does not hold of these: name and how it is.
#[must_use]
pub fn broken(invariants: &[(&str, Invariant)], observed: &Observed) -> Vec<String> {
    invariants
        .iter()
        .filter_map(|(name, holds)| holds(observed).err().map(|how| format!("{name}: {how}")))
        .collect()
}

/// Whatever is acknowledged on the bus has a trigger at that moment.
///
/// # Errors
///
/// What had none.
pub fn invariant_an_acknowledged_message_is_stored(observed: &Observed) -> Result<(), String> {
    let early = &observed.acknowledged_too_early;
    none("acknowledged, not stored", early.iter().map(|build| format!("build {build}")).collect())
}

/// Whatever result is acknowledged is stored at that moment, or says nothing.
///
/// # Errors
///
/// The jobs of those that were waited for.
pub fn invariant_an_acknowledged_result_is_stored(observed: &Observed) -> Result<(), String> {
    none("forgotten, not stored", observed.forgotten_too_early.clone())
}

/// Nothing is written under an epoch that is not the newest.
///
/// # Errors
///
/// What was.
pub fn invariant_two_leaders_never_both_change_state(observed: &Observed) -> Result<(), String> {
    let late = observed.rows.late_writes.iter();
    none("written", late.map(|(by, newest)| format!("under {by}, after {newest}")).collect())
}

/// No more builds of ours are open in Koji than the window allows.
///
/// # Errors
///
/// The open ones.
pub fn invariant_the_window_is_kept(observed: &Observed) -> Result<(), String> {
    let is_open = |build: &&BuildEntry| matches!(build.state, "FREE" | "OPEN" | "ASSIGNED");
    // What one call has made twice is Koji's doing.
    let counts = |build: &&BuildEntry| build.outcome != Outcome::TwoTasks;
    let members = observed.rows.members.values();
    let detached: BTreeSet<i64> = members
        .filter_map(|row| serde_json::from_str::<Member>(&row.state).ok())
        .filter(|member| member.detached.is_some())
        .filter_map(|member| Some(member.open_task()?.get()))
        .collect();
    let counts = |build: &&BuildEntry| counts(build) && !detached.contains(&build.task);
    let open = observed.report.builds.iter().filter(is_open).filter(counts);
    let open: Vec<String> = open.map(|build| format!("task {}", build.task)).collect();
    if open.len() > observed.window { none("open", open) } else { Ok(()) }
}

/// A slice is built again only while fewer of its builds fail than before, and then exactly what failed.
///
/// # Errors
///
/// The attempts that are otherwise.
pub fn invariant_attempts_go_on_while_failures_fall(observed: &Observed) -> Result<(), String> {
    let mut odd = Vec::new();
    for batch in observed.batches() {
        let orders: BTreeSet<i64> = batch.attempts.iter().map(|attempt| attempt.order).collect();
        for order in orders {
            let of: Vec<_> = batch.attempts.iter().filter(|a| a.order == order).collect();
            let follows = |two: &[&Attempted]| two[1].builds == two[0].failed;
            let falls = |two: &[&Attempted]| two[1].failed < two[0].failed;
            let all_but_last = &of[..of.len() - 1];
            if !of.windows(2).all(follows) || !all_but_last.windows(2).all(falls) {
                let failed: Vec<usize> = of.iter().map(|attempt| attempt.failed).collect();
                odd.push(format!("batch {} order {order}: failed {failed:?}", batch.id));
            }
        }
    }
    none("attempts", odd)
}

/// The side tag of an update that is on its way is there.
///
/// # Errors
///
/// Updates whose tag is gone.
pub fn invariant_a_tag_with_an_update_stays(observed: &Observed) -> Result<(), String> {
    let tags = &observed.report.leftovers.side_tags;
    let on_its_way = observed.report.updates.iter().filter(|update| {
        matches!(update.status.name(), "pending" | "testing")
            && !observed.removed_by_others.contains(&update.from_tag)
    });
    let gone = on_its_way.filter(|update| !tags.contains(&update.from_tag));
    none("gone", gone.map(|update| format!("{} of {}", update.from_tag, update.alias)).collect())
}

/// Open effects, requests, jobs and results are bounded by what is under way, not by time.
///
/// # Errors
///
/// How many there are.
pub fn invariant_working_rows_and_jobs_are_few(observed: &Observed) -> Result<(), String> {
    let open = observed.rows.effects.values().filter(|effect| effect.closed.is_none()).count();
    let queue = &observed.queue;
    let jobs: u64 = queue.lanes.iter().map(|(jobs, _)| jobs).sum::<u64>() + queue.scheduled;
    if open <= MOST_EFFECTS && jobs <= MOST_JOBS && queue.results <= MOST_JOBS {
        return Ok(());
    }
    Err(format!("{open} open effects, {jobs} jobs, {} results", queue.results))
}

/// Once the world is well, what was open ends within its limits, and so does all that comes after.
///
/// # Errors
///
/// What does not.
pub fn invariant_an_effect_ends_in_a_well_world(observed: &Observed) -> Result<(), String> {
    let Some(well) = observed.well else { return Ok(()) };
    let old = observed.rows.effects.values().filter(|effect| {
        effect.closed.is_none() && observed.now.since(well.max(effect.created)) > LONGEST_EFFECT
    });
    none("open", old.map(|e| format!("{} run {} {:?}", e.id, e.run, e.last_error)).collect())
}

/// At most one batch is open.
///
/// # Errors
///
/// The open ones.
pub fn invariant_two_batches_never_overlap(observed: &Observed) -> Result<(), String> {
    let open: Vec<String> = observed
        .rows
        .batches
        .values()
        .filter(|batch| batch.ended.is_none() && !batch.lingers)
        .map(|batch| format!("batch {} {}", batch.id, batch.phase))
        .collect();
    let waits = |batch: &Batch| {
        let over = |member: &Member| member.has_ended() || member.detached.is_some();
        let members = observed.rows.members.values().filter(|row| row.batch == batch.id);
        members.filter_map(|row| serde_json::from_str(&row.state).ok()).any(|it: Member| !over(&it))
    };
    let lingering = observed.batches().filter(|batch| batch.lingers && waits(batch));
    none("more than detached builds", lingering.map(|batch| batch.id.to_string()).collect())?;
    if open.len() > 1 { none("open", open) } else { Ok(()) }
}

/// No source is submitted into a side tag while an earlier task for it is there, no update is made twice.
///
/// # Errors
///
/// What was.
pub fn invariant_nothing_is_asked_for_twice(observed: &Observed) -> Result<(), String> {
    // One call that makes two tasks is Koji's doing.
    let scripted = |text: &&String| {
        observed
            .report
            .builds
            .iter()
            .any(|build| build.outcome == Outcome::TwoTasks && text.contains(&build.source))
    };
    let ours = observed.report.duplicates.iter().filter(|text| !scripted(text));
    none("twice", ours.cloned().collect())
}

/// Only calls that the real services have are made.
///
/// # Errors
///
/// The others.
pub fn invariant_every_call_is_known(observed: &Observed) -> Result<(), String> {
    none("unknown", observed.report.unknown_calls.keys().cloned().collect())
}

/// Processes end when they are killed or told to.
///
/// # Errors
///
/// Those that did otherwise.
pub fn invariant_no_process_ends_by_itself(observed: &Observed) -> Result<(), String> {
    none("ended", observed.ended.clone())
}

/// What failed, timed out or was cancelled did so in Koji, or an operator has declared it failed.
///
/// # Errors
///
/// What did not.
pub fn invariant_a_build_failure_is_what_koji_said(observed: &Observed) -> Result<(), String> {
    let mut made_up = Vec::new();
    for (row, answer) in observed.answers() {
        let component = &row.trigger.component;
        let any = |batch, holds: &dyn Fn(&BuildEntry) -> bool| {
            let source = observed.member(batch, component).map(|member| member.source.to_string());
            let of_source = |entry: &&BuildEntry| Some(&entry.source) == source.as_ref();
            observed.report.builds.iter().filter(of_source).any(holds)
        };
        let said = match answer {
            Answer::Failed { batch, .. } => {
                any(batch, &|entry| entry.state == "FAILED")
                    || obedience::declared(observed, batch, component)
            }
            Answer::TimedOut { batch } => {
                any(batch, &|entry| matches!(entry.outcome, Outcome::NeverEnds | Outcome::Slow))
            }
            Answer::Cancelled { batch } => {
                any(batch, &|entry| entry.outcome == Outcome::CancelledBySomebody)
            }
            Answer::InBatch { .. }
            | Answer::Superseded { .. }
            | Answer::NotListed
            | Answer::Excluded { .. }
            | Answer::Denied { .. }
            | Answer::AlreadyBuilt { .. }
            | Answer::Withdrawn
            | Answer::NoSource
            | Answer::Built { .. }
            | Answer::ScratchBuilt { .. }
            | Answer::Dropped { .. } => true,
            // Nobody plays shadow here.
            Answer::Shadowed { .. } => false,
        };
        if !said {
            made_up.push(format!("{}: {answer:?}", row.trigger.nvr));
        }
    }
    none("not said by Koji", made_up)
}

/// Whatever entered the tag has a trigger, whether bus and archive told of it or Koji alone knows; and what was only told of.
///
/// # Errors
///
/// What has none.
pub fn invariant_no_trigger_is_forgotten(observed: &Observed) -> Result<(), String> {
    let forgotten = observed
        .announced
        .iter()
        .filter(|one| observed.answer(one.made.build_id).is_none())
        .map(|one| format!("{} ({:?})", one.made.nvr, one.announce));
    none("no trigger", forgotten.collect())
}

/// Every trigger has a final answer.
///
/// # Errors
///
/// Those without.
pub fn invariant_every_trigger_has_one_end(observed: &Observed) -> Result<(), String> {
    let open = observed
        .rows
        .triggers
        .values()
        .filter(|row| matches!(row.trigger.shown.as_deref(), None | Some("in_batch")));
    none("no end", open.map(|row| format!("{} {:?}", row.trigger.nvr, row.trigger.shown)).collect())
}

/// The ledger is closed.
///
/// # Errors
///
/// What is open.
pub fn invariant_no_effect_is_open_for_ever(observed: &Observed) -> Result<(), String> {
    let open = observed.rows.effects.values().filter(|effect| effect.closed.is_none());
    none("open", open.map(|e| format!("{} run {} {:?}", e.id, e.run, e.last_error)).collect())
}

/// No batch is open.
///
/// # Errors
///
/// What is.
pub fn invariant_every_batch_ends(observed: &Observed) -> Result<(), String> {
    let open = observed.rows.batches.values().filter(|batch| batch.ended.is_none());
    none("open", open.map(|batch| format!("batch {} {}", batch.id, batch.phase)).collect())
}

/// A side tag that is left belongs to an update, or to a group that waits for a person.
///
/// # Errors
///
/// Those that nobody owns.
pub fn invariant_side_tags_are_removed_or_owned(observed: &Observed) -> Result<(), String> {
    let owned = |tag: &String| {
        let of_update = observed.report.updates.iter().any(|update| update.from_tag == *tag);
        let quoted = format!("\"{tag}\"");
        let of_group =
            observed.rows.groups.values().any(|group| group.open && group.state.contains(&quoted));
        of_update || of_group
    };
    let left = observed.report.leftovers.side_tags.iter().filter(|tag| !owned(tag));
    none("nobody's", left.cloned().collect())
}

/// An update holds good builds of one batch.
///
/// # Errors
///
/// Updates with others.
pub fn invariant_an_update_holds_its_batch_only(observed: &Observed) -> Result<(), String> {
    let built = observed.built();
    let mixed = observed.report.updates.iter().filter(|update| {
        let mut common: Option<BTreeSet<BatchId>> = None;
        for nvr in &update.builds {
            let of = built.get(nvr).cloned().unwrap_or_default();
            common = Some(common.map_or(of.clone(), |common| &common & &of));
        }
        common.is_some_and(|common| common.is_empty())
    });
    none("mixed", mixed.map(|u| format!("{} {:?}", u.alias, u.builds)).collect())
}

/// No build is in two updates that live, no side tag carries two.
///
/// # Errors
///
/// Those that are.
pub fn invariant_a_build_is_in_one_live_update(observed: &Observed) -> Result<(), String> {
    let (mut builds, mut tags, mut twice) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for update in &observed.report.updates {
        if !tags.insert(&update.from_tag) {
            twice.push(format!("{} from {}", update.alias, update.from_tag));
        }
        if matches!(update.status.name(), "unpushed" | "obsolete") {
            continue;
        }
        twice.extend(update.builds.iter().filter(|nvr| !builds.insert(*nvr)).cloned());
    }
    none("twice", twice)
}

/// What is answered as built has a task that made or found that build.
///
/// # Errors
///
/// What has none.
pub fn invariant_built_means_built(observed: &Observed) -> Result<(), String> {
    let mut made_up = Vec::new();
    for (row, answer) in observed.answers() {
        let Answer::Built { batch, nvr } = answer else { continue };
        let source =
            observed.member(batch, &row.trigger.component).map(|member| member.source.to_string());
        let built = observed.report.builds.iter().any(|entry| {
            // What somebody else, or the twin of a task of an earlier batch, has built from the same commit is found, not made.
            let adopted = matches!(entry.outcome, Outcome::NvrTakenOurs | Outcome::TwoTasks);
            Some(&entry.source) == source.as_ref() && (entry.nvr.as_ref() == Some(&nvr) || adopted)
        });
        if !built {
            made_up.push(format!("{} as {nvr}", row.trigger.nvr));
        }
    }
    none("not built", made_up)
}

/// No build of ours is open. (A seed's tagging that Koji never begins is: its tag is gone, so it can do nothing.)
///
/// # Errors
///
/// Those that are.
pub fn invariant_no_task_of_ours_is_left(observed: &Observed) -> Result<(), String> {
    let builds = &observed.report.builds;
    let of_build = |task: &&i64| builds.iter().any(|build| build.task == **task);
    let open = observed.report.leftovers.open_tasks.iter().filter(of_build);
    none("open", open.map(|task| format!("task {task}")).collect())
}
