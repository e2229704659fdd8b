use super::super::Plan;
use super::play::{Play, plan};

fn split(batch_size: usize, max_single_batch_size: usize) -> Plan {
    Plan { batch_size, max_single_batch_size, ..plan() }
}

#[test]
fn what_stands_against_publishing_is_left_out_by_name() {
    insta::assert_snapshot!(Play::publishing("a b c", plan()).play("checked 1007=stable 1008=F-0"), @"checked 1007=stable 1008=F-0 -> group 1 creating_tag [c]; a left out: already_stable; b left out: in_update; create side tag on eln-build");
}

#[test]
fn an_nvr_that_bodhi_cannot_hold_is_left_out() {
    let long = "n".repeat(100);
    let text = Play::publishing(&format!("a {long}"), plan()).play("checked");
    insta::assert_snapshot!(text.replace(&long, "N"), @"checked -> group 1 creating_tag [a]; N left out: nvr_too_long; create side tag on eln-build");
}

#[test]
fn a_draft_that_cannot_be_promoted_is_left_out() {
    insta::assert_snapshot!(Play::building("a b", plan()).play(
        "submitted a=7 b=8; 7 closed; 8 closed; checked; promoted -1007"
    ), @"
    submitted a=7 b=8 -> a free; b free
    7 closed -> a succeeded
    8 closed -> PUBLISHING; b succeeded
    checked -> promote 1007 1008
    promoted -1007 -> group 1 creating_tag [b]; a left out: not_promotable; create side tag on eln-build
    ");
}

#[test]
fn a_batch_is_split_only_above_the_size_for_a_single_update() {
    insta::assert_snapshot!(Play::publishing("a b c d", split(2, 4)).play("checked"), @"checked -> group 1 creating_tag [a b c d]; create side tag on eln-build");
    insta::assert_snapshot!(Play::publishing("a b c d e", split(2, 4)).play(
        "checked; tag errata-1; tag errata-2; tag errata-3"
    ), @"
    checked -> group 1 creating_tag [a b]; group 2 waiting [c d]; group 3 waiting [e]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a b]; group 2 creating_tag [c d]; tag 1007 1008 into errata-1; create side tag on eln-build
    tag errata-2 -> group 2 filling [c d]; group 3 creating_tag [e]; tag 1009 1010 into errata-2; create side tag on eln-build
    tag errata-3 -> group 3 filling [e]; tag 1011 into errata-3
    ");
}

#[test]
fn builds_that_the_update_lacks_get_a_new_errata_tag() {
    insta::assert_snapshot!(Play::publishing("a b", plan()).play(
        "checked; tag errata-1; tagged; in errata-1; posted F-1 -a; tag errata-2; tagged; in errata-2; posted F-2 -a"
    ), @"
    checked -> group 1 creating_tag [a b]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a b]; tag 1007 1008 into errata-1
    tagged -> group 1 filling [a b]
    in errata-1 -> group 1 posting [a b]; post a b from errata-1
    posted F-1 -a -> group 1 posted [b]; group 2 creating_tag [a]; create side tag on eln-build
    tag errata-2 -> group 2 filling [a]; tag 1007 into errata-2
    tagged -> group 2 filling [a]
    in errata-2 -> group 2 posting [a]; post a from errata-2
    posted F-2 -a -> SETTLING; group 2 held [a]
    ");
}

#[test]
fn builds_that_a_refusal_names_are_dropped_and_the_rest_is_tried_again() {
    insta::assert_snapshot!(Play::publishing("a b", plan()).play(
        "checked; tag errata-1; tagged; in errata-1; refused a; tag errata-2; tagged; in errata-2; refused b; removed; removed; removed"
    ), @"
    checked -> group 1 creating_tag [a b]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a b]; tag 1007 1008 into errata-1
    tagged -> group 1 filling [a b]
    in errata-1 -> group 1 posting [a b]; post a b from errata-1
    refused a -> group 1 creating_tag [b]; a left out: refused; remove errata-1; create side tag on eln-build
    tag errata-2 -> group 1 filling [b]; tag 1008 into errata-2
    tagged -> group 1 filling [b]
    in errata-2 -> group 1 posting [b]; post b from errata-2
    refused b -> CLEANING; group 1 empty []; b left out: refused; remove errata-2; remove side-1
    removed -> nothing
    removed -> nothing
    removed -> DONE; answer 1 built; answer 2 built
    ");
}

#[test]
fn a_group_that_is_refused_otherwise_is_held_and_the_others_go_on() {
    insta::assert_snapshot!(Play::publishing("a b", split(1, 1)).play(
        "checked; tag errata-1; tag errata-2; tagged; in errata-1; refused; tagged; in errata-2; posted F-2; updates F-2=stable; removed"
    ), @"
    checked -> group 1 creating_tag [a]; group 2 waiting [b]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a]; group 2 creating_tag [b]; tag 1007 into errata-1; create side tag on eln-build
    tag errata-2 -> group 2 filling [b]; tag 1008 into errata-2
    tagged -> group 1 filling [a]
    in errata-1 -> group 1 posting [a]; post a from errata-1
    refused -> group 1 held [a]
    tagged -> group 2 filling [b]
    in errata-2 -> group 2 posting [b]; post b from errata-2
    posted F-2 -> SETTLING; group 2 posted [b]
    updates F-2=stable -> CLEANING; group 2 stable [b]; remove side-1
    removed -> DONE; answer 1 built; answer 2 built
    ");
}

#[test]
fn a_tag_that_differs_is_put_right_three_times_and_then_held() {
    insta::assert_snapshot!(Play::publishing("a", plan()).play(
        "checked; tag e-1; tagged; in e-1; differs; tagged; in e-1; differs; tagged; in e-1; differs; tagged; in e-1; differs"
    ), @"
    checked -> group 1 creating_tag [a]; create side tag on eln-build
    tag e-1 -> group 1 filling [a]; tag 1007 into e-1
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    differs -> group 1 filling [a]; tag 1007 into e-1
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    differs -> group 1 filling [a]; tag 1007 into e-1
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    differs -> group 1 filling [a]; tag 1007 into e-1
    tagged -> group 1 filling [a]
    in e-1 -> group 1 posting [a]; post a from e-1
    differs -> CLEANING; group 1 held [a]; remove side-1
    ");
}

#[test]
fn an_errata_tag_that_vanishes_is_made_anew() {
    insta::assert_snapshot!(Play::publishing("a", plan()).play(
        "checked; tag e-1; taggone tag_builds; tag e-2; tagged; gone e-2; tag e-3; tagged; in e-3"
    ), @"
    checked -> group 1 creating_tag [a]; create side tag on eln-build
    tag e-1 -> group 1 filling [a]; tag 1007 into e-1
    taggone tag_builds -> group 1 creating_tag [a]; create side tag on eln-build
    tag e-2 -> group 1 filling [a]; tag 1007 into e-2
    tagged -> group 1 filling [a]
    gone e-2 -> group 1 creating_tag [a]; create side tag on eln-build
    tag e-3 -> group 1 filling [a]; tag 1007 into e-3
    tagged -> group 1 filling [a]
    in e-3 -> group 1 posting [a]; post a from e-3
    ");
}

#[test]
fn a_build_that_cannot_be_put_into_the_errata_tag_is_left_out() {
    insta::assert_snapshot!(Play::publishing("a b", plan()).play(
        "checked; tag e-1; tagged -1007=tagging; in e-1 -1007"
    ), @"
    checked -> group 1 creating_tag [a b]; create side tag on eln-build
    tag e-1 -> group 1 filling [a b]; tag 1007 1008 into e-1
    tagged -1007=tagging -> group 1 filling [a b]
    in e-1 -1007 -> group 1 posting [b]; a left out: not_taggable; post b from e-1
    ");
}

#[test]
fn a_component_can_be_dropped_until_its_group_is_posted() {
    insta::assert_snapshot!(Play::publishing("a b c", plan()).play(
        "drop a; checked; tag e-1; drop b; tag e-2; tagged; in e-2; drop c"
    ), @"
    drop a -> a dropped
    checked -> group 1 creating_tag [b c]; create side tag on eln-build
    tag e-1 -> group 1 filling [b c]; tag 1008 1009 into e-1
    drop b -> b dropped; group 1 creating_tag [c]; remove e-1; create side tag on eln-build
    tag e-2 -> group 1 filling [c]; tag 1009 into e-2
    tagged -> group 1 filling [c]
    in e-2 -> group 1 posting [c]; post c from e-2
    drop c -> illegal: `drop` cannot happen in a batch that is publishing
    ");
}
