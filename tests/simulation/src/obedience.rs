//! What must hold because people have a say: what is taken out, declared, given up or held back is what somebody asked for, all of
//! that, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use ebs_coordinator::{
    pause::{OperatorPause, PAUSE},
    wish::Wish,
};
use ebs_domain::{
    batch::{Batch, Build, Decision, End, Group, GroupState, LeftOut, Member, Operation},
    id::{BatchId, Component},
    trigger::{Answer, Cause},
};

use crate::{
    memory::Rows,
    observed::{Observed, none},
    player::Order,
};

/// How far the clocks of two processes can be apart.
const CLOCKS_APART: Duration = Duration::from_secs(150);

/// All groups that can be read.
fn groups(rows: &Rows) -> impl Iterator<Item = (BatchId, u32, Group)> {
    rows.groups
        .values()
        .filter_map(|row| Some((row.batch, row.number, serde_json::from_str(&row.state).ok()?)))
}

/// All members that can be read.
fn members(rows: &Rows) -> impl Iterator<Item = (BatchId, &Component, Member)> {
    rows.members
        .values()
        .filter_map(|row| Some((row.batch, &row.component, serde_json::from_str(&row.state).ok()?)))
}

impl Observed {
    /// Whether an operator took this component out of this batch, or declared its build failed.
    fn took_out(&self, batch: BatchId, component: &Component) -> bool {
        self.operated(batch, |operation| match operation {
            Operation::Drop { component: of } | Operation::Fail { component: of } => {
                of == component
            }
            Operation::Abort { .. } | Operation::Detach { .. } => false,
        })
    }

    /// Whether an operator ended this batch.
    fn aborted(&self, batch: BatchId) -> bool {
        self.operated(batch, |operation| matches!(operation, Operation::Abort { .. }))
    }

    /// What an operator decided on groups of this batch, and was carried out.
    fn decided(&self, batch: BatchId) -> impl Iterator<Item = (u32, Decision, &Order)> {
        self.carried_out().filter_map(move |order| {
            let (of, group, decision) = if let Wish::RetryGroup { batch, group, .. } = &order.wish {
                (*batch, *group, Decision::Retry)
            } else if let Wish::DiscardGroup { batch, group, .. } = &order.wish {
                (*batch, *group, Decision::Discard)
            } else {
                return None;
            };
            (of == batch).then_some((group, decision, order))
        })
    }

    /// Whether an operator has given this group up.
    fn gave_up(&self, batch: BatchId, group: u32) -> bool {
        self.decided(batch).any(|(of, decision, _)| of == group && decision == Decision::Discard)
    }
}

/// Whether an operator declared the build of this component failed in this batch.
#[must_use]
pub fn declared(observed: &Observed, batch: BatchId, component: &Component) -> bool {
    let fails = |operation: &Operation| matches!(operation, Operation::Fail { component: of } if of == component);
    let member = observed.member(batch, component);
    observed.operated(batch, fails) && member.is_some_and(|member| member.declared.is_some())
}

/// No component is taken out, declared failed or detached, no batch ended and no group given up, but by an operator.
///
/// # Errors
///
/// What was.
pub fn invariant_only_operators_take_out(observed: &Observed) -> Result<(), String> {
    let mut odd = Vec::new();
    for (batch, component, member) in members(&observed.rows) {
        let took_out = observed.took_out(batch, component);
        if (member.dropped || member.declared.is_some()) && !took_out {
            odd.push(format!("{component} of batch {batch} is taken out"));
        }
        let detaches = |operation: &Operation| matches!(operation, Operation::Detach { component: of } if of == component);
        if member.detached.is_some() && !observed.operated(batch, detaches) {
            odd.push(format!("{component} of batch {batch} is detached"));
        }
        let dropped = matches!(member.build, Build::Ended { end: End::Dropped, .. });
        if dropped && !took_out && !observed.aborted(batch) {
            odd.push(format!("{component} of batch {batch} is dropped"));
        }
    }
    for (batch, number, group) in groups(&observed.rows) {
        let discarded = matches!(group.state, GroupState::Discarded { .. });
        if discarded && !observed.gave_up(batch, number) {
            odd.push(format!("group {number} of batch {batch} is given up"));
        }
    }
    for batch in observed.batches() {
        let aborts = matches!(batch.phase.word(), "aborting" | "aborted");
        if (aborts || batch.stopped.is_some()) && !observed.aborted(batch.id) {
            odd.push(format!("batch {} is ended", batch.id));
        }
        odd.extend(left_out_by_nobody(observed, &batch));
    }
    none("by nobody's word", odd)
}

