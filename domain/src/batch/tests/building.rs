use super::{
    super::Plan,
    play::{Play, name, plan},
};
use crate::id::{Component, TaskId, Token};

#[test]
fn a_batch_goes_from_admission_to_done() {
    insta::assert_snapshot!(Play::of("a b:100", plan()).play(
        "admitted; tag side-1; tagged; in; change 50; request 9; repo 9 ready
         submitted b=7; 7 open; 7 closed; in; change 60; request none; submitted a=8; 8 closed
         checked; promoted; tag errata-1; tagged; in errata-1; posted F-1
         updates F-1=testing/passed; updates F-1=stable 1007=b-1-1.eln 1008=a-1-1.eln; removed"
    ), @"
    admitted -> answer 1 in_batch; answer 2 in_batch; create side tag on eln-build
    tag side-1 -> tag 101 102 into side-1
    tagged -> nothing
    in -> nothing
    change 50 -> request repo at 50
    request 9 -> nothing
    repo 9 ready -> BUILDING; b submitting; slice 100 attempt 1: 1; submit b to side-1
    submitted b=7 -> b free
    7 open -> b building
    7 closed -> a queued; b succeeded; slice 1000 attempt 1: 1
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; submit a to side-1
    submitted a=8 -> a free
    8 closed -> PUBLISHING; a succeeded
    checked -> promote 1008 1007
    promoted -> group 1 creating_tag [a b]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a b]; tag 1007 1008 into errata-1
    tagged -> group 1 filling [a b]
    in errata-1 -> group 1 posting [a b]; post a b from errata-1
    posted F-1 -> SETTLING; group 1 posted [a b]
    updates F-1=testing/passed -> group 1 posted [a b]
    updates F-1=stable 1007=b-1-1.eln 1008=a-1-1.eln -> CLEANING; group 1 stable [a b]; remove side-1
    removed -> DONE; answer 1 built; answer 2 built
    ");
}

#[test]
fn what_failed_is_built_again_and_each_component_keeps_its_last_end() {
    insta::assert_snapshot!(Play::building("a b c", plan()).play(
        "submitted a=7 b=8 c=9; 7 failed build; 8 failed srpm; 9 closed; in; change 60; request none
         submitted a=10 b=11; 10 closed; 11 failed build"
    ), @"
    submitted a=7 b=8 c=9 -> a free; b free; c free
    7 failed build -> a failed(build, it broke)
    8 failed srpm -> b failed(srpm, it broke)
    9 closed -> a queued; b queued; c succeeded; slice 1000 attempt 2: 2
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; b submitting; submit a b to side-1
    submitted a=10 b=11 -> a free; b free
    10 closed -> a succeeded
    11 failed build -> b queued; slice 1000 attempt 3: 1
    ");
}

#[test]
fn retries_go_on_only_while_fewer_builds_fail() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 failed build; 8 failed build; in; change 60; request none
         submitted a=9 b=10; 9 failed build; 10 failed build; removed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 failed build -> a failed(build, it broke)
    8 failed build -> a queued; b queued; slice 1000 attempt 2: 2
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; b submitting; submit a b to side-1
    submitted a=9 b=10 -> a free; b free
    9 failed build -> a failed(build, it broke)
    10 failed build -> CLEANING; b failed(build, it broke); deny a (build); deny b (build); remove side-1
    removed -> DONE; answer 1 failed; answer 2 failed
    ");
}

