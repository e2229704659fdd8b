//! From inputs to changes: everything here is quick and waits for nothing.

use std::time::Duration;

use ebs_domain::{
    batch::{Batch, Command, Event, Outcome, Step, settle_groups},
    forming::{self, Decision, Forming, Pause},
    id::BatchId,
};
use ebs_shared::{
    job::{Answer, Report, Service},
    queue::{Delivered, JobEnd},
};

use super::{
    answers::{self, Told},
    candidates,
    inputs::{Done, Failing, Input},
    ledger::Open,
    reads::Reading,
    record,
    term::Term,
    turn::{Now, Turn},
};
use crate::store::{Change, TriggerAnswer};

/// Most workers whose results are counted apart: names change with each start of a worker.
const MAX_WORKERS_COUNTED: usize = 1000;

impl Term<'_> {
    pub(super) fn take_input(&mut self, input: Input, now: Now, turn: &mut Turn) {
        match input {
            Input::Intake { sightings, odd, marks, stored } => {
                let policy = self.parts.snapshot.borrow().policy.clone();
                for sighting in sightings {
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
                self.parts.probe.show(|progress| progress.queue_error = None);
                for result in results {
                    self.take_result(result, now, turn);
                }
            }
            Input::QueueFailed(error) => {
                self.parts.probe.show(|progress| progress.queue_error = Some(error))
            }
        }
    }

    pub(super) fn take_done(&mut self, done: Done, now: Now, turn: &mut Turn) {
        match done {
            Done::Listed { effect, run, known } => {
                let Some(open) =
                    self.state.ledger.get_mut(&effect).filter(|open| open.row.run == run)
                else {
                    return;
                };
                match known {
                    Ok(known) => {
                        open.entry.known = Some(known);
                        open.due = Some(now.mono);
                        self.heard_of(Service::Koji);
                    }
                    Err(failing) => self.effect_failed(&effect, failing, now, turn),
                }
            }
            Done::Effect { effect, run, result } => {
                if self
                    .state
                    .ledger
                    .get(&effect)
                    .is_none_or(|open| open.row.run != run || open.due.is_some())
                {
                    turn.stale += 1;
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
            Done::Read { asked, result: Ok(event) } => {
                self.read_due = Some(now.mono);
                self.read_failing = None;
                self.heard_of(Service::Koji);
                // An answer to what is not asked any more says nothing about what is.
                let asks =
                    |batch: &&Batch| batch.reads().is_some_and(|read| Reading::of(read) == asked);
                match self.state.batch.as_ref().filter(asks).map(|batch| batch.id) {
                    Some(id) => {
                        self.tell(id, event, now, turn);
                    }
                    None => turn.stale += 1,
                }
            }
            Done::Read { result: Err(failing), .. } => {
                let since = *self.read_failing.get_or_insert(now.mono);
                self.read_due = Some(now.mono + self.pause_after(now.mono - since));
                self.note_failing(&failing, now);
            }
            Done::Missing(jobs) => self.take_missing(jobs, now, turn),
        }
    }

    /// Jobs the queue does not know: their runs may have been under way when they were lost.
    fn take_missing(&mut self, jobs: Result<Vec<String>, String>, now: Now, turn: &mut Turn) {
        self.reconcile_due = Some(now.mono + self.parts.settings.reconcile);
        let jobs = match jobs {
            Ok(jobs) => jobs,
            Err(error) => {
                return self.parts.probe.show(|progress| progress.queue_error = Some(error));
            }
        };
        for open in self
            .state
            .ledger
            .values_mut()
            .filter(|open| open.due.is_none() && jobs.contains(&open.job()))
        {
            // A worker that holds it goes on until it hears of the loss, at the latest when its lease has run out.
            let last_sending = now.wall + self.parts.settings.lost_job_sends;
            open.doubt("the queue has lost the job", last_sending, now, Duration::ZERO);
            tracing::warn!(effect.id = open.row.id, "the queue has lost a job: it is issued again");
            store_effect(open, turn);
        }
    }

    fn take_result(&mut self, result: Delivered, now: Now, turn: &mut Turn) {
        turn.acknowledge.push(result.entry);
        let (of, run, answer) = match result.end {
            JobEnd::Done(text) => match serde_json::from_str::<Report>(&text) {
                Ok(report) => {
                    self.count_worker(report.worker);
                    (report.of, report.run, Ok(report.answer))
                }
                Err(error) => {
                    tracing::error!(job.id = result.job, %error, "a report cannot be read");
                    turn.stale += 1;
                    return;
                }
            },
            JobEnd::Dead(error) => match result.job.rsplit_once('#') {
                Some((of, run)) => (of.to_owned(), run.parse().unwrap_or(0), Err(error)),
                None => return turn.stale += 1,
            },
        };
        if self.polls.is_current(&of, run) {
            let unread = |why| Answer::Unavailable { service: Service::Koji, why };
            self.take_poll(&of, answer.unwrap_or_else(unread), now, turn);
        } else if self
            .state
            .ledger
            .get(&of)
            .is_some_and(|open| open.row.run == run && open.due.is_none())
        {
            self.take_report(&of, answer, now, turn);
        } else {
            turn.stale += 1;
        }
    }

    fn count_worker(&self, worker: String) {
        self.parts.probe.show(|progress| {
            let workers = &mut progress.jobs_by_worker;
            if workers.len() < MAX_WORKERS_COUNTED || workers.contains_key(&worker) {
                *workers.entry(worker).or_default() += 1;
            }
        });
    }

    fn take_poll(&mut self, id: &str, answer: Answer, now: Now, turn: &mut Turn) {
        let Some(unit) = self.polls.get(id) else { return };
        let (batch, told) = (unit.batch, answers::of_watch(&unit.watch, answer, now.wall));
        let changed = match told {
            Ok(event) => {
                self.heard_of(Service::Koji);
                if matches!(event, Event::UpdatesSeen { .. }) {
                    self.heard_of(Service::Bodhi);
                }
                self.tell(batch, event, now, turn)
            }
            Err(failing) => {
                self.note_failing(&failing, now);
                false
            }
        };
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
                if let Some(event) = along {
                    self.tell(batch, event, now, turn);
                }
            }
            Told::StillInDoubt { why } => self.still_in_doubt(id, &why, now, turn),
            Told::Failing(failing) => self.effect_failed(id, failing, now, turn),
            Told::Impossible(text) => {
                tracing::error!(effect.id = id, error = text, "an effect is given up");
                self.close(id, Outcome::Poisoned { text }, now, turn);
            }
        }
    }

    /// Tells a batch, or what is left of it, something. True if it changed anything.
    pub(super) fn tell(&mut self, id: BatchId, event: Event, now: Now, turn: &mut Turn) -> bool {
        if let Some(batch) = self.state.batch.as_mut().filter(|batch| batch.id == id) {
            let word = event.word();
            return match batch.step(now.wall, event) {
                Ok(step) => self.absorb(step, now, turn),
                Err(illegal) => {
                    tracing::error!(batch.id = id.get(), event = word, error = %illegal, "an impossible event");
                    false
                }
            };
        }
        let (Some(late), Event::UpdatesSeen { updates, stable }) =
            (self.state.late.get_mut(&id), event)
        else {
            turn.stale += 1;
            return false;
        };
        let changed = settle_groups(&mut late.groups, &late.plan, &updates, &stable, now.wall);
        for (number, group) in &changed {
            tracing::info!(
                batch.id = id.get(),
                group = number,
                state = group.word(),
                "a late group moved"
            );
            put(record::group(id, *number, group).map(Change::PutGroup), turn);
        }
        late.groups.retain(|_, group| group.is_open());
        !changed.is_empty()
    }

    /// Takes what came out of a step. True if anything came.
    fn absorb(&mut self, step: Step, now: Now, turn: &mut Turn) -> bool {
        let Some(batch) = &self.state.batch else { return false };
        let changed = step != Step::default();
        turn.batch |= changed;
        turn.members.extend(step.members);
        turn.groups.extend(step.groups);
        let id = batch.id;
        for command in step.commands {
            match command {
                Command::Run { no, effect } => {
                    let open = Open::new(id, no, effect, now.wall, now.mono);
                    self.state.ledger.insert(open.row.id.clone(), open);
                }
                Command::Settle { no } => {
                    let of_batch = |open: &&mut Open| open.row.batch == id && open.entry.no == no;
                    if let Some(open) = self.state.ledger.values_mut().find(of_batch) {
                        open.entry.settle_only = true;
                        open.due = open.due.map(|_| now.mono);
                        store_effect(open, turn);
                    }
                }
                Command::Answer { trigger, answer } => {
                    self.state.pending.remove(&trigger);
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
                    turn.answers.push(TriggerAnswer {
                        id: trigger,
                        answer: None,
                        shown: None,
                        batch: None,
                    });
                }
                Command::Deny(denial) => {
                    turn.others.push(Change::Deny(record::denial(id, denial, now.wall)));
                }
                Command::Notify(notice) => super::notices::log(id, &notice),
            }
        }
        changed
    }

    /// Begins a batch when its time has come.
    pub(super) fn form_batch(&mut self, now: Now, turn: &mut Turn) {
        if self.state.batch.is_some() {
            return;
        }
        let settings = &self.parts.settings;
        let state = Forming {
            lull: settings.lull,
            max_lull: settings.max_lull,
            first_pending: self.state.pending.values().map(|row| row.trigger.created).min(),
            last_eligible: self.state.last_eligible,
            last_batch_ended: self.state.last_ended,
            pause: self.pause,
        };
        match forming::decide(&state, now.wall) {
            Decision::Idle | Decision::Paused => self.form_due = None,
            Decision::Wait(until) => self.form_due = Some(now.mono + until.since(now.wall)),
            Decision::Begin => {
                let snapshot = self.parts.snapshot.borrow().clone();
                let candidates = candidates::candidates(&self.state.pending, &snapshot.policy);
                let id = BatchId::new(self.state.newest_batch + 1);
                self.state.newest_batch = id.get();
                let uuid = self.parts.chance.uuid();
                tracing::info!(
                    batch.id = id.get(),
                    candidates = candidates.len(),
                    "forming a batch"
                );
                self.state.batch =
                    Some(Batch::form(id, uuid, snapshot.plan.clone(), candidates, now.wall));
                self.read_due = Some(now.mono);
                turn.batch = true;
            }
        }
    }

    /// Takes note of a pause that began or ended.
    pub(super) fn follow_snapshot(&mut self, now: Now) {
        let paused = self.parts.snapshot.borrow().paused;
        self.pause = match (self.pause, paused) {
            (_, true) => Pause::Paused,
            (Pause::Paused, false) => Pause::Running { since: Some(now.wall) },
            (Pause::Running { since }, false) => Pause::Running { since },
        };
    }

    /// A neighbour answered.
    fn heard_of(&self, service: Service) {
        self.parts.probe.show(|progress| {
            if progress.unavailable.remove(&service).is_some() {
                tracing::info!(service = ?service, "available again");
            }
        });
    }

    /// A neighbour did not answer: said once, and as an error when it lasts.
    pub(super) fn note_failing(&self, failing: &Failing, now: Now) {
        let (service, why) = match failing {
            Failing::Unavailable { service, why } | Failing::Unknown { service, why } => {
                (service, why)
            }
            Failing::NotYet { .. } => return,
        };
        let mut since = now.wall;
        let mut first = false;
        self.parts.probe.show(|progress| {
            first = !progress.unavailable.contains_key(service);
            since = *progress.unavailable.entry(*service).or_insert(now.wall);
        });
        if first {
            tracing::warn!(service = ?service, error = why, "not available: waiting");
        } else if now.wall.since(since) >= self.parts.settings.alarm_after {
            tracing::error!(service = ?service, error = why, since = %since, "not available for long");
        }
    }
}

/// Puts an effect's row among the changes.
pub(super) fn store_effect(open: &Open, turn: &mut Turn) {
    match open.to_row() {
        Ok(row) => drop(turn.effects.insert(row.id.clone(), row)),
        Err(error) => {
            tracing::error!(effect.id = open.row.id, %error, "cannot write an effect down")
        }
    }
}

fn put(change: Result<Change, serde_json::Error>, turn: &mut Turn) {
    match change {
        Ok(change) => turn.others.push(change),
        Err(error) => tracing::error!(%error, "cannot write a state down"),
    }
}
