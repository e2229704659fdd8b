use std::collections::BTreeSet;

use super::*;

#[test]
fn a_seed_always_gives_the_same_plan_and_another_seed_another_one() {
    let first = |seed| plan(seed, &Fault::ALL).take(100).collect::<Vec<_>>();
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn every_kind_has_come_before_one_comes_again() {
    let kinds: Vec<Fault> =
        plan(7, &Fault::ALL).take(2 * Fault::ALL.len()).map(|next| next.fault).collect();
    for round in kinds.chunks(Fault::ALL.len()) {
        assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), Fault::ALL.len());
    }
}

#[test]
fn a_fault_lasts_as_long_as_its_kind_may() {
    for Planned { fault, lasts, .. } in plan(3, &Fault::ALL).take(200) {
        let (least, most) = fault.lasts();
        assert!(least <= lasts && lasts <= most, "{fault:?} {lasts:?}");
    }
}

#[test]
fn some_faults_overlap_and_some_do_not() {
    let beside = plan(5, &Fault::ALL).take(100).filter(|next| next.beside).count();
    assert!((10..90).contains(&beside), "{beside}");
}
