use ebs_shared::clock::System;

use super::*;

#[test]
fn a_refused_refresh_keeps_the_last_snapshot_in_sight_with_the_reason() {
    let registry = Registry::new();
    let board = Board::new(Arc::new(System), &registry).unwrap();
    assert_eq!(board.view(), ConfigurationView::default());
    let at = board.accepted(3, "commit abc of /srv/config#main");
    board.refused("git is away");
    board.refused("git is away");
    let view = board.view();
    assert_eq!(
        (view.snapshot, view.loaded, view.refused.as_deref()),
        (Some(3), Some(at), Some("git is away"))
    );
    assert_eq!(view.origin.as_deref(), Some("commit abc of /srv/config#main"));
    let value = |name: &str| {
        let families = registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let metric = family.get_metric()[0].clone();
        metric.get_gauge().get_value() + metric.get_counter().get_value()
    };
    let close = |name: &str, wanted: f64| (value(name) - wanted).abs() < 0.1;
    assert!(close("ebs_configuration_snapshot", 3.0) && close("ebs_configuration_refused", 1.0));
    assert!(close("ebs_configuration_refusals_total", 2.0));
    board.accepted(4, "commit abd of /srv/config#main");
    assert_eq!(board.view().refused, None);
    let change = |snapshot| ConfigurationChange {
        snapshot,
        origin: "commit abd".to_owned(),
        at,
        sentences: vec!["pause: batches are paused".to_owned()],
    };
    (1..=30).for_each(|snapshot| board.changed(change(snapshot)));
    let shown = board.view().changes;
    assert_eq!((shown.len(), shown[0].snapshot), (20, 30), "the newest, and not too many");
    assert!(close("ebs_configuration_snapshot", 4.0) && close("ebs_configuration_refused", 0.0));
}
