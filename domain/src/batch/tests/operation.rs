use super::{
    super::{Event, Operation, Plan},
    play::{Play, name, plan},
};
use crate::{id::Component, time::Timestamp};

fn drop_a() -> Operation {
    Operation::Drop { component: name("a") }
}

fn fail_a() -> Operation {
    Operation::Fail { component: name("a") }
}

fn detach_a() -> Operation {
    Operation::Detach { component: name("a") }
}

const ABORT: Operation = Operation::Abort { requeue: false };

/// How far a batch of `a` and `b` has come, and what is told then of aborting it, of dropping, failing and detaching `a`.
fn told(play: &Play) -> String {
    let one = |operation: &Operation| match play.batch.foresee(operation) {
        Ok(would) => format!("would: {}", would.join("; ")),
        Err(why) => format!("no: {why}"),
    };
    format!(
        "{}\nabort {}\ndrop {}\nfail {}\ndetach {}",
        play.batch.phase.word(),
        one(&ABORT),
        one(&drop_a()),
        one(&fail_a()),
        one(&detach_a())
    )
}

/// Whether the machine takes what is foreseen, and refuses what is not.
fn assert_true(play: &Play) {
    let event = |operation: &Operation| match operation {
        Operation::Abort { requeue } => Event::Abort { requeue: *requeue },
        Operation::Drop { component } => Event::Drop { component: component.clone() },
        Operation::Fail { component } => {
            Event::Fail { component: component.clone(), text: "it loops".to_owned() }
        }
        Operation::Detach { component } => Event::Detach { component: component.clone() },
    };
    for operation in [ABORT, drop_a(), fail_a(), detach_a()] {
        let mut batch = play.batch.clone();
        let taken = batch.step(Timestamp::from_millis(play.now * 1000), event(&operation)).is_ok();
        let changed = taken && batch != play.batch;
        let foreseen = play.batch.foresee(&operation).is_ok();
        assert_eq!(changed, foreseen, "{} in {}", operation.word(), play.batch.phase.word());
    }
}

fn small() -> Plan {
    Plan { batch_size: 1, max_single_batch_size: 1, ..plan() }
}

#[test]
fn each_phase_tells_what_an_operation_would_do_or_why_it_cannot_be_done() {
    let mut all = Vec::new();
    let mut look = |play: &Play| {
        assert_true(play);
        all.push(told(play));
    };
    look(&Play::of("a b", plan()));
    let mut play = Play::building("a b", plan());
    look(&play);
    play.quietly("submitted a=7 b=8");
    look(&play);
    play.quietly("7 closed");
    look(&play);
    let mut play = Play::publishing("a b", small());
    look(&play);
    play.quietly("checked; tag e-1; tagged; in e-1; posted F-1");
    look(&play);
    play.quietly("tag e-2; tagged; in e-2; posted F-2");
    look(&play);
    play.quietly("updates F-1=stable F-2=stable");
    look(&play);
    play.quietly("removed");
    look(&play);
    let mut play = Play::building("a b", plan());
    play.quietly("submitted a=7 b=8; abort");
    look(&play);
    let mut play = Play::building("a b", Plan { draft: false, ..plan() });
    play.quietly("submitted a=7 b=8; detach a");
    look(&play);
    play.quietly("8 closed; checked; tag e-1; tagged; in e-1; posted F-1");
    look(&play);
    play.quietly("updates F-1=stable");
    look(&play);
    play.quietly("7 closed");
    look(&play);
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_build_that_is_declared_failed_is_cancelled_and_not_tried_again() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; fail a; fail a; 7 closed; cancelled; 8 closed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    fail a -> a stopping; cancel 7
    fail a -> nothing
    7 closed -> a failed(operator, declared failed by alice: it loops)
    cancelled -> nothing
    8 closed -> PUBLISHING; b succeeded
    ");
}

#[test]
fn a_build_that_is_declared_failed_while_it_is_asked_for_is_cancelled_as_soon_as_its_task_is_known()
{
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "fail a; submitted a=7 b=8; cancelled; 7 cancelled; 8 closed"
    ), @"
    fail a -> nothing
    submitted a=7 b=8 -> a stopping; b free; cancel 7
    cancelled -> nothing
    7 cancelled -> a failed(operator, declared failed by alice: it loops)
    8 closed -> PUBLISHING; b succeeded
    ");
}

#[test]
fn what_failed_and_would_be_tried_again_is_not_once_it_is_declared_failed() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 failed build; fail a; 8 closed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 failed build -> a failed(build, it broke)
    fail a -> nothing
    8 closed -> PUBLISHING; b succeeded
    ");
}

#[test]
fn a_component_is_named_by_either_of_its_names() {
    let mut play = Play::building("a b", plan());
    if let Some(member) = play.batch.members.get_mut(&name::<Component>("b")) {
        "rawhide-b-1-1.fc45".clone_into(&mut member.rawhide_nvr);
    }
    assert_eq!(play.batch.member_named("a"), Some(&name("a")));
    assert_eq!(play.batch.member_named("rawhide-b"), Some(&name("b")));
    assert_eq!(play.batch.member_named("c"), None);
}
