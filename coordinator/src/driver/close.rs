//! What becomes of a run of an effect: its outcome is known, or it is to be issued again.

use std::time::Duration;

use ebs_domain::batch::{Event, Outcome};

use super::{failing::Failing, ledger::creates, now::Now, tally::word_of, term::Term, turn::Turn};

/// How many parts of `doubt_wait` pass between two looks for an effect in doubt.
const LOOKS_IN_DOUBT: u32 = 5;

impl Term {
    /// An effect's outcome is known: closes its row and tells its batch.
    pub(super) fn close(&mut self, id: &str, outcome: Outcome, now: Now, turn: &mut Turn) {
        let Some(mut open) = self.state.ledger.remove(id) else { return };
        open.row.closed = Some(now.wall);
        open.row.due = None;
        open.row.outcome = serde_json::to_string(&outcome).ok();
        turn.put_effect(&open);
        turn.counts.effects.push((open.row.kind.clone(), word_of(&outcome)));
        tracing::debug!(parent: &self.traces().effect(&open), "effect closed");
        match open.row.batch {
            Some(batch) => {
                let event = Event::Outcome { no: open.entry.no, outcome };
                self.tell(batch, event, now, turn);
            }
            None => self.close_of_nobody(&open.entry.effect, &outcome, turn),
        }
    }

    /// A run brought nothing: again after a pause, looking first if it may have had its effect.
    pub(super) fn effect_failed(&mut self, id: &str, failing: Failing, now: Now, turn: &mut Turn) {
        let failing_for = self
            .state
            .ledger
            .get(id)
            .and_then(|open| open.row.unavailable_since)
            .map_or(Duration::ZERO, |since| now.wall.since(since));
        self.note_failing(&failing, failing_for, now);
        let (pause, look) = (self.pause_after(failing_for), self.look_pause());
        let Some(open) = self.state.ledger.get_mut(id) else { return };
        match failing {
            Failing::Unavailable { why, .. } => open.put_off(&why, now.wall, now.mono, pause),
            Failing::Unknown { why, .. } if creates(&open.entry.effect) => {
                open.doubt(&why, now.wall, now, look);
            }
            Failing::Unknown { why, .. } => open.put_off(&why, now.wall, now.mono, pause),
            Failing::NotYet { why } => open.not_found(&why, now, look),
        }
        turn.put_effect(open);
    }

    /// A look found nothing yet.
    pub(super) fn still_in_doubt(&mut self, id: &str, why: &str, now: Now, turn: &mut Turn) {
        let pause = self.look_pause();
        let Some(open) = self.state.ledger.get_mut(id) else { return };
        open.not_found(why, now, pause);
        turn.put_effect(open);
    }

    fn look_pause(&self) -> Duration {
        (self.parts.settings.doubt_wait / LOOKS_IN_DOUBT).max(self.parts.settings.retry_min)
    }
}
