use super::*;

fn told(report: serde_json::Value) -> String {
    let body = serde_json::json!({ "last": report, "dry_run": {"v": 1, "found": null} });
    words(&pick(body.to_string().as_bytes(), false).unwrap())
}

#[test]
fn a_report_says_how_many_stand_how_and_what_becomes_of_each() {
    let text = told(serde_json::json!({
        "v": 1, "fault": null,
        "found": {
            "at": 1_795_348_800_000_i64, "asked": {"v": 1, "request": 7, "who": "token/alice", "why": "over"},
            "snapshot": 12, "rawhide": "f45", "eln": "eln",
            "counts": {"wanted": 9, "missing": 1, "stale": 1, "current": 7, "excluded": 2},
            "held": ["new batches are paused: mass rebuild"],
            "findings": [
                {"component": "ipa", "kind": "stale", "rawhide": "freeipa-4.12-3.fc45", "eln": "ipa-4.12-2.eln150",
                 "since": 1_795_348_800_000_i64, "fate": "held", "text": "nothing is triggered by this run"},
            ],
            "not_wanted": ["emacs-1-1.eln150"],
        },
    }));
    assert_eq!(
        text,
        "f45 and eln compared at 2026-11-22T12:00:00Z, asked for by token/alice (over)\n\
         9 wanted: 1 missing, 1 stale, 7 current, 0 newer in ELN, 0 only in ELN, 0 nowhere; 2 excluded\n\
         nothing is triggered: new batches are paused: mass rebuild\n\
         ipa: stale, freeipa-4.12-3.fc45 for ipa-4.12-2.eln150, since 2026-11-22T12:00:00Z: nothing is triggered by this run\n\
         in ELN and wanted by nobody: emacs-1-1.eln150\n"
    );
}

#[test]
fn a_fault_and_what_was_never_looked_at_are_said() {
    let fault = serde_json::json!({"since": 1_795_348_800_000_i64, "why": "Koji does not list `f45`", "asked": null});
    let text = told(serde_json::json!({"v": 1, "found": null, "fault": fault}));
    assert_eq!(
        text,
        "since 2026-11-22T12:00:00Z the tags are not compared: Koji does not list `f45`\nthe tags were never compared\n"
    );
}
