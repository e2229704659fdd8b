use super::play::{Play, plan};

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
