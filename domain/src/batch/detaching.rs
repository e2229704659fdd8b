//! Detaching: an operator has the batch go on without the end of one build. Its task runs on in the build side tag, which is
//! kept for it; when it ends well, it is published in a group of its own. The next batch does not wait for that.

use super::{
    member::Build,
    phase::{Ending, Phase, Publishing},
    seen::TaskFate,
    state::{Batch, Step},
};
use crate::{id::Component, time::Timestamp};

impl Batch {
    /// Whether the next batch has to wait for its end.
    #[must_use]
    pub fn holds_up(&self) -> bool {
        !self.lingers && !matches!(self.phase, Phase::Ended { .. })
    }

    /// Whether it still works on a component: one that lingers does on those it waits for, and on no others.
    #[must_use]
    pub fn works_on(&self, component: &Component) -> bool {
        let Some(member) = self.members.get(component) else { return false };
        self.holds_up()
            || member.builds_detached()
            || self.to_publish().any(|(publishable, _)| publishable == component)
    }

    /// Whether an operator can (still) detach its build: only a task that runs can outlive the slice. Saying so twice does no
    /// harm.
    pub(super) fn may_be_detached(&self, component: &Component) -> bool {
        let Some(member) = self.members.get(component) else { return false };
        let runs = matches!(member.build, Build::Running { .. });
        let builds = matches!(self.phase, Phase::Building(_));
        member.detached.is_some() || (builds && runs && !self.plan.scratch)
    }

    pub(super) fn on_detach(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        if member.detached.is_none() {
            member.detached = Some(at);
            out.members.insert(component.clone());
        }
    }

    /// Whether a task that has ended is to be looked at again later. While drafts are being promoted, groups are about to be made
    /// of what was asked about; what ends meanwhile was not, and must not come among them.
    pub(super) fn looks_again_later(&self, fate: &TaskFate) -> bool {
        matches!(fate, TaskFate::Ended(_))
            && matches!(self.phase, Phase::Publishing(Publishing::Promoting { .. }))
    }

    /// Publishes what has ended well, each as soon as it has, and cleans up after the last.
    pub(super) fn advance_lingering(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Lingering { ground } = &self.phase else { return false };
        let ground = ground.clone();
        self.close(at, ground, Ending::Done, out)
    }
}
