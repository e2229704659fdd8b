use super::*;

const OVERLAP: Duration = Duration::from_secs(100);

fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn names(tags: &TriggerTags, second: i64) -> Vec<String> {
    tags.watched(at(second), OVERLAP).iter().map(ToString::to_string).collect()
}

#[test]
fn the_tag_that_is_named_again_changes_nothing() {
    let tags = TriggerTags::first(tag("f45"), at(0));
    assert_eq!(tags.follow(&tag("f45"), at(50)), tags);
    assert_eq!(names(&tags, 1_000_000), ["f45"]);
}

#[test]
fn a_former_tag_triggers_until_the_overlap_is_over() {
    let tags = TriggerTags::first(tag("f45"), at(0)).follow(&tag("f46"), at(50));
    assert_eq!((tags.current.as_str(), tags.since), ("f46", at(50)));
    assert_eq!(names(&tags, 149), ["f46", "f45"]);
    assert_eq!(names(&tags, 150), ["f46"]);
}

#[test]
fn a_change_that_is_taken_back_leaves_the_tag_named_once() {
    let tags = TriggerTags::first(tag("f45"), at(0)).follow(&tag("f46"), at(10));
    let tags = tags.follow(&tag("f45"), at(20));
    assert_eq!(names(&tags, 30), ["f45", "f46"]);
    assert_eq!(names(&tags.follow(&tag("f46"), at(40)), 50), ["f46", "f45"]);
}

#[test]
fn an_overlap_that_is_cut_short_ends_the_watching_at_once() {
    let tags = TriggerTags::first(tag("f45"), at(0)).follow(&tag("f46"), at(50));
    assert_eq!(tags.watched(at(51), Duration::ZERO), [tag("f46")]);
}

#[test]
fn however_often_the_tag_changes_few_former_ones_are_remembered() {
    let first = TriggerTags::first(tag("t0"), at(0));
    let tags = (1..50).fold(first, |tags, number| tags.follow(&tag(&format!("t{number}")), at(1)));
    assert_eq!(tags.former.len(), MAX_FORMER);
    assert_eq!(names(&tags, 2)[..3], ["t49", "t48", "t47"]);
}
