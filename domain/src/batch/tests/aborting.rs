use super::super::Plan;
use super::play::{Play, plan};

#[test]
fn an_abort_before_admission_leaves_nothing_behind() {
    insta::assert_snapshot!(Play::of("a", plan()).play("abort; admitted"), @"
    abort -> ABORTED; answer 1 dropped
    admitted -> nothing
    ");
    insta::assert_snapshot!(Play::of("a", plan()).play("abort requeue"), @"abort requeue -> ABORTED");
}

#[test]
fn an_abort_settles_a_side_tag_that_may_have_been_made_and_removes_it() {
    insta::assert_snapshot!(Play::of("a", plan()).play("admitted; abort; tag side-1; removed"), @"
    admitted -> answer 1 in_batch; create side tag on eln-build
    abort -> ABORTING; settle #1
    tag side-1 -> remove side-1
    removed -> ABORTED; answer 1 dropped
    ");
    insta::assert_snapshot!(Play::of("a", plan()).play("admitted; abort; withdrawn create_side_tag"), @"
    admitted -> answer 1 in_batch; create side tag on eln-build
    abort -> ABORTING; settle #1
    withdrawn create_side_tag -> ABORTED; answer 1 dropped
    ");
}

#[test]
fn an_abort_sees_submissions_settled_and_tasks_final() {
    insta::assert_snapshot!(Play::building("a b c", plan()).play(
        "submitted a=7 b=8 c=9; 7 closed; abort requeue; abort; 8 cancelled; cancelled; 9 closed; removed"
    ), @"
    submitted a=7 b=8 c=9 -> a free; b free; c free
    7 closed -> a succeeded
    abort requeue -> ABORTING; b stopping; c stopping; cancel 8 9
    abort -> nothing
    8 cancelled -> b dropped
    cancelled -> nothing
    9 closed -> c dropped; remove side-1
    removed -> ABORTED; reopen 1; reopen 2; reopen 3
    ");
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "abort; submitted a=7 b!source; cancelled; 7 cancelled; removed"
    ), @"
    abort -> ABORTING; settle #4
    submitted a=7 b!source -> a stopping; b dropped; cancel 7
    cancelled -> nothing
    7 cancelled -> a dropped; remove side-1
    removed -> ABORTED; answer 1 dropped; answer 2 dropped
    ");
}

#[test]
fn an_update_that_was_made_all_the_same_keeps_its_tag() {
    insta::assert_snapshot!(Play::publishing("a b", Plan { batch_size: 1, max_single_batch_size: 1, ..plan() }).play(
        "checked; tag e-1; tagged; tag e-2; in e-1; abort requeue; posted F-1; withdrawn tag_builds; removed; removed"
    ), @"
    checked -> group 1 creating_tag [a]; group 2 waiting [b]; create side tag on eln-build
    tag e-1 -> group 1 filling [a]; group 2 creating_tag [b]; tag 1007 into e-1; create side tag on eln-build
    tagged -> group 1 filling [a]
    tag e-2 -> group 2 filling [b]; tag 1008 into e-2
    in e-1 -> group 1 posting [a]; post a from e-1
    abort requeue -> ABORTING; settle #8; settle #9
    posted F-1 -> group 1 posted [a]
    withdrawn tag_builds -> remove e-2; remove side-1
    removed -> nothing
    removed -> ABORTED; group 2 empty []; b left out: aborted; reopen 2; answer 1 built
    ");
}

#[test]
fn after_the_first_update_only_unsent_groups_stop() {
    insta::assert_snapshot!(Play::publishing("a b c", Plan { batch_size: 1, max_single_batch_size: 1, ..plan() }).play(
        "checked; tag e-1; tagged; in e-1; posted F-1; tag e-2; abort; tag e-3; taggone tag_builds; updates F-1=stable; removed; removed; removed"
    ), @"
    checked -> group 1 creating_tag [a]; group 2 waiting [b]; group 3 waiting [c]; create side tag on eln-build
    tag e-1 -> group 1 filling [a]; group 2 creating_tag [b]; tag 1007 into e-1; create side tag on eln-build
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    posted F-1 -> group 1 posted [a]
    tag e-2 -> group 2 filling [b]; group 3 creating_tag [c]; tag 1008 into e-2; create side tag on eln-build
    abort -> SETTLING; group 2 empty []; group 3 empty []; b left out: aborted; c left out: aborted; remove e-2
    tag e-3 -> remove e-3
    taggone tag_builds -> nothing
    updates F-1=stable -> CLEANING; group 1 stable [a]; remove side-1
    removed -> nothing
    removed -> nothing
    removed -> DONE; answer 1 built; answer 2 dropped; answer 3 dropped
    ");
}

#[test]
fn a_held_group_outlives_an_abort() {
    insta::assert_snapshot!(Play::publishing("a b", Plan { batch_size: 1, max_single_batch_size: 1, ..plan() }).play(
        "checked; tag e-1; tagged; in e-1; refused; abort; tag e-2; removed; removed"
    ), @"
    checked -> group 1 creating_tag [a]; group 2 waiting [b]; create side tag on eln-build
    tag e-1 -> group 1 filling [a]; group 2 creating_tag [b]; tag 1007 into e-1; create side tag on eln-build
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    refused -> group 1 held [a]
    abort -> ABORTING; settle #7
    tag e-2 -> remove e-2; remove side-1
    removed -> nothing
    removed -> ABORTED; group 2 empty []; b left out: aborted; answer 1 built; answer 2 dropped
    ");
}
