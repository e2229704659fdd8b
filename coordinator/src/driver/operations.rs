//! Carrying out what operators ask of a batch that has not ended: ending it, taking a component out, declaring a build failed,
//! detaching it.

use ebs_domain::{
    batch::{Event, Operation},
    id::BatchId,
};

use super::{now::Now, term::Term, turn::Turn};
use crate::{
    pause::{self, OperatorPause, PAUSE},
    store::Change,
    wish::Asked,
};

impl Term {
    /// Does it, if it can be done now.
    pub(super) fn operate(
        &mut self,
        asked: &Asked,
        (batch, operation): (BatchId, &Operation),
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let open = self.state.batch(batch).ok_or_else(|| {
            format!("batch {batch} does not run: `ebsctl status` shows the one that does")
        })?;
        open.foresee(operation)?;
        let event = match operation {
            Operation::Abort { requeue } => {
                if *requeue {
                    self.pause_for_requeue(asked, batch, now, turn)?;
                }
                Event::Abort { requeue: *requeue }
            }
            Operation::Drop { component } => Event::Drop { component: component.clone() },
            Operation::Fail { component } => Event::Fail {
                component: component.clone(),
                text: format!("declared failed by {}: {}", asked.who, asked.why),
            },
            Operation::Detach { component } => Event::Detach { component: component.clone() },
        };
        self.tell(batch, event, now, turn);
        Ok(())
    }

    /// What waits again would else be built again at once. A pause without an end that is there says as much.
    fn pause_for_requeue(
        &mut self,
        asked: &Asked,
        batch: BatchId,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        if self.state.pause.as_ref().is_some_and(|pause| pause.until.is_none()) {
            return Ok(());
        }
        let why = format!("batch {batch} was aborted and its triggers wait again: {}", asked.why);
        let (v, who, since) = (pause::VERSION, asked.who.clone(), now.wall);
        let pause = OperatorPause { v, who, why, since, until: None };
        let value = pause.write().map_err(|error| format!("{error:#}"))?;
        turn.others.push(Change::PutMark { name: PAUSE.to_owned(), value });
        self.state.pause = Some(pause);
        Ok(())
    }
}
