use ebs_stage::{
    fedora::{Leftovers, UpdateEntry},
    status::Batch,
};

use super::*;

fn figures(change: impl FnOnce(&mut Deeds, &mut Status, &mut Report)) -> Figures {
    let mut deeds = Deeds {
        seed: 1,
        seconds: 1.0,
        faults: BTreeMap::new(),
        tagged: 3,
        ended_by_themselves: Vec::new(),
    };
    let mut status = Status {
        recent: vec![Batch { id: 2, ..Batch::default() }],
        triggers_by_answer: BTreeMap::from([("built".to_owned(), 2), ("denied".to_owned(), 1)]),
        ..Status::default()
    };
    let mut report = Report::default();
    change(&mut deeds, &mut status, &mut report);
    Figures::new(deeds, &status, &report)
}

#[test]
fn a_campaign_that_lost_nothing_and_did_nothing_twice_holds() {
    assert_eq!(figures(|_, _, _| {}).mismatches, Vec::<String>::new());
}

#[test]
fn a_build_without_a_trigger_is_a_lost_one() {
    let found = figures(|deeds, _, _| deeds.tagged = 4);
    assert_eq!(found.mismatches, ["1 triggers are lost"]);
}

#[test]
fn a_side_tag_is_left_over_unless_it_is_bodhis() {
    let left = |report: &mut Report| {
        report.leftovers =
            Leftovers { side_tags: vec!["eln-side-1".to_owned()], ..Leftovers::default() };
    };
    let found = figures(|_, _, report| left(report));
    assert_eq!(found.left_over, ["side tag eln-side-1"]);
    let found = figures(|_, _, report| {
        left(report);
        report.updates = vec![UpdateEntry { from_tag: "eln-side-1".to_owned() }];
    });
    assert_eq!(found.mismatches, Vec::<String>::new());
}

#[test]
fn what_was_asked_for_twice_is_named() {
    let found = figures(|_, _, report| report.duplicates = vec!["build of bash".to_owned()]);
    assert_eq!(found.mismatches, ["asked for twice: [\"build of bash\"]"]);
}
