use super::{orphans, readiness};
use crate::{model::Orphan, paint::shown};

#[test]
fn a_readiness_names_what_does_not_hold() {
    let given = serde_json::json!({"ok": false, "leading": true, "conditions": [
        {"name": "database", "need": "always", "fault": null}, {"name": "queue", "need": "leading", "fault": "no answer"}]});
    let text = shown(&readiness(&serde_json::from_value(given).unwrap()), false);
    insta::assert_snapshot!(text, @"
    not ready, leading
      CONDITION  NEEDED   STATE
      database   always   ok
      queue      leading  no answer
    ");
}

#[test]
fn what_belongs_to_no_batch_is_told_with_what_becomes_of_it() {
    assert_eq!(orphans(&[]), "nothing of ours belongs to no batch");
    let orphan = |kind: &str, name: &str, removal| Orphan {
        kind: kind.to_owned(),
        name: name.to_owned(),
        what: "left over".to_owned(),
        first_seen: 1_795_348_800_000,
        removal,
    };
    let told = shown(
        &orphans(&[
            orphan("side_tag", "eln-build-side-7", Some(1_795_435_200_000)),
            orphan("update", "FEDORA-2026-1", None),
        ]),
        false,
    );
    insta::assert_snapshot!(told, @r"
    KIND      NAME              SEEN SINCE            REMOVED FROM          WHAT
    side_tag  eln-build-side-7  2026-11-22T12:00:00Z  2026-11-23T12:00:00Z  left over
    update    FEDORA-2026-1     2026-11-22T12:00:00Z  a person decides      left over
    ");
}
