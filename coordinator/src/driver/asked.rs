//! Carrying out what people ask: jobs that were set aside, package lists that jump, the deny list,
//! pauses, manual triggers.
//!
//! The effect of a job that was set aside is closed, with outcome `poisoned`, in the very turn that hears of it: so its build
//! or group suffers and nothing else waits. A closed effect is never run again, so nothing here puts the job itself back on
//! the queue. What a person can have undone is the poisoning: a group that is held for it is posted by a new effect, in doubt
//! from its beginning, while its batch publishes or settles, or after it has ended.

use ebs_domain::{
    batch::Decision,
    id::{InvalidName, RequestId},
    time::Timestamp,
    trigger::Cause,
};

use super::{candidates, inputs::Sighting, ledger::Open, now::Now, term::Term, turn::Turn, work};
use crate::{
    findings::{self, Demand, Mode},
    pause::{self, OperatorPause, PAUSE},
    store::{Change, DeadRow, MAX_DEAD_LETTERS, RequestRow},
    wish::{Asked, VERSION, WantedBuild, Wish},
};

/// Most bytes of an error that are kept.
const MAX_ERROR_BYTES: usize = 2_000;

/// How a job came to be set aside.
#[derive(Clone)]
pub(super) struct Death {
    /// The last error.
    pub(super) error: String,
    /// How often it began.
    pub(super) attempts: u32,
    /// Who held it, the latest last.
    pub(super) workers: Vec<String>,
}

impl Term {
    /// A job was set aside: kept for people.
    pub(super) fn keep_dead(
        &mut self,
        job: String,
        open: &Open,
        death: Death,
        now: Now,
        turn: &mut Turn,
    ) {
        let Death { mut error, attempts, workers } = death;
        let Some(batch) = open.row.batch else {
            // Nobody is harmed: what it was about is found again.
            let span = self.traces().effect(open);
            return tracing::error!(parent: &span, job.id = job, error, "a job about an orphan is given up");
        };
        error.truncate(error.floor_char_boundary(MAX_ERROR_BYTES));
        let row = DeadRow {
            batch,
            update_group: work::group_of(&open.entry.effect),
            kind: open.row.kind.clone(),
            what: work::effect_line(&open.entry.effect),
            workers: workers.join(" "),
            suffers: work::suffers(batch, &open.entry.effect),
            attempts,
            error,
            since: now.wall,
            job,
        };
        let span = self.traces().effect(open);
        tracing::error!(parent: &span, job.id = row.job, error = row.error, "a job is set aside");
        turn.others.push(Change::PutDead(row.clone()));
        self.state.dead.insert(row.job.clone(), row);
        // As in the store: of too many the oldest go.
        if self.state.dead.len() > usize::try_from(MAX_DEAD_LETTERS).unwrap_or(usize::MAX) {
            let oldest = self.state.dead.values().min_by_key(|row| row.since);
            if let Some(job) = oldest.map(|row| row.job.clone()) {
                self.state.dead.remove(&job);
            }
        }
    }

    /// Carries a person's request out, and answers it.
    pub(super) fn take_request(&mut self, request: &RequestRow, now: Now, turn: &mut Turn) {
        // They come in order, and may have been read again just before the answer was stored.
        if self.state.looked_at >= Some(request.id) {
            return;
        }
        self.state.looked_at = Some(request.id);
        let asked = match serde_json::from_str::<Asked>(&request.payload) {
            Ok(asked) if asked.v <= VERSION => asked,
            Ok(_) | Err(_) => {
                // A newer program leads again soon; it knows.
                tracing::warn!(request.id = request.id.get(), "a request cannot be understood");
                return;
            }
        };
        let done = match &asked.wish {
            Wish::Redrive { job } => self.redrive(request.id, job, now, turn),
            Wish::RetryGroup { batch, group, .. } => {
                self.decide_on_group((*batch, *group), Decision::Retry, request.id, now, turn)
            }
            Wish::DiscardGroup { batch, group, .. } => {
                self.decide_on_group((*batch, *group), Decision::Discard, request.id, now, turn)
            }
            Wish::GiveUp { job } => self.give_up(job, turn),
            // Whoever refreshes next reads it; the jump may have been taken back by then.
            Wish::ConfirmList { list, since } => {
                turn.others.push(Change::ConfirmList { name: list.clone(), since: *since });
                Ok(())
            }
            Wish::Trigger { builds, .. } => self.trigger(&asked, builds, now, turn),
            Wish::OnBatch { batch, operation, .. } => {
                self.operate(&asked, (*batch, operation), now, turn)
            }
            Wish::Refresh => {
                self.parts.refresh.notify_one();
                Ok(())
            }
            Wish::Undeny { sources, .. } => {
                turn.others.push(Change::Undeny(sources.clone()));
                Ok(())
            }
            Wish::Pause { until } => self.pause(&asked, *until, now, turn),
            Wish::Unpause => self.unpause(turn),
            Wish::Reconcile { dry_run } => demand(request.id, &asked, *dry_run, turn),
            Wish::Import { triggers, denied, .. } => {
                self.take_over(&asked, (triggers, denied), now, turn)
            }
        };
        let result = match done {
            Ok(()) => "done".to_owned(),
            Err(why) => format!("refused: {why}"),
        };
        tracing::info!(
            request.id = request.id.get(),
            request.action = asked.wish.word(),
            result,
            "a request is answered"
        );
        turn.others.push(Change::AnswerRequest { id: request.id, done: now.wall, result });
    }

