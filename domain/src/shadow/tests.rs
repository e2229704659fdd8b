use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + minutes * 60_000)
}

fn source(component: &str, commit: u8) -> String {
    format!(
        "git+https://src.example.org/rpms/{component}.git#{}",
        format!("{commit:02x}").repeat(20)
    )
}

fn ours(component: &str, commit: u8, minutes: i64) -> Planned {
    Planned {
        batch: BatchId::new(1),
        component: component.parse().unwrap(),
        source: source(component, commit).parse().unwrap(),
        order: 1000,
        at: at(minutes),
    }
}

fn theirs(task: i64, component: &str, commit: u8, minutes: i64) -> Asked {
    Asked {
        task: TaskId::new(task),
        component: component.parse().unwrap(),
        source: source(component, commit),
        target: "eln-build-side-7".to_owned(),
        at: at(minutes),
        ended: Some(at(minutes + 10)),
    }
}

fn told(ours: &[Planned], theirs: &[Asked], minutes: i64) -> Comparison {
    compare(ours, theirs, Patience { span: HOUR, now: at(minutes) })
}

fn words(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let word = |one: &Difference| (one.kind.word(), one.component.to_string());
    comparison.differences.iter().map(word).collect()
}

#[test]
fn what_both_build_from_one_commit_agrees_however_often_it_was_tried() {
    let asked = [theirs(2, "bash", 1, 20), theirs(1, "bash", 1, 5)];
    let compared = told(&[ours("bash", 1, 0)], &asked, 500);
    assert_eq!((compared.agreed, compared.differences.len(), compared.waiting), (1, 0, 0));
}

#[test]
fn what_only_one_builds_differs_once_the_other_had_its_time() {
    let (planned, asked) = ([ours("bash", 1, 0)], [theirs(1, "sed", 1, 0)]);
    let early = told(&planned, &asked, 59);
    assert_eq!((early.waiting, early.differences.len()), (2, 0));
    let late = told(&planned, &asked, 60);
    let mut found = words(&late);
    found.sort();
    assert_eq!(found, [("not_by_them", "bash".to_owned()), ("not_by_us", "sed".to_owned())]);
}

#[test]
fn one_component_from_two_sources_is_one_difference() {
    let compared = told(&[ours("bash", 1, 0)], &[theirs(1, "bash", 2, 5)], 500);
    assert_eq!(words(&compared), [("other_source", "bash".to_owned())]);
    let one = &compared.differences[0];
    assert!(one.ours.is_some() && one.theirs.is_some());
}

#[test]
fn what_a_newer_build_replaced_before_the_other_came_to_it_is_no_difference() {
    let planned = [ours("bash", 1, 0), ours("bash", 2, 30)];
    let compared = told(&planned, &[theirs(1, "bash", 2, 100)], 500);
    assert_eq!((compared.agreed, compared.overtaken), (1, 1));
    assert_eq!(words(&compared), []);
}

#[test]
fn a_slice_that_was_not_waited_for_is_told_with_what_came_too_early() {
    let first = Planned { order: 1, ..ours("llvm", 1, 0) };
    let planned = [first, ours("bash", 1, 0), ours("sed", 1, 0)];
    // It ends ten minutes after it was asked for.
    let kept = [theirs(1, "llvm", 1, 0), theirs(2, "bash", 1, 10), theirs(3, "sed", 1, 11)];
    assert_eq!(words(&told(&planned, &kept, 500)), []);
    let broken = [theirs(1, "llvm", 1, 0), theirs(2, "bash", 1, 9), theirs(3, "sed", 1, 11)];
    let compared = told(&planned, &broken, 500);
    assert_eq!(words(&compared), [("other_order", "llvm".to_owned())]);
    let early = compared.differences[0].theirs.as_ref().unwrap();
    assert_eq!(early.component.to_string(), "bash");
    // In another side tag it says nothing.
    let elsewhere = Asked { target: "eln-build-side-8".to_owned(), ..broken[1].clone() };
    let apart = [broken[0].clone(), elsewhere, broken[2].clone()];
    assert_eq!(words(&told(&planned, &apart, 500)), []);
}

#[test]
fn a_kind_is_stored_under_its_word() {
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
    }
}

proptest! {
    #[test]
    fn each_build_is_counted_once_whatever_the_order(
        planned in prop::collection::vec((0_usize..4, 1_u8..4, 0_i64..200), 0..12),
        asked in prop::collection::vec((0_usize..4, 1_u8..4, 0_i64..200), 0..12),
        turned in any::<bool>(),
    ) {
        let names = ["bash", "sed", "llvm", "zlib"];
        let mut one: Vec<Planned> = planned.iter().map(|(name, commit, at)| ours(names[*name], *commit, *at)).collect();
        one.dedup_by(|a, b| a == b);
        let mut other: Vec<Asked> = (1..).zip(&asked).map(|(task, (name, commit, at))| theirs(task, names[*name], *commit, *at)).collect();
        let straight = told(&one, &other, 1000);
        if turned {
            one.reverse();
            other.reverse();
        }
        let compared = told(&one, &other, 1000);
        prop_assert_eq!(compared.differences.len(), straight.differences.len());
        prop_assert_eq!(compared.waiting, 0);
        let of_theirs: BTreeSet<_> = compared.differences.iter().filter(|d| d.kind == Kind::NotByUs).filter_map(|d| Some(d.theirs.as_ref()?.task)).collect();
        let not_by_us = compared.differences.iter().filter(|d| d.kind == Kind::NotByUs).count();
        prop_assert_eq!(of_theirs.len(), not_by_us);
    }
}
