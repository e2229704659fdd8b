//! Builds of one Bodhi update belong in one batch: Bodhi is asked which update the waiting builds came through, and forming waits
//! for those of it that have not come. A Bodhi that does not answer holds nothing up.

use std::sync::Arc;

use ebs_domain::{id::TriggerId, trigger::Cause};
use ebs_shared::job::Service;

use super::{
    call::Start,
    failing::Failing,
    now::Now,
    siblings::{Expected, Family},
    term::Term,
    turn::Turn,
};

/// Most builds that Bodhi is asked about in one call.
const MAX_ASKED: usize = 50;

impl Term {
    /// Asks Bodhi about builds that wait and were not asked about: young ones, since none waits longer for its siblings.
    pub(super) fn ask_for_siblings(&mut self, now: Now, turn: &mut Turn) {
        let due = self.state.siblings.due.is_some_and(|due| due <= now.mono);
        if !due || self.state.is_held_up() {
            return;
        }
        let wait = self.parts.settings.sibling_wait;
        let unasked = self.state.pending.values().filter(|row| {
            !self.state.siblings.asked.contains(&row.id)
                && row.trigger.created + wait > now.wall
                && came_by_itself(&row.trigger.cause)
        });
        let waiting: Vec<(TriggerId, String)> =
            unasked.take(MAX_ASKED).map(|row| (row.id, row.trigger.nvr.clone())).collect();
        if waiting.is_empty() {
            // Nobody waits for an answer any more.
            self.state.siblings.failing = None;
            return;
        }
        self.state.siblings.due = None;
        let policy = Arc::clone(&self.parts.snapshot.borrow().policy);
        turn.after.start.push(Start::Siblings(Family { waiting, policy }));
    }

    pub(super) fn take_siblings(
        &mut self,
        asked: Vec<TriggerId>,
        found: Result<Vec<Expected>, Failing>,
        now: Now,
    ) {
        match found {
            Ok(expected) => {
                self.heard_of(Service::Bodhi);
                let held_up = self.state.is_held_up();
                let siblings = &mut self.state.siblings;
                (siblings.due, siblings.failing) = (Some(now.mono), None);
                // A batch that has begun meanwhile forgot what it took.
                if !held_up {
                    siblings.asked.extend(asked);
                    siblings.expected.extend(expected);
                }
            }
            Err(failing) => {
                let since = *self.state.siblings.failing.get_or_insert(now.mono);
                self.state.siblings.due = Some(now.mono + self.pause_after(now.mono - since));
                self.note_failing(&failing, now.mono - since, now);
            }
        }
    }
}

/// Whether nobody asked for it: what a person asks for comes alone.
fn came_by_itself(cause: &str) -> bool {
    match serde_json::from_str(cause) {
        Ok(Cause::Message | Cause::CatchUp | Cause::KojiRecord | Cause::Import { .. }) => true,
        Ok(Cause::Person { .. } | Cause::Reconcile { .. }) | Err(_) => false,
    }
}