fn left_out_by_nobody(observed: &Observed, batch: &Batch) -> Vec<String> {
    let wrongly = batch.left_out.iter().filter(|(component, why)| match why {
        LeftOut::Aborted => !observed.aborted(batch.id),
        LeftOut::Discarded => !discarded(observed, batch.id, component),
        LeftOut::AlreadyStable
        | LeftOut::InUpdate { .. }
        | LeftOut::NvrTooLong
        | LeftOut::NvrUnreadable
        | LeftOut::NotPromotable { .. }
        | LeftOut::NotTaggable { .. }
        | LeftOut::Refused { .. } => false,
    });
    wrongly.map(|(component, why)| format!("{component} of {}: {}", batch.id, why.word())).collect()
}

/// Whether an operator gave up a group that holds this component.
fn discarded(observed: &Observed, batch: BatchId, component: &Component) -> bool {
    groups(&observed.rows).any(|(of, number, group)| {
        of == batch
            && observed.gave_up(batch, number)
            && group.packed.iter().any(|packed| packed.component == *component)
    })
}

/// No trigger is answered as dropped unless an operator took its component out, gave its group up, or ended its batch without
/// giving its triggers back.
///
/// # Errors
///
/// Those that are.
pub fn invariant_only_operators_drop_triggers(observed: &Observed) -> Result<(), String> {
    let odd = observed.answers().filter(|(row, answer)| {
        let Answer::Dropped { batch } = answer else { return false };
        let component = &row.trigger.component;
        let ends = |operation: &Operation| matches!(operation, Operation::Abort { requeue: false });
        !observed.operated(*batch, ends)
            && !observed.took_out(*batch, component)
            && !discarded(observed, *batch, component)
    });
    none("dropped by nobody", odd.map(|(row, _)| row.trigger.nvr.clone()).collect())
}

/// Nothing that was taken out of a batch or declared failed is in an update of this batch.
///
/// # Errors
///
/// What is.
pub fn invariant_what_was_taken_out_is_not_published(observed: &Observed) -> Result<(), String> {
    let mut published = Vec::new();
    let groups: Vec<(BatchId, u32, Group)> = groups(&observed.rows).collect();
    for update in &observed.report.updates {
        let from = |group: &Group| {
            group.alias() == Some(update.alias.as_str())
                || group.tag().is_some_and(|tag| tag.as_str() == update.from_tag)
        };
        let Some((batch, ..)) = groups.iter().find(|(.., group)| from(group)) else { continue };
        for nvr in &update.builds {
            let name = nvr.rsplitn(3, '-').last().unwrap_or_default();
            let taken_out = name.parse().is_ok_and(|name| observed.took_out(*batch, &name));
            if taken_out {
                published.push(format!("{nvr} in {}", update.alias));
            }
        }
    }
    none("published", published)
}

