//! Beginning the next batch.

use ebs_domain::{
    batch::Batch,
    forming::{self, Decision, Forming, Pause},
    id::BatchId,
};

use super::{candidates, now::Now, term::Term, turn::Turn, underway::Underway};
use crate::{awaited::AWAITED, pause::PAUSE, store::Change};

impl Term {
    /// Begins a batch when its time has come.
    pub(super) fn form_batch(&mut self, now: Now, turn: &mut Turn) {
        if self.state.is_held_up() {
            return;
        }
        let awaited =
            self.state.siblings.awaited(&self.state.pending, self.parts.settings.sibling_wait);
        let settings = &self.parts.settings;
        let state = Forming {
            lull: settings.lull,
            max_lull: settings.max_lull,
            first_pending: self.state.pending.values().map(|row| row.trigger.created).min(),
            last_eligible: self.state.last_eligible,
            last_batch_ended: self.state.last_ended,
            pause: self.pause,
            siblings_until: awaited.as_ref().map(|awaited| awaited.until),
            sibling_wait: settings.sibling_wait,
        };
        let decision = forming::decide(&state, now.wall);
        let waits = matches!(decision, Decision::Wait(_));
        if let Some(value) = self.state.siblings.shows(awaited.as_ref().filter(|_| waits)) {
            turn.others.push(Change::PutMark { name: AWAITED.to_owned(), value });
        }
        match decision {
            Decision::Idle | Decision::Paused => self.form_due = None,
            Decision::Wait(until) => self.form_due = Some(now.mono + until.since(now.wall)),
            Decision::Begin => {
                let snapshot = self.parts.snapshot.borrow().clone();
                let candidates = candidates::candidates(&self.state.pending, &snapshot.policy);
                let id = BatchId::new(self.state.newest_batch + 1);
                self.note_unforeseen(id);
                self.state.newest_batch = id.get();
                self.state.formed.add(id, now.wall);
                self.state.siblings.forget();
                let uuid = self.parts.chance.uuid();
                let span = self.traces().batch(id);
                tracing::info!(parent: &span, candidates = candidates.len(), "forming a batch");
                let batch = Batch::form(id, uuid, snapshot.plan.clone(), candidates, now.wall);
                self.state.underway.insert(id, Underway::new(batch, None, now.mono));
                turn.touch(id);
            }
        }
    }

    /// Says of each trigger that this batch takes and whose line foresaw another one, which that was.
    fn note_unforeseen(&self, batch: BatchId) {
        let span = self.traces().batch(batch);
        for row in self.state.pending.values() {
            let Some(foreseen) = self.state.formed.foreseen(row.trigger.created) else { continue };
            tracing::info!(
                parent: &span,
                trigger.id = row.id.get(),
                component = %row.trigger.component,
                foreseen.batch = foreseen.get(),
                foreseen.trace_id = %self.traces().of_batch(foreseen),
                "a trigger comes into another batch than its line foresaw"
            );
        }
    }

    /// Takes note of a pause that began or ended, whoever asked for it.
    pub(super) fn follow_pauses(&mut self, now: Now, turn: &mut Turn) {
        if let Some(over) = self.state.pause.take_if(|pause| !pause.holds(now.wall)) {
            tracing::info!(who = over.who, why = over.why, "a pause is over");
            turn.others.push(Change::PutMark { name: PAUSE.to_owned(), value: String::new() });
        }
        let paused = self.parts.snapshot.borrow().paused || self.state.pause.is_some();
        self.pause = match (self.pause, paused) {
            (_, true) => Pause::Paused,
            (Pause::Paused, false) => Pause::Running { since: Some(now.wall) },
            (Pause::Running { since }, false) => Pause::Running { since },
        };
    }
}
