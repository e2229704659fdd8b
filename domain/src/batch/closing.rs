//! Closing: all that a batch waited for is over. There may be more to publish, or builds that were detached; else it cleans up.

use std::collections::BTreeSet;

use super::{
    effect::{Command, Denial, Effect},
    group::LeftOut,
    member::{Build, Built, End, Member},
    phase::{Cleaning, Ending, Ground, Phase, Publishing},
    state::{Batch, Purpose, Step, Stopped},
};
use crate::{id::Component, time::Timestamp};

impl Batch {
    /// Builds to be published: good, not left out, and in no group yet.
    pub(super) fn to_publish(&self) -> impl Iterator<Item = (&Component, &Built)> {
        let packed = self.groups.values().flat_map(|group| &group.packed);
        let packed: BTreeSet<&Component> = packed.map(|packed| &packed.component).collect();
        self.members
            .iter()
            .filter(move |(component, _)| {
                !self.left_out.contains_key(*component) && !packed.contains(component)
            })
            .filter_map(|(component, member)| member.built().map(|built| (component, built)))
    }

    /// All that the batch waited for is over: on to what is still to be published, to what was detached, or to the end. True if
    /// that is another phase.
    pub(super) fn close(
        &mut self,
        at: Timestamp,
        ground: Ground,
        ending: Ending,
        out: &mut Step,
    ) -> bool {
        if let Some(stopped) = self.stopped {
            self.stop_detached(at, stopped, out);
        }
        if self.to_publish().next().is_some() {
            self.enter(at, Phase::Publishing(Publishing::Checking { ground }), out);
            return true;
        }
        if !self.members.values().any(Member::builds_detached) {
            self.begin_cleaning(at, ground, ending, out);
            return true;
        }
        if matches!(self.phase, Phase::Lingering { .. }) {
            return false;
        }
        self.enter(at, Phase::Lingering { ground }, out);
        self.lingers = true;
        self.deny_failures(Member::has_ended, out);
        self.answer_ended(out);
        true
    }

    /// The triggers of what is over have their answers now, and not only when the last detached build has ended.
    fn answer_ended(&mut self, out: &mut Step) {
        let over = self.members.iter().filter(|(_, member)| member.has_ended());
        let answers = over.filter_map(|(component, member)| {
            let answer = self.answer_of(component, member, Ending::Done);
            Some((component.clone(), member.trigger?, answer))
        });
        for (component, trigger, answer) in answers.collect::<Vec<_>>() {
            if let Some(member) = self.members.get_mut(&component) {
                member.trigger = None;
            }
            out.members.insert(component);
            out.commands.push(Command::Answer { trigger, answer });
        }
    }

    /// An operator ends the batch: what was detached is stopped, and what of it has ended well stays behind.
    pub(super) fn stop_detached(&mut self, at: Timestamp, stopped: Stopped, out: &mut Step) {
        for component in self.stop_running(at, out) {
            if stopped.requeue {
                self.reopen(&component, out);
            }
        }
        let behind: Vec<Component> =
            self.to_publish().map(|(component, _)| component.clone()).collect();
        for component in behind {
            if stopped.requeue {
                self.reopen(&component, out);
            }
            self.left_out.insert(component, LeftOut::Aborted);
        }
    }

    fn begin_cleaning(&mut self, at: Timestamp, ground: Ground, ending: Ending, out: &mut Step) {
        // One that lingered has denied the others by then; a person may have taken them off the list again.
        self.deny_failures(|member| !self.lingers || member.detached.is_some(), out);
        let tag = ground.tag.clone();
        self.enter(at, Phase::Cleaning(Cleaning { ground, ending }), out);
        self.run(Purpose::Remove { tag: tag.clone() }, Effect::RemoveSideTag { tag }, out);
    }

    /// The same of one batch counts once, however often it is said.
    fn deny_failures(&self, of: impl Fn(&Member) -> bool, out: &mut Step) {
        for (component, member) in self.members.iter().filter(|(_, member)| of(member)) {
            if let Build::Ended { end: End::Failed(failure), task, .. } = &member.build
                && let Some(span) = self.plan.deny.span(member.failures, failure.class)
            {
                out.commands.push(Command::Deny(Denial {
                    component: component.clone(),
                    source: member.source.clone(),
                    failure: failure.clone(),
                    task: *task,
                    span,
                }));
            }
        }
    }
}
