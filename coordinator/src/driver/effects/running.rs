//! What all runs of the leader's effects share: what is known before, and what a failed call means.

use std::time::Duration;

use ebs_domain::batch::Effect;
use ebs_shared::{
    job::Service,
    koji::error::{KojiError, Retry},
};
use tokio::{sync::watch, time::Instant};

use crate::driver::failing::Failing;

/// One run of an effect, with all it needs.
#[derive(Clone, Debug)]
pub(in crate::driver) struct Running {
    pub(in crate::driver) effect: Effect,
    /// Whether an earlier run may have had its effect.
    pub(in crate::driver) look_first: bool,
    /// Whether it may create if nothing is found.
    pub(in crate::driver) may_create: bool,
    /// The side tags that existed before the first run.
    pub(in crate::driver) known: Vec<i64>,
    /// Whether it belongs to no batch, so that what it removes may have come to belong to somebody.
    pub(in crate::driver) of_nobody: bool,
    /// For the tag of a group that is given up: an NVR of the group, by which an update from that tag is looked for.
    pub(in crate::driver) given_up: Option<String>,
    /// Until when the lease lasts for certain.
    pub(in crate::driver) lease: watch::Receiver<Instant>,
}

impl Running {
    /// Whether the lease outlasts a call that begins now. Looks that came before may have taken long.
    pub(super) fn may_call(&self, limit: Duration) -> bool {
        *self.lease.borrow() >= Instant::now() + limit
    }
}

/// What a failed look means: it has changed nothing, however it failed.
pub(super) fn looking(error: &KojiError) -> Failing {
    Failing::Unavailable { service: Service::Koji, why: crate::report::chain(error) }
}

/// What a failed call means for an effect. A refusal that is not about single builds needs an operator, and waits for one.
pub(super) fn failing(error: &KojiError) -> Failing {
    let (service, why) = (Service::Koji, crate::report::chain(error));
    match error.retry() {
        Retry::Look => Failing::Unknown { service, why },
        Retry::Later | Retry::Never => Failing::Unavailable { service, why },
    }
}
