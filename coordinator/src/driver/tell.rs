//! Telling a batch what happened, and gathering what it wants then.

use ebs_domain::{
    batch::{Command, Event, Outcome, Step, late_decided, settle_groups},
    id::BatchId,
};

use super::{arrivals::Arrived, ledger::Open, notices, now::Now, record, term::Term, turn::Turn};
use crate::store::{Change, NewTrigger, TriggerAnswer, TriggerRow};

impl Term {
    /// Tells a batch, or what is left of it, something. True if it changed anything.
    pub(super) fn tell(&mut self, id: BatchId, event: Event, now: Now, turn: &mut Turn) -> bool {
        let _within = self.traces().batch(id).entered();
        if let Some(underway) = self.state.underway.get_mut(&id) {
            let (word, lingered) = (event.word(), underway.batch.lingers);
            let arrived = Arrived::before(&event, &underway.batch.groups);
            return match underway.batch.step(now.wall, event) {
                Ok(step) => {
                    let heard = || underway.heard();
                    let spans = arrived.spans(&underway.batch.groups, heard, now.wall);
                    turn.counts.arrivals.extend(spans);
                    if underway.batch.lingers && !lingered {
                        self.state.last_ended = Some(now.wall);
                        self.form_due = Some(now.mono);
                    }
                    self.absorb(id, step, now, turn)
                }
                Err(illegal) => {
                    tracing::error!(event = word, error = %illegal, "an impossible event");
                    false
                }
            };
        }
        if let Event::Outcome { no, outcome } = event {
            return self.tell_late(id, no, outcome, turn);
        }
        let Some(late) = self.state.late.get_mut(&id) else {
            turn.after.stale += 1;
            return false;
        };
        let arrived = Arrived::before(&event, &late.groups);
        let Event::UpdatesSeen(look) = event else {
            turn.after.stale += 1;
            return false;
        };
        let changed = settle_groups(&mut late.groups, &late.plan, &look, now.wall);
        let spans = arrived.spans(&late.groups, || late.heard.clone(), now.wall);
        turn.counts.arrivals.extend(spans);
        for (number, group) in &changed {
            tracing::info!(group = number, state = group.word(), "a late group moved");
            turn.put(record::group(id, *number, group).map(Change::PutGroup));
        }
        late.groups.retain(|_, group| group.is_open());
        // Nothing of a batch is kept in memory when nothing of it is open.
        if late.groups.is_empty() {
            self.state.late.remove(&id);
        }
        !changed.is_empty()
    }

    /// A group whose batch has ended was posted again or discarded. Its effects have its number, see [`Open::late`].
    fn tell_late(&mut self, id: BatchId, number: u32, outcome: Outcome, turn: &mut Turn) -> bool {
        let Some(late) = self.state.late.get_mut(&id) else {
            turn.after.stale += 1;
            return false;
        };
        let Some(group) = late.groups.get_mut(&number) else {
            turn.after.stale += 1;
            return false;
        };
        let changed = late_decided(group, outcome);
        let state = group.word();
        tracing::info!(group = number, state, "a late group was decided on");
        turn.put(record::group(id, number, group).map(Change::PutGroup));
        late.groups.retain(|_, group| group.is_open());
        if late.groups.is_empty() {
            self.state.late.remove(&id);
        }
        changed
    }

    /// Takes what came out of a step. True if anything came.
    fn absorb(&mut self, id: BatchId, step: Step, now: Now, turn: &mut Turn) -> bool {
        let changed = step != Step::default();
        let touched = turn.touch(id);
        touched.members.extend(step.members);
        touched.groups.extend(step.groups);
        for command in step.commands {
            match command {
                Command::Run { no, effect } => {
                    let open = Open::new(id, no, effect, now.wall, now.mono);
                    self.state.ledger.insert(open.row.id.clone(), open);
                }
                Command::Settle { no } => {
                    let of_batch =
                        |open: &&mut Open| open.row.batch == Some(id) && open.entry.no == no;
                    if let Some(open) = self.state.ledger.values_mut().find(of_batch) {
                        open.entry.settle_only = true;
                        open.due = open.due.map(|_| now.mono);
                        turn.put_effect(open);
                    }
                }
                Command::Answer { trigger, answer } => {
                    if let Some(row) = self.state.pending.remove(&trigger)
                        && let Some(underway) = self.state.underway.get_mut(&id)
                    {
                        underway.taken.insert(trigger, row);
                    }
                    match serde_json::to_string(&answer) {
                        Ok(text) => turn.answers.push(TriggerAnswer {
                            id: trigger,
                            answer: Some(text),
                            shown: Some(answer.word().to_owned()),
                            batch: Some(id),
                        }),
                        Err(error) => tracing::error!(%error, "cannot write an answer down"),
                    }
                }
                Command::Reopen { trigger } => {
                    let underway = self.state.underway.get_mut(&id);
                    if let Some(row) = underway.and_then(|it| it.taken.remove(&trigger)) {
                        let trigger = NewTrigger { answer: None, shown: None, ..row.trigger };
                        let row = TriggerRow { trigger, batch: None, ..row };
                        self.state.pending.insert(row.id, row);
                    }
                    turn.answers.push(TriggerAnswer {
                        id: trigger,
                        answer: None,
                        shown: None,
                        batch: None,
                    });
                }
                Command::Deny(denial) => {
                    turn.counts.denials.push(denial.failure.class.as_str().to_owned());
                    turn.others.push(Change::Deny(record::denial(id, denial, now.wall)));
                }
                Command::Notify(notice) => notices::log(&notice),
            }
        }
        changed
    }
}
