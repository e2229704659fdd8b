use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::prelude::*;
use uuid::Uuid;

use super::{super::*, play::plan, world::World};
use crate::{
    id::{BatchId, BuildId, Component, TriggerId},
    policy::Eligibility,
    time::Timestamp,
    trigger::Answer,
};

/// After so many events nothing goes wrong any more.
const CHAOS: usize = 250;
/// By then every batch has come to its end.
const PATIENCE: usize = 4000;

/// A batch in its world, with what a store would hold.
struct Run {
    batch: Batch,
    world: World,
    members: BTreeMap<Component, Member>,
    groups: BTreeMap<u32, Group>,
    answers: BTreeMap<TriggerId, Vec<Option<Answer>>>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let components = 1 + i64::try_from(world.dice.roll(6)).unwrap();
        let candidates = (1..=components).map(|n| Candidate {
            component: format!("c{n}").parse().unwrap(),
            package: format!("c{n}").parse().unwrap(),
            order: i64::try_from(world.dice.roll(2)).unwrap(),
            may_seed: world.dice.roll(4) > 0,
            eligibility: Eligibility::Yes,
            forced: false,
            again: false,
            triggers: vec![(TriggerId::new(n), BuildId::new(n))],
        });
        let candidates = candidates.collect();
        let plan = Plan {
            max_open_builds: 2,
            batch_size: 2,
            max_single_batch_size: 3,
            stable_timeout: Duration::from_secs(5000),
            ..plan()
        };
        let (id, uuid) = (BatchId::new(1), Uuid::from_u128(1));
        let batch = Batch::form(id, uuid, plan, candidates, Timestamp::from_millis(0));
        let (members, groups, answers) = Default::default();
        Self { batch, world, members, groups, answers }
    }

    fn ended(&self) -> bool {
        matches!(self.batch.phase, Phase::Ended { .. })
    }

    fn give(&mut self, event: Event) {
        let at = Timestamp::from_millis(self.world.now * 1000);
        let before = self.batch.clone();
        match self.batch.step(at, event) {
            Err(_) => assert_eq!(self.batch, before, "an illegal event changes nothing"),
            Ok(step) => {
                self.world.take(&step);
                self.keep(&step);
            }
        }
        self.invariant_the_store_holds_the_same_batch();
        self.invariant_the_window_is_never_exceeded();
        self.invariant_updates_hold_good_builds_of_the_batch_once();
        self.invariant_no_batch_is_stuck();
        self.invariant_what_is_detached_runs_or_has_ended_and_alone_lingers();
    }

    fn keep(&mut self, step: &Step) {
        for command in &step.commands {
            match command {
                Command::Answer { answer: Answer::InBatch { .. }, .. } => {}
                Command::Answer { trigger, answer } => {
                    self.answers.entry(*trigger).or_default().push(Some(answer.clone()));
                }
                Command::Reopen { trigger } => self.answers.entry(*trigger).or_default().push(None),
                Command::Run { .. }
                | Command::Settle { .. }
                | Command::Deny(_)
                | Command::Notify(_) => {}
            }
        }
        for component in &step.members {
            self.members.insert(component.clone(), self.batch.members[component].clone());
        }
        for number in &step.groups {
            self.groups.insert(*number, self.batch.groups[number].clone());
        }
    }

    fn invariant_the_store_holds_the_same_batch(&self) {
        let bytes = serde_json::to_vec(&self.batch).unwrap();
        let stored: Batch = serde_json::from_slice(&bytes).unwrap();
        let members = serde_json::to_vec(&self.members.values().collect::<Vec<_>>()).unwrap();
        let members: Vec<Member> = serde_json::from_slice(&members).unwrap();
        let members = self.members.keys().cloned().zip(members).collect();
        let groups = serde_json::to_vec(&self.groups).unwrap();
        let groups = serde_json::from_slice(&groups).unwrap();
        assert_eq!(stored.restore(members, groups), self.batch);
    }

    fn invariant_the_window_is_never_exceeded(&self) {
        let open = self.batch.members.values().filter(|member| member.is_in_the_window()).count();
        assert!(open <= self.batch.plan.max_open_builds, "{open} tasks are open");
    }

    fn invariant_updates_hold_good_builds_of_the_batch_once(&self) {
        let mut seen = BTreeSet::new();
        for build in self.world.updates.values().flat_map(|(_, builds)| builds) {
            assert!(seen.insert(*build), "{build} is in two updates");
            let good = |member: &Member| member.built().is_some_and(|built| built.build == *build);
            assert!(self.batch.members.values().any(good), "{build} is no good build of the batch");
        }
    }

    fn invariant_no_batch_is_stuck(&self) {
        let waits = !self.batch.open.is_empty()
            || self.batch.reads().is_some()
            || !self.batch.watches().is_empty();
        assert!(waits || self.ended(), "nothing moves {:?}", self.batch.phase);
        for no in self.batch.open.keys() {
            assert!(self.world.effects.contains_key(no), "effect {no} will never be answered");
        }
    }

    fn invariant_what_is_detached_runs_or_has_ended_and_alone_lingers(&self) {
        let aborting = matches!(self.batch.phase, Phase::Aborting(_));
        for (component, member) in &self.batch.members {
            let runs = matches!(member.build, Build::Running { .. } | Build::Stopping { .. });
            assert!(member.detached.is_none() || runs || member.has_ended(), "{component}");
            let over = member.has_ended() || member.detached.is_some();
            assert!(!self.batch.lingers || over || aborting, "{component} is waited for");
        }
    }

    fn invariant_every_trigger_has_one_last_answer(&self) {
        for n in 1.. {
            let Some(answers) = self.answers.get(&TriggerId::new(n)) else { break };
            assert_eq!(answers.len(), 1, "trigger {n}: {answers:?}");
        }
        for (component, member) in &self.batch.members {
            let aborted = self.batch.phase == Phase::Ended { ending: Ending::Aborted };
            assert!(member.has_ended() || aborted, "{component} has no end");
        }
    }

    fn invariant_every_side_tag_is_removed_or_owned(&self) {
        assert!(self.batch.open.is_empty(), "open at the end: {:?}", self.batch.open);
        for tag in self.world.tags.keys() {
            let held = |group: &Group| matches!(&group.state, GroupState::Held { tag: held, .. } if held == tag);
            let owned = self.world.updates.values().any(|(of_update, _)| of_update == tag)
                || self.batch.groups.values().any(held);
            assert!(owned, "{tag} is left behind");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_batch_keeps_its_invariants_and_comes_to_its_end(seed in any::<u64>()) {
        let mut run = Run::new(seed);
        let mut events = 0;
        while !run.ended() {
            run.world.fair = events >= CHAOS;
            let event = run.world.event(&run.batch);
            run.give(event);
            events += 1;
            prop_assert!(events < PATIENCE, "no end in {:?}", run.batch);
        }
        run.invariant_every_trigger_has_one_last_answer();
        run.invariant_every_side_tag_is_removed_or_owned();
    }
}
