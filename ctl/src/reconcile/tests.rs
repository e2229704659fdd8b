use clap::Parser as _;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

use super::*;
use crate::{Arguments, paint::shown};

fn told(report: serde_json::Value) -> String {
    let body = serde_json::json!({ "last": report, "dry_run": {"v": 1, "found": null} });
    shown(&words(&pick(body.to_string().as_bytes(), false).unwrap()), false)
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
         COMPONENT  KIND   RAWHIDE              ELN                SINCE                 WHAT BECOMES OF IT\n\
         ipa        stale  freeipa-4.12-3.fc45  ipa-4.12-2.eln150  2026-11-22T12:00:00Z  nothing is triggered by this run\n\
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

/// What `ebsctl reconcile run` comes to where the request has this number and the report is of that one.
async fn asked(request: i64, report: &serde_json::Value) -> (String, ExitCode) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    let told = serde_json::json!({ "request": request, "result": "done" });
    Mock::given(method("POST"))
        .and(path("/api/v1/reconcile"))
        .and(header("authorization", "Bearer ebs_secret"))
        .and(body_json(serde_json::json!({ "reason": "over", "dry_run": true })))
        .respond_with(ResponseTemplate::new(200).set_body_json(told))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/api/v1/reconcile"))
        .respond_with(ResponseTemplate::new(200).set_body_json(report))
        .mount(&server)
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ebs_secret\n").unwrap();
    let (url, file) = (server.uri(), file.path().to_str().unwrap().to_owned());
    let words = ["ebsctl", "--url", &url, "--token-file", &file, "reconcile", "run"];
    let more = ["--dry-run", "--reason", "over"];
    let arguments = Arguments::parse_from(words.into_iter().chain(more));
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let code = crate::run(arguments, &mut out, &mut complaints).await;
    (String::from_utf8(out).unwrap(), code)
}

#[tokio::test]
async fn a_run_is_asked_for_with_a_reason_and_its_own_report_is_waited_for() {
    let demand = serde_json::json!({"v": 1, "request": 4, "who": "token/alice", "why": "over"});
    let found = serde_json::json!({"at": 0, "asked": demand, "rawhide": "f45", "eln": "eln", "not_wanted": []});
    let report = serde_json::json!({"last": {"v": 1}, "dry_run": {"v": 1, "found": found}});
    let (out, code) = asked(4, &report).await;
    assert!(out.starts_with("f45 and eln compared at 1970-01-01T00:00:00Z"), "{out}");
    assert_eq!(code, ExitCode::SUCCESS);
    let fault = serde_json::json!({"since": 0, "why": "Koji does not list `f45`", "asked": demand});
    let report = serde_json::json!({"last": {"v": 1}, "dry_run": {"v": 1, "fault": fault}});
    let (out, code) = asked(4, &report).await;
    assert!(out.contains("the tags are not compared: Koji does not list `f45`"), "{out}");
    assert_eq!(code, ExitCode::from(1));
}