/// A request has one answer, and what it asks for happens once if it is carried out, else not at all.
///
/// # Errors
///
/// Those with which it is otherwise.
pub fn invariant_a_request_is_carried_out_once(observed: &Observed) -> Result<(), String> {
    let rows = &observed.rows;
    let mut odd: Vec<String> =
        rows.answered_twice.iter().map(|id| format!("request {id} is answered twice")).collect();
    let causes = rows.triggers.values().map(|row| serde_json::from_str(&row.trigger.cause));
    let reasons: Vec<String> = causes
        .filter_map(|cause| match cause {
            Ok(Cause::Person { why, .. }) => Some(why),
            Ok(
                Cause::Message
                | Cause::CatchUp
                | Cause::KojiRecord
                | Cause::Reconcile { .. }
                | Cause::Import { .. },
            )
            | Err(_) => None,
        })
        .collect();
    let pause = OperatorPause::read(rows.marks.get(PAUSE).map(String::as_str)).ok().flatten();
    for order in &observed.orders {
        let done = observed.result(order.id) == Some("done");
        let asked = if let Wish::Trigger { builds, .. } = &order.wish { builds.len() } else { 0 };
        let made = reasons.iter().filter(|why| **why == order.why).count();
        if made != if done { asked } else { 0 } {
            odd.push(format!("request {} ({}) made {made} triggers", order.id, order.word));
        }
        if !done && pause.as_ref().is_some_and(|pause| pause.why.ends_with(&order.why)) {
            odd.push(format!("request {} ({}) pauses", order.id, order.word));
        }
    }
    none("not once", odd)
}

/// While a person's pause holds, no batch begins.
///
/// # Errors
///
/// Those that do.
pub fn invariant_no_batch_begins_while_paused(observed: &Observed) -> Result<(), String> {
    let text = observed.rows.marks.get(PAUSE).map(String::as_str);
    let Some(pause) = OperatorPause::read(text).map_err(|error| format!("{error:#}"))? else {
        return Ok(());
    };
    let late = observed.rows.batches.values().filter(|row| {
        row.created > pause.since + CLOCKS_APART
            && pause.until.is_none_or(|until| row.created + CLOCKS_APART < until)
    });
    none("begun", late.map(|row| format!("batch {}", row.id)).collect())
}

/// Whatever an operator asked for has an answer, and no pause is left.
///
/// # Errors
///
/// What has none.
pub fn invariant_every_request_is_answered(observed: &Observed) -> Result<(), String> {
    let open = observed.orders.iter().filter(|order| observed.result(order.id).is_none());
    let waiting: BTreeSet<_> =
        open.map(|order| order.id).chain(observed.rows.requests.keys().copied()).collect();
    none("not answered", waiting.iter().map(|id| format!("request {id}")).collect())
}

/// A group that was given up has no update, and its errata tag is gone.
///
/// # Errors
///
/// Those with which it is otherwise.
pub fn invariant_what_is_discarded_is_gone(observed: &Observed) -> Result<(), String> {
    let mut left = Vec::new();
    for (batch, number, group) in groups(&observed.rows) {
        let GroupState::Discarded { tag } = &group.state else { continue };
        if tag.is_some() {
            left.push(format!("group {number} of batch {batch} is still being given up"));
        }
        for (_, _, order) in observed.decided(batch).filter(|(of, ..)| *of == number) {
            let Some(tag) = &order.tag else { continue };
            let report = &observed.report;
            if report.leftovers.side_tags.iter().any(|left| left == tag.as_str()) {
                left.push(format!("{tag} of group {number} of batch {batch}"));
            }
            if report.updates.iter().any(|update| update.from_tag == tag.as_str()) {
                left.push(format!("an update of group {number} of batch {batch}"));
            }
        }
    }
    none("not gone", left)
}

/// A batch that an operator ended is over, and nothing of it was published after that unless an update was out.
///
/// # Errors
///
/// Those that are not.
pub fn invariant_an_aborted_batch_has_ended(observed: &Observed) -> Result<(), String> {
    let odd = observed.batches().filter(|batch| observed.aborted(batch.id)).filter(|batch| {
        let aborted = batch.phase.word() == "aborted";
        let stopped = batch.stopped.is_some() && batch.phase.word() == "done";
        !aborted && !stopped
    });
    none(
        "not ended",
        odd.map(|batch| format!("batch {} {}", batch.id, batch.phase.word())).collect(),
    )
}
