use ebs_domain::id::BuildId;

use super::*;

fn row(build: i64, event: i64) -> TaggedBuild {
    TaggedBuild {
        tag: "f45".parse().unwrap(),
        build: BuildId::new(build),
        package: "bash".to_owned(),
        nvr: format!("bash-{build}-1.fc45"),
        epoch: None,
        draft: false,
        tagged_at: EventId::new(event),
        made_at: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

/// The mark that looks up to these events leave, with five builds in the tag at the first.
fn looked(events: &[i64]) -> Option<RecordMark> {
    events.iter().fold(None, |mark, &event| {
        let look = Look::of(mark, EventId::new(event));
        Some(look.mark(5, at(event)))
    })
}

/// The builds that a look up to `event` after `before` finds new, of one that was tagged at each event up to 100.
fn new(before: &[i64], event: i64) -> Vec<i64> {
    let listed = (1..=100).rev().map(|number| row(number, number)).collect();
    let new = Look::of(looked(before), EventId::new(event)).new_in(listed);
    new.iter().map(|row| row.build.get()).collect()
}

#[test]
fn the_first_look_leaves_a_mark_and_counts_what_is_there() {
    let mark = looked(&[60]).unwrap();
    assert_eq!((mark.before, mark.event), (EventId::new(60), EventId::new(60)));
    assert_eq!((mark.first, mark.looked, mark.untriggered), (at(60), at(60), 5));
    assert_eq!(new(&[], 60).len(), 60);
}

#[test]
fn the_look_after_the_first_finds_what_was_tagged_since_and_not_what_comes_after_its_event() {
    assert_eq!(new(&[60], 63), [63, 62, 61]);
    assert_eq!(new(&[60], 60), [0_i64; 0]);
}

#[test]
fn each_tagging_is_new_to_two_looks_and_not_to_a_third() {
    assert_eq!(new(&[60, 63], 65), [65, 64, 63, 62, 61]);
    assert_eq!(new(&[60, 63, 65], 66), [66, 65, 64]);
}

#[test]
fn later_looks_keep_what_the_first_has_seen() {
    let mark = looked(&[60, 63, 65]).unwrap();
    assert_eq!((mark.first, mark.looked, mark.untriggered), (at(60), at(65), 5));
}

#[test]
fn a_build_that_was_untagged_and_tagged_again_is_new_by_its_new_event() {
    let look = Look::of(looked(&[60, 70]), EventId::new(80));
    assert_eq!(look.new_in(vec![row(7, 75)]), [row(7, 75)]);
}

#[test]
fn a_mark_above_the_newest_event_of_koji_counts_as_none() {
    assert_eq!(Look::of(looked(&[60]), EventId::new(59)), Look::First { event: EventId::new(59) });
}

#[test]
fn a_tag_that_has_not_changed_since_two_looks_ago_need_not_be_listed() {
    let look = Look::of(looked(&[60, 63]), EventId::new(65));
    assert!(look.is_done_with(EventId::new(60)));
    assert!(!look.is_done_with(EventId::new(61)));
    assert!(!Look::of(None, EventId::new(65)).is_done_with(EventId::new(1)));
}
