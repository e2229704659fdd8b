//! Storing what a turn decided, and only then acting on it.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::{Group, Phase},
    forming::Pause,
    id::TriggerId,
};
use ebs_shared::queue::Enqueued;

use super::{
    effects,
    inputs::Done,
    parts::Parts,
    record,
    state::Late,
    term::{Term, TermEnd},
    turn::{Now, Start, Turn},
};
use crate::store::{Change, NewTrigger, StoreError, StoreErrorKind, TriggerRow};

impl Term<'_> {
    /// Writes everything in one transaction and takes over what the store made of it.
    pub(super) async fn commit(&mut self, now: Now, turn: &mut Turn) -> Result<(), StoreError> {
        if turn.has_changes() {
            let changes = self.changes(now, turn).map_err(|error| StoreError {
                what: "write state",
                kind: StoreErrorKind::Broken(error.to_string()),
            })?;
            let triggers = std::mem::take(&mut turn.triggers);
            let committed = self.parts.store.commit(self.lease.epoch, changes).await?;
            for (trigger, id) in triggers.into_iter().zip(committed.triggers) {
                self.learn(trigger, id, now);
            }
        }
        for stored in turn.stored.drain(..) {
            // Whoever asked may have gone; it is stored all the same.
            let _gone = stored.send(());
        }
        self.bury_ended_batch(now);
        Ok(())
    }

    fn changes(&self, now: Now, turn: &mut Turn) -> Result<Vec<Change>, serde_json::Error> {
        let mut changes = Vec::new();
        if let Some(batch) = &self.state.batch {
            if turn.batch {
                changes.push(Change::PutBatch(record::batch(batch, now.wall)?));
            }
            let members = turn.members.iter().filter_map(|component| {
                Some(record::member(batch.id, component, batch.members.get(component)?))
            });
            let members = members.collect::<Result<Vec<_>, _>>()?;
            if !members.is_empty() {
                changes.push(Change::PutMembers(members));
            }
            for number in &turn.groups {
                if let Some(group) = batch.groups.get(number) {
                    changes.push(Change::PutGroup(record::group(batch.id, *number, group)?));
                }
            }
        }
        // Effects wished for in this turn and not issued in it are stored as well.
        for open in self.state.ledger.values().filter(|open| open.row.run == 0) {
            if !turn.effects.contains_key(&open.row.id) {
                turn.effects.insert(open.row.id.clone(), open.to_row()?);
            }
        }
        if !turn.effects.is_empty() {
            changes.push(Change::PutEffects(
                std::mem::take(&mut turn.effects).into_values().collect(),
            ));
        }
        if !turn.answers.is_empty() {
            changes.push(Change::AnswerTriggers(std::mem::take(&mut turn.answers)));
        }
        changes.extend(turn.triggers.iter().cloned().map(Change::AddTrigger));
        changes.append(&mut turn.others);
        Ok(changes)
    }

    /// A trigger was stored; one that was there already is not pending anew.
    fn learn(&mut self, trigger: NewTrigger, id: Option<TriggerId>, now: Now) {
        let Some(id) = id else { return };
        if trigger.cause.contains("koji_record") {
            self.parts.probe.show(|progress| progress.late_found += 1);
        }
        let word = trigger.shown.as_deref().unwrap_or("pending");
        tracing::info!(trigger.id = id.get(), component = %trigger.component, nvr = trigger.nvr, answer = word, "trigger");
        if trigger.answer.is_none() {
            self.state.last_eligible = Some(now.wall);
            self.form_due = Some(now.mono);
            self.state.pending.insert(id, TriggerRow { id, trigger, batch: None });
        }
    }

    /// A batch that has ended makes room; groups that are still on their way are kept.
    fn bury_ended_batch(&mut self, now: Now) {
        let ended = |batch: &ebs_domain::batch::Batch| matches!(batch.phase, Phase::Ended { .. });
        if !self.state.batch.as_ref().is_some_and(ended) {
            return;
        }
        if let Some(batch) = self.state.batch.take() {
            tracing::info!(batch.id = batch.id.get(), outcome = batch.phase.word(), "batch ended");
            let groups: BTreeMap<u32, Group> =
                batch.groups.into_iter().filter(|(_, group)| group.is_open()).collect();
            if !groups.is_empty() {
                self.state
                    .late
                    .insert(batch.id, Late { plan: batch.plan, uuid: batch.uuid, groups });
            }
            self.state.last_ended = Some(now.wall);
            self.form_due = Some(now.mono);
        }
    }

    /// Acts on what is stored now.
    pub(super) async fn act(&mut self, now: Now, turn: Turn) -> Option<TermEnd> {
        self.parts.probe.show(|progress| progress.stale_results += turn.stale);
        if !turn.acknowledge.is_empty()
            && let Err(error) = self.parts.queue.acknowledge(&turn.acknowledge).await
        {
            // They come again, and are stale then.
            tracing::warn!(error = crate::report::chain(&error), "results are not acknowledged");
        }
        for start in turn.start {
            self.begin(start, now);
        }
        self.unsent.extend(turn.jobs);
        let due = self.send_due.is_none_or(|due| due <= now.mono);
        if self.unsent.is_empty() || !due {
            return None;
        }
        self.send(now).await
    }

    /// Puts jobs on the queue; what it does not take is kept and sent again.
    async fn send(&mut self, now: Now) -> Option<TermEnd> {
        match self.parts.queue.enqueue(self.lease.epoch, &self.unsent).await {
            Ok(answers) if answers.contains(&Enqueued::Fenced) => {
                tracing::warn!("the queue has seen a newer leader: stepping down");
                return Some(TermEnd::Fenced);
            }
            Ok(_) => {
                self.unsent.clear();
                self.send_due = None;
            }
            Err(error) => {
                let why = crate::report::chain(&error);
                tracing::warn!(
                    error = why,
                    jobs = self.unsent.len(),
                    "the queue takes no jobs: keeping them"
                );
                self.parts.probe.show(|progress| progress.queue_error = Some(why));
                self.send_due = Some(now.mono + self.parts.settings.retry_min);
            }
        }
        None
    }

    /// Starts a call beside the loop.
    fn begin(&mut self, start: Start, now: Now) {
        let parts: &Parts = self.parts;
        match start {
            Start::List { effect, run, wish } => self.running.push(Box::pin(async move {
                Done::Listed { known: effects::list_before(parts, &wish).await, effect, run }
            })),
            Start::Effect { effect, run, running } => self.running.push(Box::pin(async move {
                Done::Effect { result: effects::run(parts, running).await, effect, run }
            })),
            Start::Read { batch, reading } => {
                let Some(plan) = self.state.batch_plan(batch).map(|(plan, _)| plan.clone()) else {
                    // The batch has ended in this very turn.
                    self.read_due = Some(now.mono);
                    return;
                };
                self.running.push(Box::pin(async move {
                    Done::Read { asked: reading.clone(), result: reading.run(parts, &plan).await }
                }));
            }
            Start::Missing(jobs) => self.running.push(Box::pin(async move {
                Done::Missing(
                    parts.queue.missing(&jobs).await.map_err(|error| crate::report::chain(&error)),
                )
            })),
        }
    }

    /// Shows where it is.
    pub(super) fn show(&self, now: Now) {
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for effect in self.state.ledger.values() {
            *open.entry(effect.row.kind.clone()).or_default() += 1;
        }
        self.parts.probe.show(|progress| {
            progress.turned = Some(now.wall);
            progress.epoch = Some(self.lease.epoch.get());
            progress.effects_open = open;
            progress.paused = self.pause == Pause::Paused;
        });
    }
}
