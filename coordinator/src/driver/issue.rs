//! Issuing what is due: effects, reads of batches, polls, the comparison with the queue.

use std::{collections::BTreeSet, time::Duration};

use ebs_domain::batch::Outcome;

use super::{
    call::Start,
    effects::Running,
    ledger::{Open, another_tag_first, creates},
    now::Now,
    reads::Reading,
    term::Term,
    turn::Turn,
    underway::Underway,
    work::{self, Address},
};
use crate::store::Runner;

impl Term {
    /// Issues every effect that is due. Its new run is stored before anything is called or enqueued.
    pub(super) fn issue_due(&mut self, now: Now, turn: &mut Turn) {
        let due = |due: Option<tokio::time::Instant>| due.is_some_and(|due| due <= now.mono);
        // Closing one can bring new ones: until none is due.
        loop {
            let ids: Vec<String> = self
                .state
                .ledger
                .iter()
                .filter(|(_, open)| {
                    due(open.due) && (open.row.runner == Runner::Worker || self.may_call(now.mono))
                })
                .map(|(id, _)| id.clone())
                .collect();
            if ids.is_empty() {
                return;
            }
            for id in ids {
                if another_tag_first(&self.state.ledger, &id) {
                    self.wait_for_another_tag(&id, now);
                } else {
                    self.issue(&id, now, turn);
                }
            }
        }
    }

    fn wait_for_another_tag(&mut self, id: &str, now: Now) {
        if let Some(open) = self.state.ledger.get_mut(id) {
            open.due = Some(now.mono + self.parts.settings.retry_min);
        }
    }

    fn issue(&mut self, id: &str, now: Now, turn: &mut Turn) {
        let doubt_wait = self.parts.settings.doubt_wait;
        let given_up = self.state.given_up(id);
        let Some(open) = self.state.ledger.get_mut(id) else { return };
        let creating = creates(&open.entry.effect);
        if open.entry.settle_only && (!creating || open.is_without_trace(doubt_wait)) {
            return self.close(id, Outcome::Withdrawn, now, turn);
        }
        if open.row.kind == "create_side_tag" && open.entry.known.is_none() {
            open.due = None;
            let start = Start::List {
                effect: id.to_owned(),
                run: open.row.run,
                wish: open.entry.effect.clone(),
            };
            return turn.after.start.push(start);
        }
        let look_first = if creating { open.entry.doubt.is_some() } else { open.row.run > 0 };
        let may_create = open.may_create(now.wall, doubt_wait);
        open.issue(now.wall);
        turn.put_effect(open);
        if open.row.runner == Runner::Coordinator {
            let known = open.entry.known.clone().unwrap_or_default();
            let running = Running {
                given_up,
                effect: open.entry.effect.clone(),
                look_first,
                may_create,
                known,
                of_nobody: open.row.batch.is_none(),
                lease: self.lease.until.clone(),
            };
            let (effect, run) = (id.to_owned(), open.row.run);
            return turn.after.start.push(Start::Effect { effect, run, running });
        }
        let open = open.clone();
        let trace = self.traces().of_effect(&open);
        tracing::debug!(parent: &self.traces().effect(&open), "effect issued");
        let plan = match open.row.batch.map(|batch| self.state.batch_plan(batch)) {
            Some(Some(plan)) => Some(plan),
            Some(None) => return,
            None => None,
        };
        let Some(work) = work::of_effect(&open, plan, may_create) else { return };
        let address = Address {
            of: id,
            run: open.row.run,
            batch: open.row.batch,
            attempt: work::attempt_of(&open.entry.effect),
            trace,
            epoch: self.lease.epoch,
        };
        let what = work::effect_line(&open.entry.effect);
        turn.send(work::job(&address, work, what, self.parts.settings.job_attempts, doubt_wait));
    }

    /// Starts the read of each batch that wants one and has none running.
    pub(super) fn start_reads(&mut self, now: Now, turn: &mut Turn) {
        if !self.may_call(now.mono) {
            return;
        }
        let due = |underway: &Underway| underway.reading().is_some_and(|due| due <= now.mono);
        let due = self.state.underway.iter().filter(|(_, underway)| due(underway));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(batch) = self.state.batch(id) else { continue };
            let Some(read) = batch.reads() else { continue };
            let reading = Reading::of(read, &self.state, &batch.plan);
            let plan = Box::new(batch.plan.clone());
            turn.after.start.push(Start::Read { batch: id, reading, plan });
            if let Some(underway) = self.state.underway.get_mut(&id) {
                underway.read_due = None;
            }
        }
    }

    /// Puts the polls that are due on the queue.
    pub(super) fn start_polls(&mut self, now: Now, turn: &mut Turn) {
        let (attempts, epoch) = (self.parts.settings.job_attempts, self.lease.epoch);
        for id in self.polls.start_due(now.mono) {
            let Some(unit) = self.polls.get(&id) else { continue };
            let Some(plan) = self.state.batch_plan(unit.batch) else { continue };
            let (batch, run, trace) = (unit.batch, unit.run, self.traces().of_batch(unit.batch));
            let batch = Some(batch);
            let address = Address { of: &id, run, batch, attempt: None, trace, epoch };
            let (work, what) = (work::of_watch(unit, plan), work::watch_line(&unit.watch));
            turn.send(work::job(&address, work, what, attempts, Duration::ZERO));
        }
    }

    /// Asks the queue, now and then, whether it still has what was put on it: the first time as soon as the term begins.
    pub(super) fn start_reconcile(&mut self, now: Now, turn: &mut Turn) {
        if self.reconcile_due.is_none_or(|due| due > now.mono) {
            return;
        }
        let given = |open: &&Open| open.row.runner == Runner::Worker && open.due.is_none();
        let effects = self.state.ledger.values().filter(given).map(Open::job);
        // What is not on the queue yet cannot be missing there.
        let waiting: BTreeSet<&str> =
            turn.after.jobs.iter().chain(&self.unsent).map(|job| job.id.as_str()).collect();
        let sent = |job: &String| !waiting.contains(job.as_str());
        let jobs: Vec<String> = effects.chain(self.polls.jobs()).filter(sent).collect();
        if jobs.is_empty() {
            self.reconcile_due = Some(now.mono + self.parts.settings.reconcile);
        } else {
            self.reconcile_due = None;
            turn.after.start.push(Start::Missing(jobs));
        }
    }
}
