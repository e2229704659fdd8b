use super::{
    super::{Phase, Plan},
    play::{Play, name, plan},
};

fn regular() -> Plan {
    Plan { draft: false, ..plan() }
}

/// A batch of `a` and `b`, one slice each, of which `a` was detached and `b` is published.
fn lingering() -> Play {
    let mut play = Play::building("a:1 b:2", regular());
    play.quietly("submitted a=7; detach a; in; change 51; request none; submitted b=8; 8 closed");
    play.quietly("checked; tag e-1; tagged; in e-1; posted F-1; updates F-1=stable");
    assert!(matches!(play.batch.phase, Phase::Lingering { .. }), "{:?}", play.batch.phase);
    play
}

#[test]
fn a_batch_goes_on_without_a_detached_build_and_publishes_it_when_it_ends() {
    insta::assert_snapshot!(Play::building("a:1 b:2", regular()).play(
        "submitted a=7; detach a; detach a; in; change 51; request none; submitted b=8; 8 closed; checked; tag e-1; tagged; in e-1
         posted F-1; updates F-1=stable; 7 open; 7 closed; checked; tag e-2; tagged; in e-2; posted F-2; updates F-2=stable; removed"
    ), @"
    submitted a=7 -> a free
    detach a -> a detached; b queued; slice 2 attempt 1: 1
    detach a -> nothing
    in -> nothing
    change 51 -> request repo at 51
    request none -> b submitting; submit b to side-1
    submitted b=8 -> b free
    8 closed -> PUBLISHING; b succeeded
    checked -> group 1 creating_tag [b]; create side tag on eln-build
    tag e-1 -> group 1 filling [b]; tag 1008 into e-1
    tagged -> group 1 filling [b]
    in e-1 -> group 1 posting [b]; post b from e-1
    posted F-1 -> SETTLING; group 1 posted [b]
    updates F-1=stable -> LINGERING; group 1 stable [b]; answer 2 built
    7 open -> nothing
    7 closed -> PUBLISHING; a succeeded
    checked -> group 2 creating_tag [a]; create side tag on eln-build
    tag e-2 -> group 2 filling [a]; tag 1007 into e-2
    tagged -> group 2 filling [a]
    in e-2 -> group 2 posting [a]; post a from e-2
    posted F-2 -> SETTLING; group 2 posted [a]
    updates F-2=stable -> CLEANING; group 2 stable [a]; remove side-1
    removed -> DONE; answer 1 built
    ");
}

#[test]
fn a_batch_of_nothing_but_a_detached_build_lingers_at_once() {
    insta::assert_snapshot!(Play::building("a", regular()).play(
        "submitted a=7; detach a; 7 failed build; removed"
    ), @"
    submitted a=7 -> a free
    detach a -> LINGERING; a detached
    7 failed build -> CLEANING; a failed(build, it broke); remove side-1
    removed -> DONE; answer 1 failed
    ");
}

#[test]
fn a_detached_build_that_ends_in_time_is_published_with_the_others() {
    insta::assert_snapshot!(Play::building("a b", regular()).play(
        "submitted a=7 b=8; detach a; 7 closed; 8 closed; checked"
    ), @"
    submitted a=7 b=8 -> a free; b free
    detach a -> a detached
    7 closed -> a succeeded
    8 closed -> PUBLISHING; b succeeded
    checked -> group 1 creating_tag [a b]; create side tag on eln-build
    ");
}

#[test]
fn a_detached_build_is_not_tried_again() {
    insta::assert_snapshot!(Play::building("a b", regular()).play(
        "submitted a=7 b=8; detach a; 7 failed build; 8 failed build; in; change 51; request none"
    ), @"
    submitted a=7 b=8 -> a free; b free
    detach a -> a detached
    7 failed build -> a failed(build, it broke)
    8 failed build -> b queued; slice 1000 attempt 2: 1
    in -> nothing
    change 51 -> request repo at 51
    request none -> b submitting; submit b to side-1
    ");
}

#[test]
fn a_detached_build_whose_tagging_alone_failed_is_published_by_its_number() {
    insta::assert_snapshot!(lingering().play("7 failed tagging built; checked; tag e-2; tagged"), @"
    7 failed tagging built -> PUBLISHING; a succeeded
    checked -> group 2 creating_tag [a]; create side tag on eln-build
    tag e-2 -> group 2 filling [a]; tag 1007 into e-2
    tagged -> group 2 filling [a]
    ");
}

#[test]
fn what_ends_while_drafts_are_promoted_is_looked_at_again_later() {
    let mut play = Play::building("a b", plan());
    play.quietly("submitted a=7 b=8; detach a; 8 closed");
    insta::assert_snapshot!(play.play(
        "checked; 7 closed; promoted; 7 closed; tag e-1; tagged; in e-1; posted F-1; checked; promoted; tag e-2"
    ), @"
    checked -> promote 1008
    7 closed -> nothing
    promoted -> group 1 creating_tag [b]; create side tag on eln-build
    7 closed -> a succeeded
    tag e-1 -> group 1 filling [b]; tag 1008 into e-1
    tagged -> group 1 filling [b]
    in e-1 -> group 1 posting [b]; post b from e-1
    posted F-1 -> group 1 posted [b]
    checked -> promote 1007
    promoted -> group 2 creating_tag [a]; create side tag on eln-build
    tag e-2 -> group 2 filling [a]; tag 1007 into e-2
    ");
}

#[test]
fn an_aborted_batch_cancels_what_lingers_and_gives_it_back_if_asked() {
    insta::assert_snapshot!(lingering().play("abort requeue; cancelled; 7 cancelled; removed"), @"
    abort requeue -> a stopping; cancel 7; reopen 1
    cancelled -> nothing
    7 cancelled -> CLEANING; a dropped; remove side-1
    removed -> DONE
    ");
}

#[test]
fn an_aborted_batch_that_settles_cancels_its_detached_build_at_once() {
    let mut play = Play::building("a:1 b:2", regular());
    play.quietly("submitted a=7; detach a; in; change 51; request none; submitted b=8; 8 closed");
    play.quietly("checked; tag e-1; tagged; in e-1; posted F-1");
    insta::assert_snapshot!(play.play(
        "abort requeue; cancelled; 7 cancelled; updates F-1=stable; removed"
    ), @"
    abort requeue -> a stopping; cancel 7; reopen 1
    cancelled -> nothing
    7 cancelled -> a dropped
    updates F-1=stable -> CLEANING; group 1 stable [b]; remove side-1
    removed -> DONE; answer 2 built
    ");
}

#[test]
fn a_detached_build_takes_no_place_in_the_window() {
    let narrow = Plan { max_open_builds: 1, ..regular() };
    insta::assert_snapshot!(Play::building("a b", narrow).play("submitted a=7; detach a; submitted b=8"), @"
    submitted a=7 -> a free
    detach a -> a detached; b submitting; submit b to side-1
    submitted b=8 -> b free
    ");
}

#[test]
fn a_detached_build_can_be_dropped_and_declared_failed_as_long_as_it_runs() {
    insta::assert_snapshot!(lingering().play("drop a; cancelled; 7 cancelled; removed"), @"
    drop a -> a stopping; cancel 7
    cancelled -> nothing
    7 cancelled -> CLEANING; a dropped; remove side-1
    removed -> DONE; answer 1 dropped
    ");
    insta::assert_snapshot!(lingering().play("fail a; cancelled; 7 cancelled; removed"), @"
    fail a -> a stopping; cancel 7
    cancelled -> nothing
    7 cancelled -> CLEANING; a failed(operator, declared failed by alice: it loops); remove side-1
    removed -> DONE; answer 1 failed
    ");
}

#[test]
fn a_detached_build_that_runs_too_long_is_cancelled_like_any_other() {
    insta::assert_snapshot!(
        lingering().play("7 open since 0; later 90000; 7 open since 0; cancelled; 7 cancelled; removed"), @"
    7 open since 0 -> nothing
    7 open since 0 -> a stopping; cancel 7
    cancelled -> nothing
    7 cancelled -> CLEANING; a timed_out; remove side-1
    removed -> DONE; answer 1 timed_out
    "
    );
}

#[test]
fn a_batch_that_lingers_holds_up_nothing_and_works_on_nothing_else() {
    let play = lingering();
    assert!(!play.batch.holds_up());
    assert!(play.batch.works_on(&name("a")));
    assert!(!play.batch.works_on(&name("b")));
    let play = Play::building("a b", plan());
    assert!(play.batch.holds_up());
    assert!(play.batch.works_on(&name("b")));
}

#[test]
fn a_held_group_is_retried_while_its_batch_lingers() {
    let mut play = Play::building("a:1 b:2", regular());
    play.quietly("submitted a=7; detach a; in; change 51; request none; submitted b=8; 8 closed");
    play.quietly("checked; tag e-1; tagged; in e-1; refused");
    insta::assert_snapshot!(play.play("retry 1; posted F-1; updates F-1=stable; 7 closed"), @"
    retry 1 -> PUBLISHING; group 1 posting [b]; post b from e-1
    posted F-1 -> SETTLING; group 1 posted [b]
    updates F-1=stable -> LINGERING; group 1 stable [b]
    7 closed -> PUBLISHING; a succeeded
    ");
}