#[test]
fn time_outs_cancels_drops_and_policy_are_not_built_again_nor_denied() {
    insta::assert_snapshot!(Play::building("a b c d", plan()).play(
        "submitted a=7 b=8 c=9 d=10; 7 open; later 86400; 7 open since 0; cancelled; 7 cancelled
         8 cancelled; drop c; 9 cancelled; 10 failed policy; cancelled; removed"
    ), @"
    submitted a=7 b=8 c=9 d=10 -> a free; b free; c free; d free
    7 open -> a building
    7 open since 0 -> a stopping; cancel 7
    cancelled -> nothing
    7 cancelled -> a timed_out
    8 cancelled -> b cancelled
    drop c -> c stopping; cancel 9
    9 cancelled -> c dropped
    10 failed policy -> CLEANING; d failed(policy, it broke); remove side-1
    cancelled -> nothing
    removed -> DONE; answer 1 timed_out; answer 2 cancelled; answer 3 dropped; answer 4 failed
    ");
}

#[test]
fn a_task_that_closes_after_our_cancel_has_succeeded() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; later 90000; 7 open since 0; 7 closed"
    ), @"
    submitted a=7 -> a free
    7 open since 0 -> a stopping; cancel 7
    7 closed -> PUBLISHING; a succeeded
    ");
}

#[test]
fn waiting_for_a_builder_is_no_running_time_and_back_to_free_is_still_running() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; later 90000; 7 free; 7 open; 7 free; later 90000; 7 free; 7 open; 7 closed"
    ), @"
    submitted a=7 -> a free
    7 free -> nothing
    7 open -> a building
    7 free -> a free
    7 free -> nothing
    7 open -> a building
    7 closed -> PUBLISHING; a succeeded
    ");
}

#[test]
fn of_two_tasks_for_one_token_the_surplus_is_cancelled() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7+9; 9 cancelled; cancelled; 7 closed"
    ), @"
    submitted a=7+9 -> a free; cancel 9
    9 cancelled -> nothing
    cancelled -> nothing
    7 closed -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_version_built_before_from_our_commit_is_adopted_and_tagged() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; 7 failed source taken ours; tagged; in"
    ), @"
    submitted a=7 -> a free
    7 failed source taken ours -> a tagging; tag 1007 into side-1
    tagged -> nothing
    in -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_version_taken_by_another_commit_is_a_failure_of_the_source() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; 7 failed source taken theirs; in; change 60; request none
         submitted a=8; 8 failed source taken theirs; removed"
    ), @"
    submitted a=7 -> a free
    7 failed source taken theirs -> a queued; slice 1000 attempt 2: 1
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; submit a to side-1
    submitted a=8 -> a free
    8 failed source taken theirs -> CLEANING; a failed(source, NVR taken by build 1008); deny a (source); remove side-1
    removed -> DONE; answer 1 failed
    ");
}

#[test]
fn a_failed_task_with_a_complete_build_is_tagged_by_us() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; 7 failed tagging built; tagged -1007=already; in -1007; in"
    ), @"
    submitted a=7 -> a free
    7 failed tagging built -> a tagging; tag 1007 into side-1
    tagged -1007=already -> nothing
    in -1007 -> nothing
    in -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_draft_that_policy_keeps_out_is_promoted_once_and_tagged_then() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; 7 failed policy built; tagged -1007=policy; promoted; tagged; in"
    ), @"
    submitted a=7 -> a free
    7 failed policy built -> a tagging; tag 1007 into side-1
    tagged -1007=policy -> promote 1007
    promoted -> tag 1007 into side-1
    tagged -> nothing
    in -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_draft_that_cannot_be_promoted_or_tagged_after_it_fails_by_policy() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 failed policy built; tagged -1007=policy; promoted -1007
         8 failed policy built; tagged -1008=policy; promoted; tagged -1008=tagging; removed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 failed policy built -> a tagging; tag 1007 into side-1
    tagged -1007=policy -> promote 1007
    promoted -1007 -> a failed(policy, it broke)
    8 failed policy built -> b tagging; tag 1008 into side-1
    tagged -1008=policy -> promote 1008
    promoted -> tag 1008 into side-1
    tagged -1008=tagging -> CLEANING; b failed(policy, it broke); remove side-1
    removed -> DONE; answer 1 failed; answer 2 failed
    ");
}

