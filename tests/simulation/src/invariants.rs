//! What must hold. Each is a named function; the first group holds at every moment, all of them once the world is well again
//! and all is at rest.

use std::collections::BTreeSet;

use ebs_domain::{id::BatchId, trigger::Answer};
use fedora_sim::{script::Outcome, world::BuildEntry};

use crate::observed::Observed;

/// An invariant.
pub type Invariant = fn(&Observed) -> Result<(), String>;

/// Those that hold at every moment.
pub const ALWAYS: &[(&str, Invariant)] = &[
    ("invariant_an_acknowledged_message_is_stored", invariant_an_acknowledged_message_is_stored),
    ("invariant_two_batches_never_overlap", invariant_two_batches_never_overlap),
    ("invariant_nothing_is_asked_for_twice", invariant_nothing_is_asked_for_twice),
    ("invariant_every_call_is_known", invariant_every_call_is_known),
    ("invariant_no_process_ends_by_itself", invariant_no_process_ends_by_itself),
    ("invariant_a_build_failure_is_what_koji_said", invariant_a_build_failure_is_what_koji_said),
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
];

/// What does not hold of these: name and how it is.
#[must_use]
pub fn broken(invariants: &[(&str, Invariant)], observed: &Observed) -> Vec<String> {
    invariants
        .iter()
        .filter_map(|(name, holds)| holds(observed).err().map(|how| format!("{name}: {how}")))
        .collect()
}

fn none(what: &str, found: Vec<String>) -> Result<(), String> {
    if found.is_empty() { Ok(()) } else { Err(format!("{what}: {}", found.join("; "))) }
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
        .filter(|batch| batch.ended.is_none())
        .map(|batch| format!("batch {} {}", batch.id, batch.phase))
        .collect();
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

/// What failed, timed out or was cancelled did so in Koji.
///
/// # Errors
///
/// What did not.
pub fn invariant_a_build_failure_is_what_koji_said(observed: &Observed) -> Result<(), String> {
    let mut made_up = Vec::new();
    for one in &observed.announced {
        let build = one.made.build_id;
        let any = |batch, holds: &dyn Fn(&BuildEntry) -> bool| {
            let source = observed.member(build, batch).map(|member| member.source.to_string());
            let of_source = |entry: &&BuildEntry| Some(&entry.source) == source.as_ref();
            observed.report.builds.iter().filter(of_source).any(holds)
        };
        let said = match observed.answer(build).flatten() {
            Some(Answer::Failed { batch, .. }) => any(batch, &|entry| entry.state == "FAILED"),
            Some(Answer::TimedOut { batch }) => {
                any(batch, &|entry| matches!(entry.outcome, Outcome::NeverEnds | Outcome::Slow))
            }
            Some(Answer::Cancelled { batch }) => {
                any(batch, &|entry| entry.outcome == Outcome::CancelledBySomebody)
            }
            Some(
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
                | Answer::Dropped { .. },
            )
            | None => true,
        };
        if !said {
            made_up.push(format!("{}: {:?}", one.made.nvr, observed.answer(one.made.build_id)));
        }
    }
    none("not said by Koji", made_up)
}

/// Whatever the bus or its archive told of has a trigger.
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
    for one in &observed.announced {
        let build = one.made.build_id;
        let Some(Some(Answer::Built { batch, nvr })) = observed.answer(build) else { continue };
        let source = observed.member(build, batch).map(|member| member.source.to_string());
        let built = observed.report.builds.iter().any(|entry| {
            // What somebody else has built from the same commit is found, not made.
            let adopted = entry.outcome == Outcome::NvrTakenOurs;
            Some(&entry.source) == source.as_ref() && (entry.nvr.as_ref() == Some(&nvr) || adopted)
        });
        if !built {
            made_up.push(format!("{} as {nvr}", one.made.nvr));
        }
    }
    none("not built", made_up)
}

/// No task without a parent is open.
///
/// # Errors
///
/// Those that are.
pub fn invariant_no_task_of_ours_is_left(observed: &Observed) -> Result<(), String> {
    let open = &observed.report.leftovers.open_tasks;
    none("open", open.iter().map(|task| format!("task {task}")).collect())
}
