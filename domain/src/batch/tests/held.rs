use super::{
    super::*,
    play::{Play, plan},
};
use crate::{
    id::{BatchId, TagName},
    time::Timestamp,
};

/// Two groups, of `a` and of `b`.
fn two() -> Play {
    Play::publishing("a b", Plan { batch_size: 1, max_single_batch_size: 1, ..plan() })
}

/// Until the group of `a` is held, and that of `b` is on its way.
const HELD: &str = "checked; tag errata-1; tag errata-2; tagged; in errata-1; refused; tagged; in errata-2; posted F-2";

fn judged(play: &Play, group: u32) -> [String; 2] {
    [Decision::Retry, Decision::Discard].map(|decision| match play.batch.judge(group, decision) {
        Ok(()) => "yes".to_owned(),
        Err(undecided) => undecided.to_string(),
    })
}

/// The outcome of the discarding that is open: an update is found.
fn found(play: &Play, alias: &str) -> Event {
    let discards = |purpose: &Purpose| matches!(purpose, Purpose::Discard { .. });
    let (no, _) = play.batch.open.iter().find(|(_, purpose)| discards(purpose)).unwrap();
    let update = UpdateSeen {
        alias: alias.to_owned(),
        status: "pending".to_owned(),
        gating: None,
        pushed: false,
        builds: Vec::new(),
    };
    Event::Outcome { no: *no, outcome: Outcome::UpdatePosted { end: PostEnd::Update(update) } }
}

