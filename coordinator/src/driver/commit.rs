//! Storing what a turn decided, in one transaction.

use std::collections::BTreeMap;

use ebs_domain::{batch::Group, id::TriggerId};

use tokio::time::Instant;

use super::{
    decide::Decided,
    now::Now,
    record,
    state::Late,
    term::{Term, TermEnd},
    traces,
    turn::{After, Turn},
    underway::Underway,
};
use crate::store::{BatchRow, Change, NewTrigger, StoreError, StoreErrorKind, TriggerRow};

/// A turn that is stored: now it may be acted on.
#[must_use]
pub struct Stored {
    pub(super) after: After,
    pub(super) now: Now,
}

/// What a failed commit means for the term.
///
/// # Errors
///
/// What ends the program: the store holds something that this program cannot use.
pub fn end_of(error: StoreError) -> anyhow::Result<TermEnd> {
    match error.kind {
        StoreErrorKind::Fenced => {
            tracing::warn!("another instance leads: stepping down");
            Ok(TermEnd::Fenced)
        }
        StoreErrorKind::Unavailable(_) => {
            tracing::error!(
                error = crate::report::chain(&error),
                "the store did not take a decision: reading it anew"
            );
            Ok(TermEnd::Reload)
        }
        StoreErrorKind::TooNew { .. } | StoreErrorKind::Broken(_) => Err(error.into()),
    }
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError { what: "write state", kind: StoreErrorKind::Broken(error.to_string()) }
}

impl Term {
    /// Writes all that a turn decided in one transaction, and takes over what the store made of it. After an error the term is
    /// over: what is in memory may not be what is stored.
    ///
    /// # Errors
    ///
    /// Why nothing is known to be stored; [`end_of`] says what that means for the term.
    pub async fn store(&mut self, decided: Decided) -> Result<Stored, StoreError> {
        let Decided { mut turn, now } = decided;
        if turn.may_have_changes() {
            let batches = self.changed_batches(now, &turn).map_err(unwritable)?;
            let changes = self.changes(&batches, &mut turn).map_err(unwritable)?;
            if !changes.is_empty() {
                let (began, count) = (Instant::now(), changes.len());
                let committed = self.parts.store.commit(self.lease.epoch, changes).await;
                let fault = committed.as_ref().err().map(|error| &error.kind);
                self.parts.tally.commit(fault, began.elapsed());
                let committed = committed?;
                tracing::debug!(
                    changes = count,
                    duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "committed"
                );
                for (trigger, id) in turn.triggers.into_iter().zip(committed.triggers) {
                    self.learn(trigger, id, now);
                }
                for row in batches {
                    if let Some(underway) = self.state.underway.get_mut(&row.id) {
                        underway.stored = Some(row.state);
                        if let Some((phase, span)) = underway.left() {
                            self.parts.tally.phase(phase, span);
                        }
                    }
                }
                self.parts.tally.turn(&turn.counts);
            }
        }
        for stored in turn.stored {
            // Whoever asked may have gone; it is stored all the same.
            let _gone = stored.send(());
        }
        self.bury_ended_batches(now);
        Ok(Stored { after: turn.after, now })
    }

    /// The rows of batches that differ from what is stored, oldest first: one that makes room comes before the next.
    fn changed_batches(&self, now: Now, turn: &Turn) -> Result<Vec<BatchRow>, serde_json::Error> {
        let touched = turn.touched.keys().filter_map(|id| self.state.underway.get(id));
        touched.filter_map(|underway| underway.changed(now.wall).transpose()).collect()
    }

    fn changes(
        &self,
        batches: &[BatchRow],
        turn: &mut Turn,
    ) -> Result<Vec<Change>, serde_json::Error> {
        let mut changes: Vec<Change> = batches.iter().cloned().map(Change::PutBatch).collect();
        for (id, touched) in &turn.touched {
            let Some(batch) = self.state.batch(*id) else { continue };
            let members = touched.members.iter().filter_map(|component| {
                Some(record::member(batch.id, component, batch.members.get(component)?))
            });
            let members = members.collect::<Result<Vec<_>, _>>()?;
            if !members.is_empty() {
                changes.push(Change::PutMembers(members));
            }
            for number in &touched.groups {
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
        let shown = turn.answers.iter().filter_map(|answer| answer.shown.clone());
        turn.counts.answers.extend(shown);
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
        self.count_trigger(&trigger);
        let word = trigger.shown.as_deref().unwrap_or("pending");
        let trace = self.traces().of_trigger(id, &trigger);
        tracing::info!(
            trigger.id = id.get(),
            message.id = trigger.message,
            component = %trigger.component,
            nvr = trigger.nvr,
            answer = word,
            trace_id = %trace,
            "trigger"
        );
        if trigger.answer.is_none() {
            self.state.last_eligible = Some(now.wall);
            self.form_due = Some(now.mono);
            self.state.pending.insert(id, TriggerRow { id, trigger, batch: None });
        }
    }

    /// A batch that has ended makes room; groups that are still on their way are kept.
    fn bury_ended_batches(&mut self, now: Now) {
        let ended = self.state.underway.extract_if(.., |_, underway| underway.has_ended());
        for underway in ended.map(|(_, underway)| underway).collect::<Vec<_>>() {
            let heard = underway.heard();
            let Underway { batch, .. } = underway;
            let trace = self.parts.settings.trace.batch(&batch.plan.target, batch.id);
            let span = traces::batch_span(trace, batch.id);
            tracing::info!(parent: &span, outcome = batch.phase.word(), "batch ended");
            self.parts.tally.batch(&batch.summary(), now.wall.since(batch.formed));
            let groups: BTreeMap<u32, Group> =
                batch.groups.into_iter().filter(|(_, group)| group.is_open()).collect();
            if !groups.is_empty() {
                self.state.late.insert(batch.id, Late { plan: batch.plan, heard, groups });
            }
            // The next did not wait for one that lingered.
            if !batch.lingers {
                self.state.last_ended = Some(now.wall);
                self.form_due = Some(now.mono);
            }
        }
    }
}
