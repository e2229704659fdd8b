use std::collections::BTreeSet;

use ebs_stage::{
    fedora::{Leftovers, UpdateEntry},
    status::{Batch, Status},
};

use super::*;

/// One act in which all went well, changed.
fn figures(change: impl FnOnce(&mut Deeds)) -> Figures {
    let status = Status {
        recent: vec![Batch { id: 2, ..Batch::default() }],
        triggers_by_answer: BTreeMap::from([("built".to_owned(), 2), ("denied".to_owned(), 1)]),
        ..Status::default()
    };
    let mut deeds = Deeds {
        form: Form::Standalone,
        seconds: 1.0,
        faults: BTreeMap::from([(Fault::FillDisk, 2)]),
        plan: Vec::new(),
        tagged: 3,
        may_fail: BTreeSet::from(["zsh".to_owned()]),
        ends: BTreeMap::from([((1, "zsh".to_owned()), "failed".to_owned())]),
        ended_by_themselves: Vec::new(),
        status,
        report: Report::default(),
    };
    change(&mut deeds);
    Figures::new(1, 1.0, vec![deeds], Vec::new())
}

#[test]
fn a_campaign_that_lost_nothing_and_did_nothing_twice_holds() {
    let figures = figures(|_| {});
    assert_eq!(figures.mismatches, Vec::<String>::new());
    assert_eq!((figures.sums.batches, figures.faults[&Fault::FillDisk]), (2, 2));
}

#[test]
fn a_build_without_a_trigger_is_a_lost_one() {
    let found = figures(|deeds| deeds.tagged = 4);
    assert_eq!(found.mismatches, ["standalone: 1 triggers are lost"]);
}

#[test]
fn a_side_tag_is_left_over_unless_it_is_bodhis() {
    let left = |deeds: &mut Deeds| {
        deeds.report.leftovers =
            Leftovers { side_tags: vec!["eln-side-1".to_owned()], ..Leftovers::default() };
    };
    assert_eq!(figures(left).left_over, ["side tag eln-side-1"]);
    let found = figures(|deeds| {
        left(deeds);
        deeds.report.updates = vec![UpdateEntry { from_tag: "eln-side-1".to_owned() }];
    });
    assert_eq!(found.mismatches, Vec::<String>::new());
}

#[test]
fn what_was_asked_for_twice_is_named() {
    let found = figures(|deeds| deeds.report.duplicates = vec!["build of bash".to_owned()]);
    assert_eq!(found.mismatches, ["standalone: asked for twice: [\"build of bash\"]"]);
}

#[test]
fn a_failure_that_koji_never_told_of_is_named() {
    let end = ((2, "bash".to_owned()), "failed".to_owned());
    let found = figures(|deeds| deeds.ends.extend([end]));
    assert_eq!(found.mismatches.len(), 1);
    assert!(found.mismatches[0].contains("bash"), "{:?}", found.mismatches);
}
