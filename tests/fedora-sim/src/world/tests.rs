use std::time::{Duration, Instant};

use ebs_shared::{clock::System, koji::xmlrpc::Value};

use super::{BuildState, Draft, Severity, State, TaskState, World};
use crate::script::{Outcome, Script};

const SOURCE: &str = "git+https://src.example.org/rpms/bash#abc1234";

fn world(outcomes: &[Outcome]) -> World {
    let script =
        Script { outcomes: [("bash".to_owned(), outcomes.to_vec())].into(), ..Script::default() };
    World::new(script, &System)
}

fn side_tag(state: &mut State) -> i64 {
    let base = state.tag_named("eln-build").unwrap().id;
    state.create_side_tag(base, 2, None, false).unwrap()
}

fn opts(draft: bool) -> Value {
    Value::object([("draft", draft.into()), ("wait_repo", true.into())])
}

fn build(world: &World, tag: i64, draft: bool) -> i64 {
    let name = world.read(|state| state.tag(tag).unwrap().name.clone());
    world.change(|state| state.submit_build(SOURCE, &name, &opts(draft), 5, 2))
}

fn state_of(world: &World, task: i64) -> TaskState {
    world.read(|state| state.task(task).unwrap().state)
}

#[tokio::test]
async fn a_build_lands_in_its_side_tag() {
    let world = world(&[]);
    let tag = world.change(side_tag);
    let task = build(&world, tag, true);
    assert_eq!(state_of(&world, task), TaskState::Closed);
    world.read(|state| {
        let rows = state.list_tagged(tag, false, Some(1), None);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].build.draft);
        assert!(state.record.duplicates.is_empty());
    });
}

#[tokio::test]
async fn a_message_whose_headers_are_over_one_frame_is_not_sent() {
    let world = world(&[]);
    let copies = |packages: u32| {
        let draft = Draft {
            topic: "bodhi.update.comment".to_owned(),
            schema: ("bodhi.update.comment.v1", "bodhi_messages"),
            severity: Severity::Info,
            users: Vec::new(),
            packages: (0..packages).map(|number| format!("package-{number:04}")).collect(),
            priority: None,
            body: serde_json::Value::Null,
        };
        world.change(|state| {
            let place = state.emit(draft);
            state.messages()[place].copies
        })
    };
    assert_eq!((copies(3000), copies(4000)), (1, 0));
}

#[tokio::test]
async fn outcomes_follow_the_attempts_and_the_last_repeats() {
    let world = world(&[Outcome::FailBuild, Outcome::FailSrpm, Outcome::Succeed]);
    let tag = world.change(side_tag);
    let states: Vec<_> = (0..3).map(|_| state_of(&world, build(&world, tag, false))).collect();
    assert_eq!(states, [TaskState::Failed, TaskState::Failed, TaskState::Closed]);
    assert!(
        world.read(|state| state.record.duplicates.is_empty()),
        "failed tasks may be asked for again"
    );
    build(&world, tag, false);
    assert_eq!(world.read(|state| state.record.duplicates.len()), 1);
}

#[tokio::test]
async fn a_failed_nvr_is_taken_again_under_the_same_build_id() {
    let world = world(&[Outcome::FailBuild, Outcome::Succeed]);
    let tag = world.change(side_tag);
    let (first, second) = (build(&world, tag, false), build(&world, tag, false));
    world.read(|state| {
        assert_eq!(state.builds_of(first).count(), 0);
        assert_eq!(
            state.builds_of(second).map(|build| build.state).collect::<Vec<_>>(),
            [BuildState::Complete]
        );
    });
}

#[tokio::test]
async fn a_draft_that_policy_refuses_can_be_tagged_once_it_is_promoted() {
    let world = world(&[Outcome::FailedButComplete]);
    let tag = world.change(side_tag);
    let task = build(&world, tag, true);
    assert_eq!(state_of(&world, task), TaskState::Failed);
    world.change(|state| {
        let id = state.builds_of(task).next().unwrap().id;
        assert_eq!(state.build(id).unwrap().state, BuildState::Complete);
        assert_eq!(state.tag_build(tag, id, 2).unwrap_err().code, 1004);
        state.promote_build(id, 2).unwrap();
        state.tag_build(tag, id, 2).unwrap();
    });
}

#[tokio::test]
async fn the_other_special_ends_are_as_scripted() {
    for (outcome, end) in [
        (Outcome::NeverEnds, TaskState::Open),
        (Outcome::CancelledBySomebody, TaskState::Canceled),
        (Outcome::BackToFree, TaskState::Closed),
        (Outcome::NvrTakenOurs, TaskState::Failed),
        (Outcome::NvrTakenOther, TaskState::Failed),
        (Outcome::Infrastructure, TaskState::Failed),
        (Outcome::TwoTasks, TaskState::Closed),
    ] {
        let world = world(&[outcome]);
        let tag = world.change(side_tag);
        let task = build(&world, tag, true);
        assert_eq!(state_of(&world, task), end, "{outcome:?}");
        assert!(world.read(|state| state.record.duplicates.is_empty()), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_last_untag_removes_a_side_tag_and_its_target() {
    let world = world(&[]);
    let tag = world.change(side_tag);
    build(&world, tag, false);
    world.change(|state| {
        let name = state.tag(tag).unwrap().name.clone();
        let id = state.list_tagged(tag, false, None, None)[0].build.id;
        state.untag_build(tag, id, 2).unwrap();
        assert!(state.tag(tag).is_none() && state.target_named(&name).is_none());
    });
}

#[tokio::test]
async fn five_thousand_builds_are_cheap() {
    let world = world(&[]);
    let tag = world.change(side_tag);
    let name = world.read(|state| state.tag(tag).unwrap().name.clone());
    #[expect(clippy::disallowed_methods, reason = "the cost of real work is measured")]
    let began = Instant::now();
    for group in 0..50 {
        world.change(|state| {
            for one in 0..100 {
                let source = format!("git+https://src.example.org/rpms/p{}#abc", group * 100 + one);
                state.submit_build(&source, &name, &opts(true), 5, 2);
            }
        });
    }
    let spent = began.elapsed();
    assert_eq!(world.read(|state| state.list_tagged(tag, false, Some(1), None).len()), 5000);
    assert!(spent < Duration::from_secs(20), "{spent:?}");
    println!("5000 builds took {spent:?}");
}
