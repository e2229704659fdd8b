use super::play::{Play, name, plan};
use crate::policy::Eligibility;
use crate::{id::BuildId, id::TriggerId, time::Timestamp};

#[test]
fn every_trigger_that_is_not_built_is_answered_why() {
    let play = Play::of("a b c d e f g", plan())
        .candidate("a", |a| a.eligibility = Eligibility::NotListed)
        .candidate("b", |b| b.eligibility = Eligibility::Excluded { pattern: "b*".to_owned() })
        .facts("c", |c| c.latest = None)
        .facts("d", |d| d.latest.as_mut().unwrap().source = None)
        .facts("e", |e| e.denied_since = Some(Timestamp::from_millis(0)))
        .facts("f", |f| {
            let source = f.latest.as_ref().unwrap().source.as_ref().unwrap();
            let source = Some(format!("git+https://elsewhere/f.git#{}", source.commit()));
            f.stable = Some(super::super::StableSource { nvr: "f-1-1.eln".to_owned(), source });
        })
        .facts("g", |g| g.latest.as_mut().unwrap().build = BuildId::new(3));
    insta::assert_snapshot!(play.play("admitted"), @"admitted -> EMPTY; answer 1 not_listed; answer 2 excluded; answer 3 withdrawn; answer 4 no_source; answer 5 denied; answer 6 already_built; answer 7 withdrawn");
}

#[test]
fn past_the_deny_list_and_past_already_built_are_two_things() {
    let answer = |forced, again, denied: bool, built: bool| {
        let play = Play::of("a", plan())
            .candidate("a", |a| (a.forced, a.again) = (forced, again))
            .facts("a", |a| {
                a.denied_since = denied.then(|| Timestamp::from_millis(0));
                let source = a.latest.as_ref().unwrap().source.as_ref().map(ToString::to_string);
                let nvr = "a-1-1.eln".to_owned();
                a.stable = built.then_some(super::super::StableSource { nvr, source });
            });
        let text = play.play("admitted");
        let told = text.split("answer 1 ").nth(1).unwrap_or_default();
        told.split([';', '\n']).next().unwrap_or_default().to_owned()
    };
    assert_eq!(answer(false, false, true, false), "denied");
    assert_eq!(answer(true, false, true, false), "in_batch");
    assert_eq!(answer(false, true, true, false), "denied");
    assert_eq!(answer(false, false, false, true), "already_built");
    assert_eq!(answer(true, false, false, true), "already_built");
    assert_eq!(answer(false, true, false, true), "in_batch");
    assert_eq!(answer(true, true, true, true), "in_batch");
}

#[test]
fn a_person_overrides_the_deny_list() {
    let play = Play::of("a", plan())
        .candidate("a", |a| a.forced = true)
        .facts("a", |a| a.denied_since = Some(Timestamp::from_millis(0)));
    insta::assert_snapshot!(play.play("admitted"), @"admitted -> answer 1 in_batch; create side tag on eln-build");
}

#[test]
fn of_several_triggers_that_of_the_newest_build_is_taken() {
    let play = Play::of("a", plan())
        .candidate("a", |a| a.triggers.insert(0, (TriggerId::new(9), BuildId::new(99))));
    insta::assert_snapshot!(play.play("admitted"), @"admitted -> answer 9 superseded; answer 1 in_batch; create side tag on eln-build");
}

#[test]
fn a_seed_that_cannot_be_tagged_is_reported_and_the_rest_go_on() {
    let play = Play::of("a b c d", plan()).candidate("d", |d| d.may_seed = false);
    insta::assert_snapshot!(play.play(
        "admitted; tag side-1; tagged -101=policy; in -101 -102=tagging -103; later 3600; in -101 -102 -103; change 50"
    ), @"
    admitted -> answer 1 in_batch; answer 2 in_batch; answer 3 in_batch; answer 4 in_batch; create side tag on eln-build
    tag side-1 -> tag 101 102 103 into side-1
    tagged -101=policy -> nothing
    in -101 -102=tagging -103 -> nothing
    in -101 -102 -103 -> seed of a failed (policy); seed of b failed (tagging); seed of c failed (tagging)
    change 50 -> request repo at 50
    ");
}

#[test]
fn a_repo_request_that_was_given_up_is_asked_again() {
    insta::assert_snapshot!(Play::of("a", plan()).play(
        "admitted; tag side-1; tagged; in; change 50; request 9; repo 9 given-up; request 10; repo 9 ready; repo 10 ready"
    ), @"
    admitted -> answer 1 in_batch; create side tag on eln-build
    tag side-1 -> tag 101 into side-1
    tagged -> nothing
    in -> nothing
    change 50 -> request repo at 50
    request 9 -> nothing
    repo 9 given-up -> request repo at 50
    request 10 -> nothing
    repo 9 ready -> nothing
    repo 10 ready -> BUILDING; a submitting; slice 1000 attempt 1: 1; submit a to side-1
    ");
}

#[test]
fn a_side_tag_that_vanishes_while_preparing_is_made_anew() {
    insta::assert_snapshot!(Play::of("a", plan()).play(
        "admitted; tag side-1; taggone tag_builds; tag side-2; tagged; gone side-2; tag side-3; tagged; in; change 50
         taggone request_repo; tag side-4; tagged; in; change 60; request none"
    ), @"
    admitted -> answer 1 in_batch; create side tag on eln-build
    tag side-1 -> tag 101 into side-1
    taggone tag_builds -> side-1 has vanished; create side tag on eln-build
    tag side-2 -> tag 101 into side-2
    tagged -> nothing
    gone side-2 -> side-2 has vanished; create side tag on eln-build
    tag side-3 -> tag 101 into side-3
    tagged -> nothing
    in -> nothing
    change 50 -> request repo at 50
    taggone request_repo -> side-3 has vanished; create side tag on eln-build
    tag side-4 -> tag 101 into side-4
    tagged -> nothing
    in -> nothing
    change 60 -> request repo at 60
    request none -> BUILDING; a submitting; slice 1000 attempt 1: 1; submit a to side-4
    ");
}

#[test]
fn when_all_are_dropped_the_batch_ends_empty_and_its_tag_is_removed() {
    insta::assert_snapshot!(Play::of("a", plan()).play(
        "admitted; drop a; tag side-1; tagged; in; change 50; request none; removed"
    ), @"
    admitted -> answer 1 in_batch; create side tag on eln-build
    drop a -> a dropped
    tag side-1 -> tag 101 into side-1
    tagged -> nothing
    in -> nothing
    change 50 -> request repo at 50
    request none -> CLEANING; remove side-1
    removed -> EMPTY; answer 1 dropped
    ");
}

#[test]
fn nobody_can_be_dropped_who_is_not_there() {
    let mut play = Play::of("a", plan());
    let event = super::super::Event::Drop { component: name("x") };
    insta::assert_snapshot!(play.give(event), @"illegal: `drop` cannot happen in a batch that is preparing");
}
