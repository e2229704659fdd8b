//! What all runs of the leader's effects share: what is known before, and what a failed call means.

use ebs_domain::batch::Effect;
use ebs_shared::{
    job::Service,
    koji::error::{KojiError, Retry},
};

use crate::driver::inputs::Failing;

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
}

/// What a failed call means for an effect. A refusal that is not about single builds needs an operator, and waits for one.
pub(super) fn failing(error: &KojiError) -> Failing {
    let (service, why) = (Service::Koji, crate::report::chain(error));
    match error.retry() {
        Retry::Look => Failing::Unknown { service, why },
        Retry::Later | Retry::Never => Failing::Unavailable { service, why },
    }
}
