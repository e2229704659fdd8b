//! Building: slices and attempts. How builds are asked for and how single tasks end stands in the modules beside.

use super::{
    effect::{Command, Effect, Notice},
    fill::Fill,
    member::{Build, Member},
    phase::{Attempted, Building, Buildroot, Ending, Ground, Phase, Stage},
    state::{Batch, Purpose, Step},
};
use crate::{id::Component, time::Timestamp};

impl Batch {
    /// Begins with the lowest order number.
    pub(super) fn begin_building(&mut self, at: Timestamp, ground: Ground, out: &mut Step) {
        let Some(order) = self.next_order(None) else {
            return self.finish_building(at, ground, out);
        };
        let building = Building {
            ground,
            order,
            attempt: 1,
            failed_before: None,
            stage: Stage::Running,
            fill: Fill::default(),
        };
        self.enter(at, Phase::Building(building), out);
        self.queue_attempt(at, order, 1, out);
    }

    /// The lowest order number above this one that has a build to be made.
    fn next_order(&self, above: Option<i64>) -> Option<i64> {
        let waiting = self.members.values().filter(|member| matches!(member.build, Build::Waiting));
        waiting
            .map(|member| member.order)
            .filter(|order| above.is_none_or(|above| *order > above))
            .min()
    }

    /// Queues the builds of one attempt: in the first all of the slice, later exactly those that failed.
    fn queue_attempt(&mut self, at: Timestamp, order: i64, attempt: u32, out: &mut Step) {
        let joins = |member: &Member| {
            member.order == order
                && if attempt == 1 {
                    matches!(member.build, Build::Waiting)
                } else {
                    member.failed_retryably()
                }
        };
        let joining: Vec<Component> = self
            .members
            .iter()
            .filter(|(_, member)| joins(member))
            .map(|(component, _)| component.clone())
            .collect();
        out.commands.push(Command::Notify(Notice::Attempt {
            order,
            number: attempt,
            builds: joining.len(),
        }));
        for component in &joining {
            self.set_build(at, component, Build::Queued { attempt }, out);
        }
    }

    pub(super) fn advance_building(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Building(building) = &mut self.phase else { return false };
        // One asking at a time, so that its answer is about all that is being asked for.
        let asking = self.open.values().any(|purpose| matches!(purpose, Purpose::BuildFill));
        let asks = building.stage != Stage::CreatingTag && !asking;
        let tag = building.ground.tag.clone();
        let builds = if asks { building.fill.ask() } else { Vec::new() };
        if building.stage == Stage::Refilling && building.fill.is_settled() {
            // Not past seeing: a build may have ended in the old tag meanwhile.
            building.stage = Stage::Buildroot(Buildroot::Seeing);
        }
        let running = building.stage == Stage::Running;
        if !builds.is_empty() {
            self.run(Purpose::BuildFill, Effect::TagBuilds { tag, builds }, out);
        }
        self.settle_tagging(at, out);
        if running {
            self.submit_more(at, out);
            return self.end_attempt_if_over(at, out);
        }
        false
    }

    /// Goes on to the next attempt, the next slice, or publishing, once every build of this attempt has its end.
    fn end_attempt_if_over(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Building(building) = &self.phase else { return false };
        let (order, attempt, ground) = (building.order, building.attempt, building.ground.clone());
        let failed_before = building.failed_before;
        let in_slice = || self.members.values().filter(|member| member.order == order);
        if !in_slice().all(Member::holds_up_nothing) {
            return false;
        }
        let failed = self.record_attempt(at, order, attempt);

        let (order, attempt, failed_before) =
            if failed > 0 && failed_before.is_none_or(|before| failed < before) {
                (order, attempt + 1, Some(failed))
            } else if let Some(order) = self.next_order(Some(order)) {
                (order, 1, None)
            } else {
                self.finish_building(at, ground, out);
                return true;
            };
        if let Phase::Building(building) = &mut self.phase {
            *building = Building {
                order,
                attempt,
                failed_before,
                stage: Stage::Buildroot(if self.plan.scratch {
                    Buildroot::ReadingEvent
                } else {
                    Buildroot::Seeing
                }),
                ground,
                fill: Fill::default(),
            };
        }
        self.queue_attempt(at, order, attempt, out);
        true
    }

    /// Keeps the figures of an attempt that is over; gives how many of its builds may be built again.
    pub(super) fn record_attempt(&mut self, at: Timestamp, order: i64, attempt: u32) -> usize {
        let joined = |member: &&Member| member.order == order && member.attempt() == attempt;
        let builds = self.members.values().filter(joined).count();
        let failed = self.members.values().filter(joined).filter(|m| m.failed_retryably()).count();
        self.attempts.push(Attempted { order, attempt, builds, failed, ended: at });
        failed
    }

    /// All slices are over: publish what is good, if there is anything.
    fn finish_building(&mut self, at: Timestamp, ground: Ground, out: &mut Step) {
        let nothing = self.attempts.is_empty();
        let ending = if nothing { Ending::Empty } else { Ending::Done };
        self.close(at, ground, ending, out);
    }
}