#[test]
fn the_window_only_delays() {
    let narrow = super::super::Plan { max_open_builds: 2, ..plan() };
    insta::assert_snapshot!(Play::of("a b c", narrow).play(
        "admitted; tag side-1; tagged; in; change 50; request none
         submitted a=7 b=8; 7 closed; submitted c=9; 8 closed; 9 closed"
    ), @"
    admitted -> answer 1 in_batch; answer 2 in_batch; answer 3 in_batch; create side tag on eln-build
    tag side-1 -> tag 101 102 103 into side-1
    tagged -> nothing
    in -> nothing
    change 50 -> request repo at 50
    request none -> BUILDING; a submitting; b submitting; c queued; slice 1000 attempt 1: 3; submit a b to side-1
    submitted a=7 b=8 -> a free; b free
    7 closed -> a succeeded; c submitting; submit c to side-1
    submitted c=9 -> c free
    8 closed -> b succeeded
    9 closed -> PUBLISHING; c succeeded
    ");
}

#[test]
fn a_vanished_side_tag_is_made_anew_with_seeds_and_finished_builds() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 closed; gone side-1; tag side-2; 8 failed tagging built; tagged; tagged; in side-2
         in side-2; change 70; request none; checked"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 closed -> a succeeded
    gone side-1 -> side-1 has vanished; create side tag on eln-build
    tag side-2 -> tag 101 102 1007 into side-2
    8 failed tagging built -> b tagging
    tagged -> tag 1008 into side-2
    tagged -> nothing
    in side-2 -> b succeeded
    in side-2 -> nothing
    change 70 -> request repo at 70
    request none -> PUBLISHING
    checked -> promote 1007 1008
    ");
}

