//! What the work of every kind of job leans on: the neighbours, and what their failures mean.

use std::{error::Error, sync::Arc, time::Duration};

use ebs_shared::{
    bodhi::api::{BodhiError, Updates},
    clock::Clock,
    job::{Answer, Service},
    koji::{
        api::Hub,
        error::{KojiError, Retry},
    },
};

/// Does the work of all kinds of jobs.
pub struct Jobs {
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// Bodhi.
    pub updates: Arc<dyn Updates>,
    /// The time of day, for reports.
    pub clock: Arc<dyn Clock>,
    /// Name of this worker, for reports.
    pub worker: String,
    /// Time limit of the longest creating call.
    pub create_limit: Duration,
}

/// A job that has an answer early: the answer is the error, so that `?` ends the work.
pub(super) type Step<T> = Result<T, Answer>;

/// The answer to a failed call that changes nothing, or that may be repeated as it is.
pub(super) fn koji_away(error: &KojiError) -> Answer {
    match error.retry() {
        Retry::Later | Retry::Look => unavailable(Service::Koji, error),
        Retry::Never => Answer::Impossible { why: chain(error) },
    }
}

/// The same for Bodhi, whose reads fail for no other reason.
pub(super) fn bodhi_away(error: &BodhiError) -> Answer {
    unavailable(Service::Bodhi, error)
}

fn unavailable(service: Service, error: &dyn Error) -> Answer {
    Answer::Unavailable { service, why: chain(error) }
}

/// An error with all its sources, for people.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
