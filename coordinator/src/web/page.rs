//! The page: what the template shows beyond the view itself.

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use ebs_domain::{id::BatchId, time::Timestamp};
use ebs_shared::credentials::{Stage, Standing};
use serde::Deserialize;

use super::{
    BatchView, BuildState, BuildView, DeadView, GroupView, Overview, SliceView, TriggerView,
};
use crate::login::UserName;

/// The phases of a batch, in their order. `aborting` and the ends stand beside them.
const PHASES: [&str; 6] =
    ["forming", "preparing", "building", "publishing", "settling", "cleaning"];

/// Most builds on the page, unless all are asked for: it is renewed every few seconds, and a batch can have thousands.
const MAX_BUILDS: usize = 200;

/// Most pending triggers, and most groups of one kind.
const MAX_OTHERS: usize = 50;

/// Most characters of a failure's text.
const MAX_TEXT: usize = 500;

/// What a person asks the page for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Everything, however long.
    pub(super) all: Option<String>,
    /// Where the packages are that have this in their name.
    pub(super) find: String,
}

/// The page at `/`.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Page<'a> {
    view: &'a Overview,
    /// What is looked for, in small letters; nothing if empty.
    find: String,
    /// The builds shown, by their slice's order number.
    builds: BTreeMap<i64, Vec<&'a BuildView>>,
    /// Most lines of a table of other things.
    others: usize,
    visitor: Visitor,
}

/// Who looks at the page.
pub(super) enum Visitor {
    /// Nobody logs in here.
    Off,
    /// Nobody that is known.
    Nobody,
    /// Somebody who has logged in.
    Person(UserName),
    /// It cannot be told now.
    Unknown,
}

/// A build that was looked for.
struct Found<'a> {
    batch: BatchId,
    build: &'a BuildView,
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

impl<'a> Page<'a> {
    /// A page of this overview, as long as was asked for.
    pub(super) fn new(view: &'a Overview, asked: &Asked) -> Self {
        let (most, others) = match asked.all {
            Some(_) => (usize::MAX, usize::MAX),
            None => (MAX_BUILDS, MAX_OTHERS),
        };
        let mut builds: Vec<&BuildView> =
            view.current.iter().flat_map(|batch| &batch.builds).collect();
        builds.sort_by(|a, b| (a.state, &a.component).cmp(&(b.state, &b.component)));
        let mut by_order: BTreeMap<i64, Vec<&BuildView>> = BTreeMap::new();
        for build in builds.into_iter().take(most) {
            by_order.entry(build.order).or_default().push(build);
        }
        Self {
            view,
            find: asked.find.trim().to_lowercase(),
            builds: by_order,
            others,
            visitor: Visitor::Off,
        }
    }

    /// The same for this visitor.
    pub(super) fn seen_by(self, visitor: Visitor) -> Self {
        Self { visitor, ..self }
    }

    /// How long ago, for people.
    fn ago(&self, time: &Timestamp) -> String {
        span(self.view.now.since(*time))
    }

    /// How a credential stands, in words.
    fn standing(&self, standing: &Standing) -> String {
        match (&standing.fault, standing.ends) {
            (Some(fault), _) => format!("cannot be read: {fault}"),
            (None, Some(ends)) if ends <= self.view.now => format!("ended at {ends}: renew it."),
            (None, Some(ends)) => {
                format!("ends in {}, at {ends}: renew it.", span(ends.since(self.view.now)))
            }
            (None, None) => "does not say when it ends.".to_owned(),
        }
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

    /// The builds of a slice that are shown: what needs eyes first, then by name.
    fn builds(&self, slice: &SliceView) -> &[&'a BuildView] {
        self.builds.get(&slice.order).map(Vec::as_slice).unwrap_or_default()
    }

    /// The builds that a lingering batch waits for, or has waited for.
    fn detached<'b>(&self, batch: &'b BatchView) -> Vec<&'b BuildView> {
        batch.builds.iter().filter(|build| build.detached).take(self.others).collect()
    }

    /// How many builds of a slice are not shown.
    fn builds_left(&self, slice: &SliceView) -> usize {
        usize::try_from(slice.total())
            .unwrap_or(usize::MAX)
            .saturating_sub(self.builds(slice).len())
    }

    /// The groups of the batch that are shown.
    fn groups<'b>(&self, batch: &'b BatchView) -> &'b [GroupView] {
        first(&batch.groups, self.others)
    }

    /// The pending triggers that are shown.
    fn pending(&self) -> &'a [TriggerView] {
        first(&self.view.pending, self.others)
    }

    /// How many pending triggers are not shown.
    fn pending_left(&self) -> u64 {
        let shown = u64::try_from(self.pending().len()).unwrap_or(u64::MAX);
        self.view.pending_total.saturating_sub(shown)
    }

    /// The jobs set aside that are shown.
    fn dead(&self) -> &'a [DeadView] {
        first(&self.view.dead, self.others)
    }

    /// How many jobs set aside are not shown.
    fn dead_left(&self) -> usize {
        self.view.dead.len().saturating_sub(self.dead().len())
    }

    /// The builds that were looked for, in the batches that have not ended and in those before: the very name first.
    fn found(&self) -> Vec<Found<'a>> {
        let at_work = self.view.current.iter().chain(&self.view.lingering);
        let current = at_work.map(|batch| (batch.id, &batch.builds));
        let recent = self.view.recent.iter().map(|batch| (batch.id, &batch.builds));
        let mut found: Vec<Found<'_>> = current
            .chain(recent)
            .flat_map(|(batch, builds)| builds.iter().map(move |build| Found { batch, build }))
            .filter(|found| self.is_wanted(found.build.component.as_str()))
            .collect();
        // Sorting keeps the order of batches, newest first.
        found.sort_by_key(|found| {
            (found.build.component.as_str() != self.find, &found.build.component)
        });
        found.truncate(self.others);
        found
    }

    /// The pending triggers that were looked for.
    fn found_pending(&self) -> Vec<&'a TriggerView> {
        let pending = self.view.pending.iter();
        pending
            .filter(|trigger| self.is_wanted(trigger.component.as_str()))
            .take(self.others)
            .collect()
    }

    fn is_wanted(&self, component: &str) -> bool {
        !self.find.is_empty() && component.to_lowercase().contains(&self.find)
    }

    /// The batches that are looked through.
    fn looked_through(&self) -> Vec<BatchId> {
        let at_work = self.view.current.iter().chain(&self.view.lingering);
        let current = at_work.map(|batch| batch.id);
        let recent = self.view.recent.iter().filter(|batch| !batch.builds.is_empty());
        current.chain(recent.map(|batch| batch.id)).collect()
    }

    fn task_url(&self, task: &ebs_domain::id::TaskId) -> String {
        format!("{}/taskinfo?taskID={task}", self.view.web_url)
    }
}

/// A failure's text, as much of it as the page has room for.
fn short(text: &str) -> &str {
    text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| &text[..end])
}

/// Whether somebody must act now.
fn is_urgent(standing: &Standing) -> bool {
    standing.stage > Stage::Month
}

fn first<T>(all: &[T], most: usize) -> &[T] {
    all.get(..most).unwrap_or(all)
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
    pub(super) fn words(self) -> &'static str {
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
        "held" | "discarded" | "aborted" | "unpushed" | "obsolete" | "gating failed"
        | "vanished" => "bad",
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
