//! State as rows.

use ebs_domain::{
    batch::{Batch, Denial, Group, Member, Phase},
    id::{BatchId, Component},
    time::Timestamp,
};

use crate::store::{BatchRow, DenyRow, GroupRow, MemberRow};

/// The batch's own row.
pub(super) fn batch(batch: &Batch, at: Timestamp) -> Result<BatchRow, serde_json::Error> {
    let ended = matches!(batch.phase, Phase::Ended { .. });
    Ok(BatchRow {
        id: batch.id,
        phase: batch.phase.word().to_owned(),
        state: serde_json::to_string(batch)?,
        created: batch.formed,
        phase_since: batch.phase_since,
        ended: ended.then_some(at),
        summary: if ended { Some(serde_json::to_string(&batch.summary())?) } else { None },
        lingers: batch.lingers,
    })
}

/// A member's row.
pub(super) fn member(
    batch: BatchId,
    component: &Component,
    member: &Member,
) -> Result<MemberRow, serde_json::Error> {
    Ok(MemberRow {
        batch,
        component: component.clone(),
        state: serde_json::to_string(member)?,
        shown: member.word().to_owned(),
    })
}

/// A group's row.
pub(super) fn group(
    batch: BatchId,
    number: u32,
    group: &Group,
) -> Result<GroupRow, serde_json::Error> {
    Ok(GroupRow {
        batch,
        number,
        state: serde_json::to_string(group)?,
        shown: group.word().to_owned(),
        open: group.is_open(),
    })
}

/// An entry of the deny list.
pub(super) fn denial(batch: BatchId, denial: Denial, at: Timestamp) -> DenyRow {
    DenyRow {
        source: denial.source,
        component: denial.component,
        class: denial.failure.class.as_str().to_owned(),
        text: denial.failure.text,
        batch: Some(batch),
        task: denial.task.map(ebs_domain::id::TaskId::get),
        first: at,
        last: at,
        count: 1,
        expires: at + denial.span,
    }
}

#[cfg(test)]
mod tests;
