use ebs_shared::clock::System;

use super::*;

#[test]
fn a_refused_refresh_keeps_the_last_snapshot_in_sight_with_the_reason() {
    let metrics = Metrics::new().unwrap();
    let board = Board::new(Arc::new(System), BoardMetrics::register(&metrics).unwrap());
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
    let shows = |line: &str| metrics.render().unwrap().lines().any(|found| found == line);
    assert!(shows("ebs_configuration_snapshot 3") && shows("ebs_configuration_refused 1"));
    assert!(shows("ebs_configuration_refusals_total 2"));
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
    assert!(shows("ebs_configuration_snapshot 4") && shows("ebs_configuration_refused 0"));
}
