//! What a batch tells people, as log events: one for each change of state.

use ebs_domain::batch::{End, GroupEnd, Notice};

/// The batch stands on the span around.
pub(super) fn log(notice: &Notice) {
    match notice {
        Notice::Phase { name } => tracing::info!(phase = name, "phase"),
        Notice::Attempt { order, number, builds } => {
            tracing::info!(slice.order = order, attempt.number = number, builds, "attempt");
        }
        Notice::BuildEnded { component, end } => match end {
            End::Succeeded(built) => {
                tracing::info!(%component, nvr = built.nvr, end = end.word(), "build ended");
            }
            End::Failed(failure) => tracing::info!(
                %component,
                end = end.word(),
                class = failure.class.as_str(),
                koji.task_id = failure.task.map(ebs_domain::id::TaskId::get),
                "build ended"
            ),
            End::ScratchSucceeded | End::TimedOut | End::Cancelled | End::Dropped => {
                tracing::info!(%component, end = end.word(), "build ended");
            }
        },
        Notice::SeedFailed { component, failure } => {
            tracing::warn!(%component, error = failure.text, "a build could not be seeded");
        }
        Notice::TagVanished { tag } => {
            tracing::error!(side_tag = %tag, "the side tag vanished: making a new one");
        }
        Notice::Group { number, state, text } if *state == "held" => {
            tracing::error!(
                group = number,
                state,
                error = text,
                "a group is held: a person must decide"
            );
        }
        Notice::Group { number, state, text } if *state == GroupEnd::Vanished.word() => {
            tracing::error!(
                group = number,
                state,
                bodhi.update = text,
                "Bodhi knows no such update any more: a person must look"
            );
        }
        Notice::Group { number, state, text } => {
            tracing::info!(group = number, state, bodhi.update = text, "group");
        }
        Notice::SlowUpdates => tracing::warn!("updates are slow to become stable"),
    }
}
