//! Taking over what was open in the service before this one, as a person asks. Decides nothing: that was done where it was
//! asked for, and what has changed since is seen when the batch is prepared.

use ebs_domain::{id::InvalidName, trigger::Cause};

use super::{candidates, inputs::Sighting, now::Now, term::Term, turn::Turn};
use crate::{
    manual::import::denial,
    store::{Change, DenyRow},
    wish::{Asked, FailedBefore, WaitedBefore},
};

impl Term {
    /// Stores the triggers as if we had heard of the builds ourselves, so one that is there is not doubled; and the denials, of
    /// which one that is there and lasts as long stays.
    pub(super) fn take_over(
        &self,
        asked: &Asked,
        (triggers, denied): (&[WaitedBefore], &[FailedBefore]),
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let policy = self.parts.snapshot.borrow().policy.clone();
        let (who, why) = (&asked.who, &asked.why);
        for WaitedBefore { build, since } in triggers {
            let package = policy.upstream_name(&build.component).parse();
            let cause = Cause::Import { who: who.clone(), why: why.clone(), since: *since };
            let sighting = Sighting {
                package: package.map_err(|error: InvalidName| error.to_string())?,
                tag: build.tag.clone(),
                build: build.build,
                nvr: build.nvr.clone(),
                cause,
                message: None,
            };
            let trigger = candidates::trigger(sighting, &policy, now.wall);
            turn.triggers.push(trigger.map_err(|error| error.to_string())?);
        }
        for failed in denied {
            let text = format!("taken over by {who} from the service before ({why})");
            turn.others.push(Change::Deny(DenyRow { text, ..denial(failed) }));
        }
        Ok(())
    }
}
