//! The work of each kind of job, one file for each. Reads the job, calls the neighbours, makes the report.
//!
//! A neighbour that is away is an answer, not a failure: the queue's attempts count only what goes wrong in here.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_shared::{
    bodhi::api::{BodhiError, Updates},
    clock::Clock,
    job::{Answer, Job, PROTOCOL, Report, Service, Work},
    koji::{
        api::Hub,
        error::{KojiError, Retry},
    },
    queue::Held,
};
use serde::Deserialize;

use crate::{Handler, LeaseView, Verdict};

mod cancel_tasks;
mod doubt;
mod poll_repo;
mod poll_tag;
mod poll_tasks;
mod poll_updates;
mod see_tasks;
mod submit_builds;
mod submit_update;

use doubt::Look;

/// Does the work of all kinds of jobs.
pub(crate) struct Jobs {
    pub(crate) hub: Arc<dyn Hub>,
    pub(crate) updates: Arc<dyn Updates>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Name of this worker, for reports.
    pub(crate) worker: String,
    /// Time limit of the longest creating call.
    pub(crate) create_limit: Duration,
}

/// A job that has an answer early: the answer is the error, so that `?` ends the work.
type Step<T> = Result<T, Answer>;

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
        step.unwrap_or_else(|early| early)
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

/// The answer to a failed call that changes nothing, or that may be repeated as it is.
fn koji_away(error: &KojiError) -> Answer {
    match error.retry() {
        Retry::Later | Retry::Look => unavailable(Service::Koji, error),
        Retry::Never => Answer::Impossible { why: chain(error) },
    }
}

/// The same for Bodhi, whose reads fail for no other reason.
fn bodhi_away(error: &BodhiError) -> Answer {
    unavailable(Service::Bodhi, error)
}

fn unavailable(service: Service, error: &dyn Error) -> Answer {
    Answer::Unavailable { service, why: chain(error) }
}

/// An error with all its sources, for people.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
