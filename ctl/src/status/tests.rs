use crate::{model::Status, paint::shown};

/// A status as it is printed to a pipe.
fn status(status: &Status) -> String {
    shown(&super::words(status), false)
}

#[test]
fn a_status_reads_as_sentences() {
    let given = serde_json::json!({
        "version": "0.0.0", "now": 10_000_000, "leader": {"instance": "one", "here": true}, "paused": "an operator said so",
        "configuration": {"snapshot": 12, "origin": "commit 0123 of /srv/config#main", "loaded": 9_400_000, "refused": "no such ref",
            "changes": [{"snapshot": 11, "origin": "commit 0123 of /srv, by Alice", "at": 6_400_000, "sentences": ["enter: jq"]}]},
        "current": {
            "id": 7, "phase": "building", "phase_since": 9_970_000, "created": 9_000_000, "side_tag": "eln-build-side-1",
            "waiting": "Koji is offline",
            "slices": [{"order": 10, "attempt": 2, "builds": [
                {"state": "succeeded", "count": 3}, {"state": "building", "count": 1}]}],
            "groups": [{"number": 1, "alias": "FEDORA-1", "status": "held", "builds": 2, "text": "refused"}],
        },
        "lingering": [{"id": 4, "phase": "lingering", "phase_since": 9_400_000, "builds": [
            {"component": "webkitgtk", "state": "detached", "detached": true, "since": 1_000_000, "task": 139}, {"state": "succeeded"}]}],
        "pending_total": 3, "pending": [
            {"component": "curl", "nvr": "curl-8-1.fc45", "created": 9_400_000, "cause": "late: archive", "late": true},
            {"component": "sed", "nvr": "sed-4-1.fc45", "created": 9_400_000, "cause": "message", "late": false}],
        "earlier_groups": [{"batch": 5, "group": {"number": 2, "status": "held", "builds": 1, "text": "no"}}],
        "recent": [{"id": 6, "outcome": "done", "ended": 1_000_000, "succeeded": 5, "failed": 1, "others": 0, "updates": 1}],
        "credentials": [
            {"credential": "bus_certificate", "stage": "week", "ends": 270_000_000, "fault": null},
            {"credential": "redis_authority", "stage": "unreadable", "ends": null, "fault": "there is none"}],
        "reconcile": {"at": 2_800_000, "next": 13_600_000, "counts": {"missing": 3, "stale": 2}, "not_wanted": 4, "kept_back": 1,
            "held": ["new batches are paused: an operator said so"]},
        "effects_open": 4, "of a later version": [],
    });
    let text = status(&serde_json::from_value(given).unwrap());
    insta::assert_snapshot!(text, @"
    ELNBuildSync 0.0.0, led by one
    configuration: snapshot 12, commit 0123 of /srv/config#main, loaded 10 min ago
    configuration changed 60 min ago, snapshot 11, commit 0123 of /srv, by Alice:
      enter: jq
    configuration refused, the last stays: no such ref
    paused: an operator said so
    batch 7: building for 30 s, begun 16 min ago, in eln-build-side-1
      waits: Koji is offline
      SLICE  ATTEMPT  BUILDS
         10        2  3 succeeded, 1 building
      GROUP  BUILDS  STATUS  UPDATE    WHY
          1       2  held    FEDORA-1  refused
    batch 4: lingering for 10 min, holds up nothing; detached builds:
      COMPONENT  STATE     FOR  TASK
      webkitgtk  detached  2 h   139
    3 triggers wait, 4 effects are open
      COMPONENT  BUILD          WAITS   FROM
      curl       curl-8-1.fc45  10 min  late: archive
      sed        sed-4-1.fc45   10 min  message
      and 1 more
    credential bus_certificate ends in 3 days: renew it
    credential redis_authority cannot be read: there is none
    reconcile: 3 missing, 2 stale, 4 unwanted; compared 2 h ago, again within 60 min
      nothing is triggered: new batches are paused: an operator said so
      1 wait for a person: see `ebsctl reconcile show`
    groups of batches before, still open:
      BATCH  GROUP  BUILDS  STATUS  UPDATE  WHY
          5      2       1  held    -       no
    batches before:
      BATCH  END   AGO  SUCCEEDED  FAILED  OTHERS  UPDATES
          6  done  2 h          5       1       0        1
    ");
}

#[test]
fn a_status_without_anything_says_so() {
    let text = status(&serde_json::from_str("{}").unwrap());
    insta::assert_snapshot!(text, @"
    ELNBuildSync , led by nobody
    no batch runs
    0 triggers wait, 0 effects are open
    reconcile: Rawhide and ELN were never compared
    ");
}

/// The lines of a status about reconcile, with this of the coordinator, at this moment.
fn reconcile_of(reconcile: &serde_json::Value) -> String {
    let given = serde_json::json!({ "now": 10_000_000, "reconcile": reconcile });
    let text = status(&serde_json::from_value(given).unwrap());
    text.lines().filter(|line| line.starts_with("reconcile")).collect::<Vec<_>>().join("\n")
}

#[test]
fn reconcile_says_when_it_looked_what_it_found_and_when_it_looks_again() {
    let found = |key: &str, value: i64| {
        let mut found = serde_json::json!({"at": 9_700_000, "counts": {"missing": 1, "stale": 0}});
        found[key] = value.into();
        reconcile_of(&found)
    };
    assert_eq!(
        found("next", 9_999_000),
        "reconcile: 1 missing, 0 stale, unknown how many unwanted; compared 5 min ago, due again"
    );
    let only_asked = found("not_wanted", 0);
    assert!(only_asked.ends_with("0 unwanted; compared 5 min ago, again when somebody asks"));
    let failing = reconcile_of(
        &serde_json::json!({"failing_since": 9_400_000, "fault": "Koji does not list `f45`"}),
    );
    assert_eq!(
        failing,
        "reconcile: the tags are not compared for 10 min: Koji does not list `f45`"
    );
}

#[test]
fn only_some_triggers_are_named_and_the_others_are_counted() {
    let one = serde_json::json!({"component": "a", "nvr": "a-1-1"});
    let given = serde_json::json!({"pending_total": 100, "pending": vec![one; 50]});
    let text = status(&serde_json::from_value(given).unwrap());
    assert_eq!(text.matches("a-1-1").count(), 20);
    assert!(text.contains("and 80 more"), "{text}");
}
