//! The simulation itself: it repeats, and it finds what is wrong.

use std::collections::BTreeSet;

use anyhow::Result;
use ebs_domain::time::Timestamp;
use ebs_shared::queue::Depths;
use ebs_simulation::{
    chaos::Chaos,
    invariants, lacking,
    memory::Rows,
    observed::{Announced, Observed},
    plan::Plan,
    player,
    run::{Options, Outcome, run},
    sweep::{Sweep, sweep},
};
use fedora_sim::{
    control::{Announce, Report, TagAnswer},
    script::Script,
    world::World,
};

#[test]
fn the_same_seed_has_the_same_transcript() -> Result<()> {
    for seed in [1, 4] {
        let options = Options { seed, ..Options::default() };
        let (first, second) = (run(&options)?, run(&options)?);
        assert_eq!(first, second, "seed {seed}");
        assert!(first.lines.len() > 50, "something happens in seed {seed}");
    }
    Ok(())
}

#[test]
fn seeds_that_run_at_once_come_to_the_same_as_one_after_the_other() -> Result<()> {
    let sums = |threads| -> Result<_> {
        let (seeds, without) = (1..7, BTreeSet::new());
        let swept = sweep(&Sweep { seeds, without, threads, keep_going: true })?;
        Ok((swept.seeds, swept.calls, swept.faults, swept.builds, swept.span))
    };
    assert_eq!(sums(1)?, sums(3)?);
    Ok(())
}

#[test]
fn a_fault_left_out_leaves_the_others_as_they_were() {
    let plan = Plan::of(44, &[].into());
    let names: Vec<String> = plan.events.iter().filter_map(|event| event.fault.clone()).collect();
    let without = [String::from("outage.koji.1")].into();
    let again = Plan::of(44, &without);
    let left: Vec<String> = again.events.iter().filter_map(|event| event.fault.clone()).collect();
    assert_eq!(names, left);
    assert!(again.windows.len() < plan.windows.len());
}

#[test]
fn an_operator_acts_and_is_left_out_as_faults_are() -> Result<()> {
    let seed = (1..).find(|seed| player::acts(*seed).len() > 5).unwrap_or_default();
    let outcome = run(&Options { seed, ..Options::default() })?;
    let played = |outcome: &Outcome| -> u64 {
        let tidied = outcome.played.iter().filter(|(word, _)| **word != "unpause at the end");
        tidied.map(|(_, (done, refused))| done + refused).sum()
    };
    assert!(played(&outcome) > 5, "{:?}", outcome.played);
    let without = player::acts(seed).iter().map(|(_, act)| act.name()).collect();
    let alone = run(&Options { seed, without, ..Options::default() })?;
    assert_eq!(played(&alone), 0, "{:?}", alone.played);
    Ok(())
}

#[test]
fn what_nobody_ever_tells_of_is_found_by_reconcile() -> Result<()> {
    let seed = (1..).find(|seed| lacking::before(*seed).iter().any(|(_, lacks)| *lacks));
    let outcome = run(&Options { seed: seed.unwrap_or_default(), ..Options::default() })?;
    assert!(outcome.found > 0 && outcome.broken.is_empty(), "{:?}", outcome.broken);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_left_out_does_not_happen() {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    let chaos = Chaos::new(1, until, [String::from("a.wipe")].into());
    assert!(!chaos.inject("a.wipe", "wipe"));
    assert!(chaos.inject("b.wipe", "wipe"));
    assert_eq!(chaos.injected(), ["b.wipe"]);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_trigger_is_seen() {
    let world = World::new(Script::default(), &ebs_simulation::time::Wall::new());
    let made = TagAnswer {
        build_id: 7,
        nvr: "alpha-1-1.fc45".to_owned(),
        source: "git+https://src.example.org/rpms/alpha#1".to_owned(),
        event: Some(1),
        message_id: None,
    };
    let observed = Observed {
        rows: Rows::default(),
        report: world.read(Report::of),
        announced: vec![Announced { made, announce: Announce::Once }],
        unacknowledged: 0,
        acknowledged_too_early: vec![7],
        now: Timestamp::from_millis(0),
        well: None,
        window: 1,
        queue: Depths::default(),
        removed_by_others: BTreeSet::new(),
        lacking: Vec::new(),
        reconciles: false,
        orders: Vec::new(),
        forgotten_too_early: vec!["b1.1.submit_builds#1".to_owned()],
        ended: vec!["a ended by itself".to_owned()],
    };
    assert!(!observed.is_at_rest());
    let always = invariants::broken(invariants::ALWAYS, &observed);
    assert_eq!(always.len(), 3, "{always:?}");
    let at_rest = invariants::broken(invariants::AT_REST, &observed);
    assert_eq!(at_rest, ["invariant_no_trigger_is_forgotten: no trigger: alpha-1-1.fc45 (Once)"]);
}
