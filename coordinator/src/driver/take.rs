//! Taking in what came: from intake, from workers, from calls of our own. Quick, and waits for nothing.

use std::{collections::BTreeSet, time::Duration};

use ebs_domain::{
    batch::{Event, Outcome},
    id::BatchId,
    policy::Policy,
    trigger::Cause,
};
use ebs_shared::{
    job::{Answer, PROTOCOL, Report, Service},
    queue::{Delivered, JobEnd},
};

use super::{
    answers::{self, Told},
    asked::Death,
    call::{Done, Ended},
    candidates,
    failing::Failing,
    inputs::{Input, Sighting},
    ledger::Open,
    now::Now,
    reads::Reading,
    tally::kind_of,
    term::Term,
    turn::Turn,
};
use crate::store::Change;

impl Term {
    pub(super) fn take_input(&mut self, input: Input, now: Now, turn: &mut Turn) {
        match input {
            Input::Intake { sightings, odd, marks, stored } => {
                let policy = self.parts.snapshot.borrow().policy.clone();
                for sighting in sightings {
                    if self.comes_too_late(&sighting, &policy, turn) {
                        continue;
                    }
                    match candidates::trigger(sighting, &policy, now.wall) {
                        Ok(trigger) => turn.triggers.push(trigger),
                        Err(error) => tracing::error!(%error, "cannot write a trigger down"),
                    }
                }
                turn.others.extend(odd.into_iter().map(Change::KeepMessage));
                turn.others
                    .extend(marks.into_iter().map(|(name, value)| Change::PutMark { name, value }));
                turn.stored.push(stored);
            }
            Input::Nudge => self.polls.nudge(now.mono),
            Input::Results(results) => {
                self.note_queue(None);
                for result in results {
                    self.take_result(result, now, turn);
                }
            }
            Input::Requests(requests) => {
                for request in &requests {
                    self.take_request(request, now, turn);
                }
            }
            Input::QueueFailed(error) => self.note_queue(Some(error)),
        }
    }

    /// Whether reconcile has found what waits or is built by now: it has looked before, and this is where that is known.
    fn comes_too_late(&self, sighting: &Sighting, policy: &Policy, turn: &Turn) -> bool {
        if !matches!(sighting.cause, Cause::Reconcile { .. }) {
            return false;
        }
        let Some(component) = policy.component_of(&sighting.package) else { return false };
        let waits = self.state.pending.values().any(|row| row.trigger.component == component)
            || turn.triggers.iter().any(|trigger| trigger.component == component);
        waits || self.state.batches().any(|batch| batch.works_on(&component))
    }

    pub(super) fn take_done(&mut self, done: Done, now: Now, turn: &mut Turn) {
        match done.0 {
            Ended::Listed { effect, run, known } => {
                let open = self.state.ledger.get_mut(&effect).filter(|open| open.row.run == run);
                let Some(open) = open else { return };
                match known {
                    Ok(known) => {
                        open.entry.known = Some(known);
                        open.due = Some(now.mono);
                        self.heard_of(Service::Koji);
                    }
                    Err(failing) => self.effect_failed(&effect, failing, now, turn),
                }
            }
            Ended::Effect { effect, run, result } => {
                if !self.is_under_way(&effect, run) {
                    turn.after.stale += 1;
                    return;
                }
                match result {
                    Ok(outcome) => {
                        self.heard_of(Service::Koji);
                        self.close(&effect, outcome, now, turn);
                    }
                    Err(failing) => self.effect_failed(&effect, failing, now, turn),
                }
            }
            Ended::Read { batch, asked, result } => {
                self.take_read(batch, &asked, result, now, turn);
            }
            Ended::Missing(jobs) => self.take_missing(jobs, now, turn),
            Ended::Found { kind, found } => self.take_search(kind, found, now, turn),
            Ended::Siblings { asked, found } => self.take_siblings(asked, found, now),
        }
    }

    fn take_read(
        &mut self,
        id: BatchId,
        asked: &Reading,
        result: Result<Event, Failing>,
        now: Now,
        turn: &mut Turn,
    ) {
        let Some(underway) = self.state.underway.get_mut(&id) else {
            turn.after.stale += 1;
            return;
        };
        let event = match result {
            Ok(event) => event,
            Err(failing) => {
                let since = *underway.read_failing.get_or_insert(now.mono);
                let pause = self.pause_after(now.mono - since);
                if let Some(underway) = self.state.underway.get_mut(&id) {
                    underway.read_due = Some(now.mono + pause);
                }
                return self.note_failing(&failing, now.mono - since, now);
            }
        };
        (underway.read_due, underway.read_failing) = (Some(now.mono), None);
        // An answer to what is not asked any more says nothing about what is.
        let asks = underway.batch.reads().is_some_and(|read| asked.answers(read));
        self.heard_of(Service::Koji);
        if asks {
            self.tell(id, event, now, turn);
        } else {
            turn.after.stale += 1;
        }
    }

    /// Whether this run of an effect is the one whose outcome is waited for.
    fn is_under_way(&self, effect: &str, run: u32) -> bool {
        let open = self.state.ledger.get(effect);
        open.is_some_and(|open| open.row.run == run && open.due.is_none())
    }

    /// Whether what this job carries, the run of an effect or a poll, is one whose end is waited for.
    pub(super) fn is_waited_for(&self, job: &str) -> bool {
        let Some((of, run)) = job.rsplit_once('#') else { return false };
        let run = run.parse().unwrap_or(0);
        self.polls.is_current(of, run) || self.is_under_way(of, run)
    }

