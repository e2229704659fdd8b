//! The page: what the template shows beyond the view itself.

use std::time::Duration;

use askama::Template;
use ebs_domain::time::Timestamp;

use super::{BatchView, BuildState, BuildView, Overview, SliceView};

/// The phases of a batch, in their order. `aborting` and the ends stand beside them.
const PHASES: [&str; 6] =
    ["forming", "preparing", "building", "publishing", "settling", "cleaning"];

/// The page at `/`.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Page<'a> {
    /// What is shown.
    pub(super) view: &'a Overview,
}

/// The page when the overview cannot be had.
#[derive(Template)]
#[template(path = "unavailable.html")]
pub(super) struct Unavailable;

/// One coloured part of a slice's bar, in builds.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    state: BuildState,
    from: u32,
    count: u32,
}

impl Page<'_> {
    /// How long ago, for people.
    fn ago(&self, time: &Timestamp) -> String {
        span(self.view.now.since(*time))
    }

    /// The phases with how each is: `past`, `now`, `next`.
    fn phases(&self, batch: &BatchView) -> Vec<(&'static str, &'static str)> {
        let at = PHASES.iter().position(|phase| *phase == batch.phase);
        let word = |index: usize| match at {
            Some(now) if index < now => "past",
            Some(now) if index == now => "now",
            Some(_) | None => "next",
        };
        PHASES.iter().enumerate().map(|(index, phase)| (*phase, word(index))).collect()
    }

    /// The builds of a slice: what needs eyes first, then by name.
    fn builds<'b>(&self, batch: &'b BatchView, slice: &SliceView) -> Vec<&'b BuildView> {
        let mut builds: Vec<&BuildView> =
            batch.builds.iter().filter(|build| build.order == slice.order).collect();
        builds.sort_by(|a, b| (a.state, &a.component).cmp(&(b.state, &b.component)));
        builds
    }

    fn task_url(&self, task: &ebs_domain::id::TaskId) -> String {
        format!("{}/taskinfo?taskID={task}", self.view.web_url)
    }
}

impl SliceView {
    fn total(&self) -> u32 {
        self.builds.iter().fold(0, |sum, part| sum.saturating_add(part.count))
    }

    fn in_state(&self, state: BuildState) -> u32 {
        self.builds
            .iter()
            .filter(|part| part.state == state)
            .fold(0, |sum, part| sum.saturating_add(part.count))
    }

    /// Its bar, from done to not begun.
    fn bar(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut from = 0_u32;
        for state in BuildState::BAR {
            let count = self.in_state(state);
            if count > 0 {
                parts.push(Part { state, from, count });
                from = from.saturating_add(count);
            }
        }
        parts
    }

    /// Whether something is under way or went wrong, so that its table is worth unfolding.
    fn worth_a_look(&self) -> bool {
        self.builds.iter().any(|part| {
            part.count > 0
                && !matches!(
                    part.state,
                    BuildState::Succeeded | BuildState::Waiting | BuildState::Dropped
                )
        })
    }
}

impl BuildState {
    /// As it follows in a bar.
    const BAR: [Self; 9] = [
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Dropped,
        Self::Detached,
        Self::Building,
        Self::Submitting,
        Self::Waiting,
    ];

    /// For people.
    fn words(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Building => "building",
            Self::Submitting => "submitting",
            Self::Detached => "detached",
            Self::Waiting => "waiting",
            Self::Dropped => "dropped",
            Self::Succeeded => "succeeded",
        }
    }

    /// The class in the style sheet: states of one meaning share a colour.
    fn colour(self) -> &'static str {
        match self {
            Self::Failed | Self::TimedOut => "bad",
            Self::Cancelled | Self::Detached => "odd",
            Self::Building | Self::Submitting => "busy",
            Self::Waiting | Self::Dropped => "idle",
            Self::Succeeded => "good",
        }
    }
}

/// The colour of an update's status or of a batch's outcome.
fn word_colour(word: &str) -> &'static str {
    match word {
        "stable" | "done" | "settled" | "superseded" => "good",
        "held" | "aborted" | "unpushed" | "obsolete" | "gating failed" | "vanished" => "bad",
        "empty" => "idle",
        _ => "busy",
    }
}

/// A span for people: its two largest units at most.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {:02} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests;
