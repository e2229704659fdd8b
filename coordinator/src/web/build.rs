//! How a component of a batch is shown, from its row.

use ebs_domain::{
    batch::{Build, End, Member},
    failure::Failure,
    id::TaskId,
};

use super::view::{BuildState, BuildView};
use crate::store::{MemberRow, StoreError, StoreErrorKind};

/// A component of a batch, as shown.
///
/// # Errors
///
/// Its row cannot be read.
pub fn build_view(row: &MemberRow) -> Result<BuildView, StoreError> {
    let member: Member = serde_json::from_str(&row.state).map_err(unreadable)?;
    let (state, task, failure) = shown(&member);
    let nvr = member.built().map_or(&member.rawhide_nvr, |built| &built.nvr);
    Ok(BuildView {
        component: row.component.clone(),
        order: member.order,
        attempt: member.attempt(),
        state,
        detached: member.detached.is_some(),
        since: member.since,
        class: failure.as_ref().map(|failure| failure.class.as_str().to_owned()),
        text: failure.map(|failure| failure.text),
        task,
        nvr: Some(nvr.clone()),
    })
}

fn shown(member: &Member) -> (BuildState, Option<TaskId>, Option<Failure>) {
    match &member.build {
        Build::Waiting | Build::Queued { .. } => (BuildState::Waiting, None, None),
        Build::Submitting { .. } => (BuildState::Submitting, None, None),
        Build::Running { task, .. } if member.detached.is_some() => {
            (BuildState::Detached, Some(*task), None)
        }
        Build::Running { task, .. }
        | Build::Stopping { task, .. }
        | Build::Tagging { task, .. } => (BuildState::Building, Some(*task), None),
        Build::Ended { task, end, .. } => match end {
            End::Succeeded(_) | End::ScratchSucceeded => (BuildState::Succeeded, *task, None),
            End::Failed(failure) => {
                (BuildState::Failed, failure.task.or(*task), Some(failure.clone()))
            }
            End::TimedOut => (BuildState::TimedOut, *task, None),
            End::Cancelled => (BuildState::Cancelled, *task, None),
            End::Dropped => (BuildState::Dropped, *task, None),
        },
    }
}

fn unreadable(error: serde_json::Error) -> StoreError {
    let kind = StoreErrorKind::Broken(format!("cannot read a component: {error}"));
    StoreError { what: "read state", kind }
}