#[test]
fn a_target_that_is_gone_is_looked_at_and_nothing_is_lost() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "taggone submit_builds; gone side-1; tag side-2; tagged; in; in; change 70; request none; submitted a=7; 7 closed"
    ), @"
    taggone submit_builds -> a queued
    gone side-1 -> side-1 has vanished; create side tag on eln-build
    tag side-2 -> tag 101 into side-2
    tagged -> nothing
    in -> nothing
    in -> nothing
    change 70 -> request repo at 70
    request none -> a submitting; submit a to side-2
    submitted a=7 -> a free
    7 closed -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_poisoned_submission_fails_its_builds_only() {
    insta::assert_snapshot!(Play::building("a:1 b", plan()).play(
        "poisoned submit_builds; in; change 60; request none; poisoned submit_builds; in; change 70; request none; submitted b=7"
    ), @"
    poisoned submit_builds -> a queued; slice 1 attempt 2: 1
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; submit a to side-1
    poisoned submit_builds -> a failed(infrastructure, given up: workers died); b queued; slice 1000 attempt 1: 1
    in -> nothing
    change 70 -> request repo at 70
    request none -> b submitting; submit b to side-1
    submitted b=7 -> b free
    ");
}

#[test]
fn drop_takes_one_component_out_wherever_it_is() {
    insta::assert_snapshot!(Play::building("a b:2000 c d", plan()).play(
        "drop b; drop a; submitted a=7 c=8 d=9; 8 closed; drop c; drop c; 9 closed; 7 closed; cancelled; drop d; checked; drop x"
    ), @"
    drop b -> b dropped
    drop a -> nothing
    submitted a=7 c=8 d=9 -> a stopping; c free; d free; cancel 7
    8 closed -> c succeeded
    drop c -> c dropped
    drop c -> nothing
    9 closed -> d succeeded
    7 closed -> PUBLISHING; a dropped
    cancelled -> nothing
    drop d -> d dropped
    checked -> CLEANING; remove side-1
    drop x -> illegal: `drop` cannot happen in a batch that is cleaning
    ");
}

#[test]
fn scratch_builds_are_never_published() {
    let scratch = super::super::Plan { scratch: true, draft: false, ..plan() };
    insta::assert_snapshot!(Play::building("a", scratch).play("submitted a=7; 7 closed; removed"), @"
    submitted a=7 -> a free
    7 closed -> CLEANING; a succeeded; remove side-1
    removed -> DONE; answer 1 scratch_built
    ");
}

#[test]
fn late_answers_change_nothing() {
    insta::assert_snapshot!(Play::building("a", plan()).play(
        "submitted a=7; 7 closed; 7 failed build; admitted; change 99; repo 9 ready; gone side-0"
    ), @"
    submitted a=7 -> a free
    7 closed -> PUBLISHING; a succeeded
    7 failed build -> nothing
    admitted -> nothing
    change 99 -> nothing
    repo 9 ready -> nothing
    gone side-0 -> nothing
    ");
}

#[test]
fn a_task_that_koji_says_it_does_not_know_is_lost_only_when_it_says_so_for_long() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 open; 7 unknown; later 299; 7 unknown; 7 open; later 299; 7 unknown; later 300; 7 unknown
         7 open; 8 closed; in; change 60; request none; submitted a=9; 9 closed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 open -> a building
    7 unknown -> nothing
    7 unknown -> nothing
    7 open -> nothing
    7 unknown -> nothing
    7 unknown -> a failed(infrastructure, Koji knows no task 7 any more)
    7 open -> nothing
    8 closed -> a queued; b succeeded; slice 1000 attempt 2: 1
    in -> nothing
    change 60 -> request repo at 60
    request none -> a submitting; submit a to side-1
    submitted a=9 -> a free
    9 closed -> PUBLISHING; a succeeded
    ");
}

#[test]
fn a_lost_task_that_was_being_stopped_ends_as_the_stop_says() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 open; drop a; 7 unknown; later 300; 7 unknown
         later 90000; 8 open since 0; 8 unknown; later 300; 8 unknown; cancelled; cancelled; removed"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 open -> a building
    drop a -> a stopping; cancel 7
    7 unknown -> nothing
    7 unknown -> a dropped
    8 open since 0 -> b stopping; cancel 8
    8 unknown -> nothing
    8 unknown -> CLEANING; b timed_out; remove side-1
    cancelled -> nothing
    cancelled -> nothing
    removed -> DONE; answer 1 dropped; answer 2 timed_out
    ");
}

#[test]
fn a_task_that_is_found_for_a_build_that_waits_to_be_asked_for_is_watched_and_not_asked_for_again()
{
    let one_open = Plan { max_open_builds: 1, ..plan() };
    insta::assert_snapshot!(Play::building("a b", one_open).play(
        "submitted a=7; found a 8; found b 9; 7 closed; found b 10; 9 closed"
    ), @"
    submitted a=7 -> a free
    found a 8 -> nothing
    found b 9 -> b free
    7 closed -> a succeeded
    found b 10 -> nothing
    9 closed -> PUBLISHING; b succeeded
    ");
}

#[test]
fn only_the_token_source_and_tag_of_a_build_that_waits_are_awaited() {
    let mut play = Play::building("a b", Plan { max_open_builds: 1, ..plan() });
    let token = |component: &str, attempt| {
        Token::derive(play.batch.uuid, &name::<Component>(component), attempt)
    };
    let source =
        |component: &str| play.batch.members[&name::<Component>(component)].source.to_string();
    let awaits = |token, source: &str, tag| play.batch.awaits(token, source, tag).cloned();
    assert_eq!(awaits(token("b", 1), &source("b"), "side-1"), Some(name("b")));
    assert_eq!(awaits(token("b", 2), &source("b"), "side-1"), None, "of another attempt");
    assert_eq!(awaits(token("b", 1), &source("a"), "side-1"), None, "of another source");
    assert_eq!(awaits(token("b", 1), &source("b"), "eln"), None, "for another tag");
    assert_eq!(awaits(token("a", 1), &source("a"), "side-1"), None, "being asked for");
    play.quietly("submitted a=7");
    assert_eq!(play.batch.owned_tasks(), [TaskId::new(7)].into());
    assert_eq!(play.batch.owned_tags(), [name("side-1")].into());
}
