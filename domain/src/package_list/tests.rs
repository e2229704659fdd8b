use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + millis)
}

/// So many names, `p0` and so on, and these.
fn names(count: usize, more: &[&str]) -> BTreeSet<PackageName> {
    let numbered = (0..count).map(|n| format!("p{n}"));
    let all = numbered.chain(more.iter().map(|&name| name.to_owned()));
    all.map(|name| name.parse().unwrap()).collect()
}

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

/// A list of a hundred names, established at the beginning.
fn hundred() -> PackageList {
    let mut list = PackageList::default();
    list.hear(&names(100, &[]), &Guards::default(), None, at(0));
    list
}

/// What a fetch brings: entered, left.
fn changes(list: &mut PackageList, shown: &BTreeSet<PackageName>, millis: i64) -> (usize, usize) {
    match list.hear(shown, &Guards::default(), None, at(millis)) {
        Heard::Accepted { entered, left } => (entered.len(), left.len()),
        Heard::Held(held) => panic!("held: {held:?}"),
    }
}

fn held(list: &mut PackageList, shown: &BTreeSet<PackageName>, millis: i64) -> Held {
    match list.hear(shown, &Guards::default(), None, at(millis)) {
        Heard::Held(held) => held,
        Heard::Accepted { .. } => panic!("accepted"),
    }
}

#[test]
fn the_first_fetch_of_a_list_counts_as_established() {
    let mut list = PackageList::default();
    assert_eq!(changes(&mut list, &names(100, &[]), 0), (100, 0));
    assert_eq!(list.acting().len(), 100);
}

#[test]
fn a_new_name_acts_after_two_sightings() {
    let mut list = hundred();
    let shown = names(100, &["bash"]);
    assert_eq!(changes(&mut list, &shown, 15 * MINUTE), (0, 0));
    assert_eq!(changes(&mut list, &shown, 30 * MINUTE), (1, 0));
    let known = list.known(&name("bash")).unwrap();
    assert_eq!((known.first, known.acts), (at(15 * MINUTE), Some(at(30 * MINUTE))));
}

#[test]
fn two_fetches_at_nearly_the_same_time_are_one_sighting() {
    let mut list = hundred();
    let shown = names(100, &["bash"]);
    for seconds in 0..4 {
        assert_eq!(changes(&mut list, &shown, 15 * MINUTE + seconds * 1_000), (0, 0));
    }
}

#[test]
fn a_name_that_was_seen_once_and_is_gone_begins_anew() {
    let mut list = hundred();
    changes(&mut list, &names(100, &["bash"]), 15 * MINUTE);
    changes(&mut list, &names(100, &[]), 30 * MINUTE);
    assert_eq!(list.known(&name("bash")), None);
    assert_eq!(changes(&mut list, &names(100, &["bash"]), 45 * MINUTE), (0, 0));
}

#[test]
fn a_name_leaves_after_it_was_missing_for_a_day() {
    let mut list = hundred();
    for hour in 1..25 {
        assert_eq!(changes(&mut list, &names(99, &[]), hour * HOUR), (0, 0), "{hour}");
    }
    assert_eq!(changes(&mut list, &names(99, &[]), 25 * HOUR), (0, 1));
}

#[test]
fn names_are_counted_by_how_they_stand() {
    let mut list = hundred();
    changes(&mut list, &names(98, &["bash"]), HOUR);
    assert_eq!(list.count(), Count { acting: 100, waiting: 1, missing: 2 });
}

#[test]
fn a_name_that_is_back_within_a_day_never_left() {
    let mut list = hundred();
    for hour in 1..24 {
        changes(&mut list, &names(99, &[]), hour * HOUR);
    }
    changes(&mut list, &names(100, &[]), 24 * HOUR);
    for hour in 25..48 {
        assert_eq!(changes(&mut list, &names(99, &[]), hour * HOUR), (0, 0), "{hour}");
    }
    assert_eq!(list.known(&name("p99")).unwrap().last, at(24 * HOUR));
}

#[test]
fn a_list_that_was_away_for_weeks_loses_nothing_at_its_first_fetch() {
    let mut list = hundred();
    assert_eq!(changes(&mut list, &names(99, &[]), 70 * 24 * HOUR), (0, 0));
    assert_eq!(list.acting().len(), 100);
}

