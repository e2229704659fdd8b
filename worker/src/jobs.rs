//! The work of each kind of job, one file for each. Reads the job, calls the neighbours, makes the report.
//!
//! A neighbour that is away is an answer, not a failure: the queue's attempts count only what goes wrong in here.

use std::time::Duration;

use async_trait::async_trait;
use ebs_shared::{
    job::{Answer, Job, PROTOCOL, Report, Work},
    queue::Held,
};
use serde::Deserialize;

use crate::{Handler, LeaseView, Verdict};

mod cancel_tasks;
mod doubt;
mod neighbours;
mod poll_repo;
mod poll_tag;
mod poll_tasks;
mod poll_updates;
mod see_tasks;
mod submit_builds;
mod submit_update;

use doubt::Look;

pub use neighbours::Jobs;

/// What every version of a job says at its front.
#[derive(Deserialize)]
struct Front {
    v: u32,
    of: String,
    run: u32,
}

#[async_trait]
impl Handler for Jobs {
    async fn handle(&self, held: &Held, lease: &LeaseView) -> Verdict {
        let front: Front = match serde_json::from_str(&held.payload) {
            Ok(front) => front,
            Err(error) => {
                let error = format!("the job cannot be read: {error}");
                return Verdict::Failed { error, delay: Duration::ZERO, again: false };
            }
        };
        if front.v != PROTOCOL {
            return Verdict::NotMine;
        }
        let answer = match serde_json::from_str::<Job>(&held.payload) {
            Ok(job) => self.answer(job, held, lease).await,
            Err(error) => {
                Answer::Impossible { why: format!("the job cannot be understood: {error}") }
            }
        };
        self.report(front, answer)
    }
}

impl Jobs {
    async fn answer(&self, job: Job, held: &Held, lease: &LeaseView) -> Answer {
        let looking = |doubt| Look::from(doubt, held.attempt, self.clock.now());
        let creates = job.work.creates();
        let step = match job.work {
            Work::SubmitBuilds { options, builds, doubt } => {
                self.submit_builds(&options, &builds, looking(doubt), lease).await
            }
            Work::CancelTasks { tasks } => self.cancel_tasks(&tasks).await,
            Work::SubmitUpdate { update, builds, nvrs, doubt } => {
                let post = submit_update::Post { update: &update, builds: &builds, nvrs: &nvrs };
                self.submit_update(&post, looking(doubt), lease).await
            }
            Work::PollTasks { tasks } => self.poll_tasks(&tasks).await,
            Work::PollTag { tag, tasks } => self.poll_tag(&tag, &tasks).await,
            Work::PollRepo { request } => self.poll_repo(request).await,
            Work::PollUpdates { aliases, stable_tag, packages } => {
                self.poll_updates(&aliases, &stable_tag, &packages).await
            }
        };
        let answer = step.unwrap_or_else(|early| early);
        // An earlier delivery of this run may have sent its call. Nobody but us knows: it must not be taken for never sent.
        if let Answer::Unavailable { why, .. } = &answer
            && creates
            && held.attempt > 1
        {
            return Answer::Unknown { why: why.clone() };
        }
        answer
    }

    fn report(&self, front: Front, answer: Answer) -> Verdict {
        let report = Report {
            v: PROTOCOL,
            of: front.of,
            run: front.run,
            worker: self.worker.clone(),
            at: self.clock.now(),
            answer,
        };
        match serde_json::to_string(&report) {
            Ok(text) => Verdict::Done(text),
            Err(error) => {
                let error = format!("the report cannot be written: {error}");
                Verdict::Failed { error, delay: Duration::ZERO, again: false }
            }
        }
    }
}

#[cfg(test)]
mod tests;