    /// Stores a trigger for each build. A person's is never swallowed by one that is there.
    fn trigger(
        &self,
        asked: &Asked,
        builds: &[WantedBuild],
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let policy = self.parts.snapshot.borrow().policy.clone();
        let aside = asked.wish.set_aside();
        for wanted in builds {
            let (who, why) = (asked.who.clone(), asked.why.clone());
            let package = policy.upstream_name(&wanted.component).parse();
            let sighting = Sighting {
                package: package.map_err(|error: InvalidName| error.to_string())?,
                tag: wanted.tag.clone(),
                build: wanted.build,
                nvr: wanted.nvr.clone(),
                cause: Cause::Person { who, why, force: aside.denied, again: aside.built },
                message: None,
            };
            let trigger = candidates::trigger(sighting, &policy, now.wall);
            turn.triggers.push(trigger.map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// One that is there is replaced: the newest word counts.
    fn pause(
        &mut self,
        asked: &Asked,
        until: Option<Timestamp>,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let (who, why) = (asked.who.clone(), asked.why.clone());
        let pause = OperatorPause { v: pause::VERSION, who, why, since: now.wall, until };
        if !pause.holds(now.wall) {
            return Err("the time until which to pause is over".to_owned());
        }
        let value = pause.write().map_err(|error| format!("{error:#}"))?;
        turn.others.push(Change::PutMark { name: PAUSE.to_owned(), value });
        self.state.pause = Some(pause);
        Ok(())
    }

    fn unpause(&mut self, turn: &mut Turn) -> Result<(), String> {
        if self.state.pause.take().is_none() {
            let configuration = self.parts.snapshot.borrow().paused;
            let more = if configuration { ": the configuration does, change it there" } else { "" };
            return Err(format!("no person pauses{more}"));
        }
        turn.others.push(Change::PutMark { name: PAUSE.to_owned(), value: String::new() });
        Ok(())
    }

    fn set_aside(&self, job: &str) -> Result<&DeadRow, String> {
        self.state.dead.get(job).ok_or_else(|| format!("no job `{job}` is set aside"))
    }

    fn give_up(&mut self, job: &str, turn: &mut Turn) -> Result<(), String> {
        self.set_aside(job)?;
        self.drop_dead(job, turn);
        Ok(())
    }

    fn redrive(
        &mut self,
        by: RequestId,
        job: &str,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let letter = self.set_aside(job)?;
        let (batch, kind) = (letter.batch, letter.kind.clone());
        let Some(group) = letter.update_group else {
            return Err(format!(
                "the effect of `{kind}` is closed and its batch went on without it: builds that failed are \
                 built again by another attempt or a new trigger"
            ));
        };
        self.decide_on_group((batch, group), Decision::Retry, by, now, turn)
    }
}

/// Keeps that a person asks for a run of reconcile, which reads it there: so it outlives this process. One that waits already is
/// replaced.
fn demand(request: RequestId, asked: &Asked, dry_run: bool, turn: &mut Turn) -> Result<(), String> {
    let mode = if dry_run { Mode::Dry } else { Mode::Real };
    let (who, why) = (asked.who.clone(), asked.why.clone());
    let demand = Demand { v: findings::VERSION, request, who, why };
    let value = serde_json::to_string(&demand).map_err(|error| error.to_string())?;
    turn.others.push(Change::PutMark { name: mode.demand().to_owned(), value });
    Ok(())
}