#[test]
fn a_clock_that_jumps_lets_no_name_leave_or_act_by_itself() {
    let mut list = hundred();
    assert_eq!(changes(&mut list, &names(99, &[]), HOUR), (0, 0));
    assert_eq!(changes(&mut list, &names(99, &[]), 400 * 24 * HOUR), (0, 0));
    assert_eq!(changes(&mut list, &names(99, &["bash"]), -3 * HOUR), (0, 0));
    assert_eq!(changes(&mut list, &names(99, &["bash"]), -2 * HOUR), (1, 0), "the second sighting");
}

#[test]
fn a_list_that_grows_by_more_than_a_tenth_is_held_and_nothing_changes() {
    let mut list = hundred();
    let jump = names(126, &[]);
    let first = held(&mut list, &jump, HOUR);
    assert_eq!((first.entering, first.leaving, first.since), (26, 0, at(HOUR)));
    assert_eq!(held(&mut list, &jump, 2 * HOUR).since, at(HOUR), "the same jump");
    assert_eq!(list.acting().len(), 100);
    assert_eq!(list.accepted(), Some(at(0)));
    assert_eq!(first.enters(&list).count(), 26);
    assert_eq!(first.leaves(&list).next(), None);
}

#[test]
fn a_list_that_shrinks_by_more_than_a_fifth_is_held_and_nothing_leaves() {
    let mut list = PackageList::default();
    changes(&mut list, &names(1_000, &[]), 0);
    assert_eq!(changes(&mut list, &names(800, &[]), HOUR), (0, 0));
    let held = held(&mut list, &names(799, &[]), 2 * HOUR);
    assert_eq!((held.entering, held.leaving), (0, 201));
    assert_eq!(list.acting().len(), 1_000);
}

#[test]
fn a_jump_that_is_taken_back_leaves_no_trace() {
    let mut list = hundred();
    held(&mut list, &names(1_100, &[]), HOUR);
    assert_eq!(changes(&mut list, &names(100, &[]), 48 * HOUR), (0, 0));
    assert_eq!((list.held(), list.acting().len()), (None, 100));
}

#[test]
fn a_jump_that_a_person_confirms_acts_at_once() {
    let mut list = hundred();
    let jump = names(200, &["bash"]);
    let since = held(&mut list, &jump, HOUR).since;
    let heard = list.hear(&jump, &Guards::default(), Some(since), at(2 * HOUR));
    let Heard::Accepted { entered, left } = heard else { panic!("{heard:?}") };
    assert_eq!((entered.len(), left.len()), (101, 0));
    assert_eq!((list.held(), list.acting().len()), (None, 201));
}

#[test]
fn a_word_for_one_jump_is_none_for_another() {
    let mut list = hundred();
    let since = held(&mut list, &names(200, &[]), HOUR).since;
    let other = names(400, &[]);
    let heard = list.hear(&other, &Guards::default(), Some(since), at(2 * HOUR));
    let Heard::Held(held) = heard else { panic!("{heard:?}") };
    assert_eq!(held.since, at(2 * HOUR));
    let heard = list.hear(&other, &Guards::default(), Some(since), at(3 * HOUR));
    assert!(matches!(heard, Heard::Held(_)), "{heard:?}");
}

#[test]
fn the_names_of_a_confirmed_jump_that_are_gone_leave_at_once() {
    let mut list = PackageList::default();
    changes(&mut list, &names(1_000, &[]), 0);
    let since = held(&mut list, &names(500, &[]), HOUR).since;
    let heard = list.hear(&names(501, &[]), &Guards::default(), Some(since), at(2 * HOUR));
    let Heard::Accepted { entered, left } = heard else { panic!("{heard:?}") };
    assert_eq!((entered.len(), left.len()), (0, 499));
}

#[test]
fn a_few_names_are_no_jump_however_short_the_list_is() {
    let mut list = PackageList::default();
    changes(&mut list, &names(3, &[]), 0);
    assert_eq!(changes(&mut list, &names(28, &[]), HOUR), (0, 0));
    assert_eq!(changes(&mut list, &names(28, &[]), 2 * HOUR), (25, 0));
}

#[test]
fn a_list_comes_back_as_it_was_stored() {
    let mut list = hundred();
    held(&mut list, &names(400, &[]), HOUR);
    let text = serde_json::to_string(&list).unwrap();
    assert_eq!(serde_json::from_str::<PackageList>(&text).unwrap(), list);
}
