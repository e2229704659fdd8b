//! Carrying out what people decide on held groups, be their batch open or ended.

use ebs_domain::{
    batch::{Decision, Undecided, decide_late},
    id::{BatchId, RequestId, TagName},
    time::Timestamp,
};

use super::{ledger::Open, now::Now, record, term::Term, turn::Turn};
use crate::store::Change;

impl Term {
    /// Retries or discards a group. Jobs that were set aside for it are decided on with it.
    pub(super) fn decide_on_group(
        &mut self,
        (batch, group): (BatchId, u32),
        decision: Decision,
        by: RequestId,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let nobody = || Undecided::NoGroup { batch, group }.to_string();
        let tag = if let Some(open) = self.state.batch(batch) {
            open.judge(group, decision).map_err(|undecided| undecided.to_string())?;
            let tag = open.groups.get(&group).and_then(|held| held.tag()).cloned();
            self.tell(batch, decision.event(group), now, turn);
            tag
        } else {
            let late = self.state.late.get_mut(&batch).and_then(|late| late.groups.get_mut(&group));
            let held = late.ok_or_else(nobody)?;
            let effect = decide_late(held, batch, group, decision)
                .map_err(|undecided| undecided.to_string())?;
            let tag = held.tag().cloned();
            turn.put(record::group(batch, group, held).map(Change::PutGroup));
            let open = Open::late(batch, group, by, effect, now);
            self.state.ledger.insert(open.row.id.clone(), open);
            tag
        };
        if let Some(tag) = tag {
            self.doubt_tag(batch, &tag, now.wall);
        }
        let of_group = self.state.dead.values();
        let of_group = of_group.filter(|row| row.batch == batch && row.update_group == Some(group));
        for job in of_group.map(|row| row.job.clone()).collect::<Vec<_>>() {
            self.drop_dead(&job, turn);
        }
        Ok(())
    }

    /// A job that was set aside is decided on.
    pub(super) fn drop_dead(&mut self, job: &str, turn: &mut Turn) {
        self.state.dead.remove(job);
        turn.others.push(Change::DropDead { job: job.to_owned() });
    }

    /// Whoever posted from this tag may have died of it, and its call may have its effect yet: what is done with the tag looks
    /// for an update first, and waits.
    fn doubt_tag(&mut self, batch: BatchId, tag: &TagName, at: Timestamp) {
        let with_tag = |open: &&mut Open| {
            open.row.batch == Some(batch) && open.entry.effect.tag() == Some(tag)
        };
        for open in self.state.ledger.values_mut().filter(with_tag) {
            open.entry.doubt = Some(at);
        }
    }
}