#[test]
fn a_held_group_is_posted_again_from_its_own_tag_and_the_batch_waits_for_it() {
    insta::assert_snapshot!(two().play(
        "checked; tag errata-1; tag errata-2; tagged; in errata-1; poisoned submit_update; tagged; in errata-2; posted F-2; retry 1; posted F-1"
    ), @"
    checked -> group 1 creating_tag [a]; group 2 waiting [b]; create side tag on eln-build
    tag errata-1 -> group 1 filling [a]; group 2 creating_tag [b]; tag 1007 into errata-1; create side tag on eln-build
    tag errata-2 -> group 2 filling [b]; tag 1008 into errata-2
    tagged -> group 1 filling [a]
    in errata-1 -> group 1 posting [a]; post a from errata-1
    poisoned submit_update -> group 1 held [a]
    tagged -> group 2 filling [b]
    in errata-2 -> group 2 posting [b]; post b from errata-2
    posted F-2 -> SETTLING; group 2 posted [b]
    retry 1 -> PUBLISHING; group 1 posting [a]; post a from errata-1
    posted F-1 -> SETTLING; group 1 posted [a]
    ");
}

#[test]
fn a_group_that_is_discarded_loses_its_tag_and_its_builds_are_left_out_and_not_called_built() {
    let mut play = two();
    play.quietly(HELD);
    insta::assert_snapshot!(play.play("discard 1; updates F-2=stable; removed; removed"), @"
    discard 1 -> group 1 discarding [a]; remove errata-1
    updates F-2=stable -> CLEANING; group 2 stable [b]; remove side-1
    removed -> group 1 discarded [a]; a left out: discarded
    removed -> DONE; answer 1 dropped; answer 2 built
    ");
}

#[test]
fn a_group_from_whose_tag_an_update_was_made_is_not_discarded_but_held_again() {
    let mut play = two();
    play.quietly(HELD);
    play.quietly("discard 1");
    let event = found(&play, "F-1");
    insta::assert_snapshot!(play.give(event), @"group 1 held [a]");
    assert!(play.batch.left_out.is_empty());
    insta::assert_snapshot!(play.play("retry 1; posted F-1"), @"
    retry 1 -> PUBLISHING; group 1 posting [a]; post a from errata-1
    posted F-1 -> SETTLING; group 1 posted [a]
    ");
}

#[test]
fn a_discarding_that_is_under_way_is_seen_to_its_end_when_the_batch_is_ended() {
    let mut play = two();
    play.quietly("checked; tag errata-1; tag errata-2; tagged; in errata-1; refused; discard 1");
    insta::assert_snapshot!(play.play("abort; tagged; removed; removed; removed"), @"
    abort -> ABORTING; settle #8
    tagged -> nothing
    removed -> group 1 discarded [a]; a left out: discarded; remove errata-2; remove side-1
    removed -> nothing
    removed -> ABORTED; group 2 empty []; b left out: aborted; answer 1 dropped; answer 2 dropped
    ");
}

#[test]
fn only_a_held_group_of_a_batch_that_publishes_settles_or_has_ended_waits_for_a_decision() {
    let not_held = |state: &str| {
        let text =
            format!("group 1 of batch 5 is {state}: only one that is held waits for a decision");
        [text.clone(), text]
    };
    let not_now = |phase: &str| {
        let text =
            format!("batch 5 is {phase}: ask again when it has ended, its held groups outlive it");
        [text.clone(), text]
    };
    let nothing = "there is no group 9 of batch 5 that waits for somebody: `ebsctl status` shows those that do";
    let yes = || ["yes".to_owned(), "yes".to_owned()];
    let table: [(&str, u32, [String; 2]); 11] = [
        ("checked", 1, not_held("creating_tag")),
        ("tag errata-1", 1, not_held("filling")),
        ("tag errata-2; tagged; in errata-1", 1, not_held("posting")),
        ("refused", 1, yes()),
        ("tagged; in errata-2; posted F-2", 1, yes()),
        ("", 9, [nothing.to_owned(), nothing.to_owned()]),
        ("discard 1", 1, not_held("discarding")),
        ("removed", 1, not_held("discarded")),
        ("updates F-2=stable", 1, not_held("discarded")),
        ("removed", 1, not_held("discarded")),
        ("", 2, [not_held_two(), not_held_two()]),
    ];
    let mut play = two();
    for (script, group, wanted) in table {
        play.quietly(script);
        assert_eq!(judged(&play, group), wanted, "{script}");
    }
    let mut play = Play::publishing("a", plan());
    play.quietly("checked; tag errata-1; tagged; in errata-1; refused");
    assert_eq!(judged(&play, 1), not_now("cleaning"));
    play.quietly("removed");
    assert_eq!(judged(&play, 1), yes(), "it outlives its batch");
    let before = play.batch.clone();
    for decision in [Decision::Retry, Decision::Discard] {
        let event = decision.event(1);
        assert!(play.batch.step(Timestamp::from_millis(0), event).is_err(), "nobody runs it here");
        assert_eq!(play.batch, before);
    }
}

fn not_held_two() -> String {
    "group 2 of batch 5 is stable: only one that is held waits for a decision".to_owned()
}

#[test]
fn a_batch_that_an_operator_ends_posts_no_held_group_but_one_can_be_discarded() {
    let mut play = two();
    play.quietly(HELD);
    play.quietly("abort");
    let [retry, discard] = judged(&play, 1);
    assert!(retry.starts_with("batch 5 is being ended by an operator"), "{retry}");
    assert_eq!(discard, "yes");
}

/// A held group without its batch.
fn late() -> Group {
    let mut play = two();
    play.quietly(HELD);
    play.batch.groups.remove(&1).unwrap()
}

#[test]
fn a_late_group_is_discarded_once_its_tag_is_gone_and_held_again_if_an_update_is_found() {
    let (batch, mut group) = (BatchId::new(5), late());
    let tag: TagName = "errata-1".parse().unwrap();
    let effect = decide_late(&mut group, batch, 1, Decision::Discard).unwrap();
    assert_eq!(effect, Effect::RemoveSideTag { tag: tag.clone() });
    assert!(
        group.is_open() && group.tag() == Some(&tag),
        "its tag is known as long as it is there"
    );
    let refused = decide_late(&mut group, batch, 1, Decision::Retry).unwrap_err();
    assert!(matches!(refused, Undecided::NotHeld { state: "discarding", .. }), "{refused}");
    assert!(!late_decided(&mut group, Outcome::Withdrawn), "no outcome of it");
    let mut again = group.clone();
    assert!(late_decided(&mut group, Outcome::TagRemoved));
    assert_eq!((group.word(), group.is_open(), group.tag()), ("discarded", false, None));
    let mut play = two();
    play.quietly(HELD);
    play.quietly("discard 1");
    let Event::Outcome { outcome, .. } = found(&play, "F-1") else { panic!("no outcome") };
    assert!(late_decided(&mut again, outcome));
    let text = "not discarded: F-1 was made from errata-1, retry takes it on".to_owned();
    assert_eq!(again.state, GroupState::Held { tag, text });
}
