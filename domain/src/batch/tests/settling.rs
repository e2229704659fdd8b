use super::play::{Play, plan};

#[test]
fn a_newer_build_in_the_stable_tag_is_as_good() {
    insta::assert_snapshot!(Play::settling("a b", plan()).play(
        "updates F-1=testing 1007=a-1-1.eln; updates F-1=testing 900=b-1-0.eln; updates 901=b-1-10.eln 900=b-1-0.eln; removed"
    ), @"
    updates F-1=testing 1007=a-1-1.eln -> group 1 posted [a b]
    updates F-1=testing 900=b-1-0.eln -> nothing
    updates 901=b-1-10.eln 900=b-1-0.eln -> CLEANING; group 1 stable [a b]; remove side-1
    removed -> DONE; answer 1 built; answer 2 built
    ");
}

#[test]
fn every_other_end_of_an_update_has_a_name() {
    for (update, end) in [
        ("F-1=obsolete", "obsolete"),
        ("F-1=unpushed", "unpushed"),
        ("F-1=testing/failed", "gating_failed"),
        ("F-1=pending/pushed", "conflict"),
    ] {
        let text = Play::settling("a", plan()).play(&format!("updates {update}"));
        assert!(text.contains(&format!("CLEANING; group 1 {end} [a]")), "{text}");
    }
}

#[test]
fn slow_updates_are_warned_of_once_and_late_after_their_time() {
    let short = super::super::Plan {
        stable_timeout: std::time::Duration::from_secs(300),
        stable_warn: std::time::Duration::from_secs(100),
        poll_gap: std::time::Duration::from_secs(200),
        ..plan()
    };
    insta::assert_snapshot!(Play::settling("a", short).play(
        "updates F-1=testing; later 10; updates F-1=testing; later 90; updates F-1=testing; later 100; updates F-1=testing
         later 100; updates F-1=testing"
    ), @"
    updates F-1=testing -> group 1 posted [a]
    updates F-1=testing -> nothing
    updates F-1=testing -> group 1 posted [a]; slow updates
    updates F-1=testing -> group 1 posted [a]
    updates F-1=testing -> CLEANING; group 1 timed_out [a]; remove side-1
    ");
}

#[test]
fn the_time_of_an_outage_does_not_count() {
    let text =
        Play::settling("a", plan()).play("updates F-1=testing; later 900000; updates F-1=testing");
    assert!(!text.contains("CLEANING"), "{text}");
}

#[test]
fn the_figures_say_what_became_of_everything() {
    let mut play = Play::settling("a b", plan());
    play.quietly("updates F-1=stable; removed");
    insta::assert_snapshot!(serde_json::to_string(&play.batch.summary()).unwrap().replace('"', ""), @"{outcome:done,components:2,slices:1,attempts:1,builds_succeeded:2,builds_failed:{},builds_timed_out:0,builds_cancelled:0,builds_adopted:0,builds_dropped:0,builds_detached:0,updates:1,updates_by_end:{stable:1},groups_held:0,left_out:{},stable:2}");
}

#[test]
fn an_update_that_bodhi_does_not_know_is_late_only_after_a_span_of_looks_in_vain() {
    insta::assert_snapshot!(Play::settling("a", plan()).play(
        "updates F-1=404; later 200; updates F-1=404; updates F-1=testing; updates F-1=404; later 200; updates F-1=404
         later 100; updates F-1=404; removed"
    ), @"
    updates F-1=404 -> group 1 posted [a]
    updates F-1=404 -> nothing
    updates F-1=testing -> group 1 posted [a]
    updates F-1=404 -> group 1 posted [a]
    updates F-1=404 -> nothing
    updates F-1=404 -> CLEANING; group 1 vanished [a]; remove side-1
    removed -> DONE; answer 1 built
    ");
}

#[test]
fn a_group_of_the_last_version_is_read() {
    let old = r#"{"packed":[],"state":{"state":"posted","alias":"F-1","tag":"e-1","status":"testing","seen":null,
        "waited":{"secs":0,"nanos":0},"warned":false}}"#;
    let group: super::super::Group = serde_json::from_str(old).expect("as it was written");
    assert_eq!(group.posted().map(|posted| posted.unknown_since), Some(None));
}