    /// Jobs the queue does not know: their runs may have been under way when they were lost.
    fn take_missing(&mut self, jobs: Result<Vec<String>, String>, now: Now, turn: &mut Turn) {
        self.reconcile_due = Some(now.mono + self.parts.settings.reconcile);
        let jobs: BTreeSet<String> = match jobs {
            Ok(jobs) => jobs.into_iter().collect(),
            Err(error) => return self.note_queue(Some(error)),
        };
        let polls = self.polls.lost(&jobs, now.mono);
        if polls > 0 {
            tracing::warn!(polls, "the queue has lost polls: they are asked for again");
        }
        let lost = |open: &&mut Open| open.due.is_none() && jobs.contains(&open.job());
        for open in self.state.ledger.values_mut().filter(lost) {
            // A worker that holds it goes on until it hears of the loss, at the latest when its lease has run out.
            let last_sending = now.wall + self.parts.settings.lost_job_sends;
            open.doubt("the queue has lost the job", last_sending, now, Duration::ZERO);
            tracing::warn!(effect.id = open.row.id, "the queue has lost a job: it is issued again");
            turn.put_effect(open);
        }
    }

    fn take_result(&mut self, result: Delivered, now: Now, turn: &mut Turn) {
        turn.after.acknowledge.push(result.entry);
        let (of, run, answer) = match result.end {
            JobEnd::Done(text) => match serde_json::from_str::<Report>(&text) {
                Ok(report) if report.v != PROTOCOL => {
                    let why = format!("its report has version {}", report.v);
                    return self.take_unreadable(&result.job, &why, now, turn);
                }
                Ok(report) => {
                    self.count_worker(report.worker);
                    (report.of, report.run, Ok(report.answer))
                }
                Err(error) => {
                    let why = format!("its report cannot be read: {error}");
                    return self.take_unreadable(&result.job, &why, now, turn);
                }
            },
            JobEnd::Dead { error, attempts, workers } => match result.job.rsplit_once('#') {
                Some((of, run)) => {
                    let death = Death { error, attempts, workers };
                    (of.to_owned(), run.parse().unwrap_or(0), Err(death))
                }
                None => return turn.after.stale += 1,
            },
        };
        if self.polls.is_current(&of, run) {
            // A poll that was set aside is asked for again by itself; its service is shown as unavailable until it is answered.
            let unread =
                |death: Death| Answer::Unavailable { service: Service::Koji, why: death.error };
            self.take_poll(&of, answer.unwrap_or_else(unread), now, turn);
        } else if self.is_under_way(&of, run) {
            if let (Err(death), Some(open)) = (&answer, self.state.ledger.get(&of)) {
                let open = open.clone();
                self.keep_dead(result.job, &open, death.clone(), now, turn);
            }
            self.take_report(&of, answer.map_err(|death| death.error), now, turn);
        } else {
            turn.after.stale += 1;
        }
    }

    /// A report by a program of another version: its job has run, and what came of it is to be found by looking.
    fn take_unreadable(&mut self, job: &str, why: &str, now: Now, turn: &mut Turn) {
        tracing::error!(job.id = job, error = why, "a report cannot be used");
        let pause = self.parts.settings.retry_min;
        let under_way = |open: &&mut Open| open.due.is_none() && open.job() == job;
        match self.state.ledger.values_mut().find(under_way) {
            Some(open) => {
                open.doubt(why, now.wall, now, pause);
                turn.put_effect(open);
            }
            // A poll is asked for again after its deadline.
            None => turn.after.stale += 1,
        }
    }

    fn take_poll(&mut self, id: &str, answer: Answer, now: Now, turn: &mut Turn) {
        let Some(unit) = self.polls.get(id) else { return };
        let (batch, kind) = (unit.batch, kind_of(&unit.watch));
        let told = answers::of_watch(&unit.watch, answer, now.wall);
        let answered = told.is_ok();
        let changed = match told {
            Ok(event) => {
                self.heard_of(Service::Koji);
                if matches!(event, Event::UpdatesSeen { .. }) {
                    self.heard_of(Service::Bodhi);
                }
                self.tell(batch, event, now, turn)
            }
            Err(failing) => {
                self.note_failing(&failing, Duration::ZERO, now);
                false
            }
        };
        let outcome = match (answered, changed) {
            (true, true) => "changed",
            (true, false) => "unchanged",
            (false, _) => "unavailable",
        };
        self.parts.tally.poll(kind, outcome);
        self.polls.answered(id, changed, now.mono);
    }

    fn take_report(&mut self, id: &str, answer: Result<Answer, String>, now: Now, turn: &mut Turn) {
        let Some(open) = self.state.ledger.get(id) else { return };
        let batch = open.row.batch;
        let told = match answer {
            Ok(answer) => answers::of_effect(&open.entry.effect, answer, now.wall),
            Err(error) => Told::Impossible(error),
        };
        match told {
            Told::Outcome(outcome, along) => {
                self.heard_of(if open.row.kind == "submit_update" {
                    Service::Bodhi
                } else {
                    Service::Koji
                });
                self.close(id, outcome, now, turn);
                if let (Some(batch), Some(event)) = (batch, along) {
                    self.tell(batch, event, now, turn);
                }
            }
            Told::StillInDoubt { why } => self.still_in_doubt(id, &why, now, turn),
            Told::Failing(failing) => self.effect_failed(id, failing, now, turn),
            Told::Impossible(text) => {
                tracing::error!(parent: &self.traces().effect(open), error = text, "an effect is given up");
                self.close(id, Outcome::Poisoned { text }, now, turn);
            }
        }
    }
}
