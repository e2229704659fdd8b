use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, path},
};

use super::{Arguments, run};

/// What `ebsctl` prints, its complaints, and its exit code, with this answer at this place.
pub(crate) async fn ebsctl(
    words: &[&str],
    place: &str,
    answer: ResponseTemplate,
) -> (String, String, ExitCode) {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    Mock::given(path(place)).respond_with(answer).mount(&server).await;
    let url = server.uri();
    let all = ["ebsctl", "--url", &url].into_iter().chain(words.iter().copied());
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let code = run(Arguments::parse_from(all), &mut out, &mut complaints).await;
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), code)
}

fn ready(status: u16, ok: bool) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_json(serde_json::json!({"ok": ok, "leading": true, "conditions": []}))
}

#[tokio::test]
async fn whether_a_program_is_alive_is_the_exit_code_in_words_or_json() {
    let worker = |status, said| ResponseTemplate::new(status).set_body_string(said);
    let (out, _, code) = ebsctl(&["alive"], "/alive", worker(200, "alive\n")).await;
    assert_eq!((out.as_str(), code), ("alive\n", ExitCode::SUCCESS));
    let (out, _, code) = ebsctl(&["alive"], "/alive", worker(503, "it stands still\n")).await;
    assert_eq!((out.as_str(), code), ("it stands still\n", ExitCode::from(1)));
    let (out, _, code) = ebsctl(&["alive"], "/alive", ready(200, true)).await;
    assert_eq!((out.as_str(), code), ("alive\n", ExitCode::SUCCESS));
    let silent = serde_json::json!({"name": "lease", "need": "alive", "fault": "not heard of"});
    let answer = serde_json::json!({"ok": false, "conditions": [silent]});
    let answer = ResponseTemplate::new(503).set_body_json(answer);
    let (out, _, code) = ebsctl(&["alive"], "/alive", answer).await;
    assert_eq!((out.as_str(), code), ("not alive: lease: not heard of\n", ExitCode::from(1)));
    let (out, complaints, code) = ebsctl(&["alive"], "/alive", worker(404, "")).await;
    assert!(out.is_empty() && complaints.contains("404"), "{complaints}");
    assert_eq!(code, ExitCode::from(3));
}

#[test]
fn the_command_line_is_without_contradiction() {
    Arguments::command().debug_assert();
}

#[tokio::test]
async fn a_flag_comes_before_the_settings_file_and_a_broken_one_is_code_2_unless_nobody_is_asked() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("ebsctl.toml");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    Mock::given(path("/ready")).respond_with(ready(200, true)).mount(&server).await;
    let said = async |words: &[&str], text: &str| {
        std::fs::write(&file, text).unwrap();
        let all = ["ebsctl"].iter().chain(words);
        let arguments = Arguments::parse_from(all).with_usual_settings(Some(file.clone()));
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        let code = run(arguments, &mut out, &mut complaints).await;
        (code, String::from_utf8(complaints).unwrap())
    };
    let here = format!("url = '{}'\n", server.uri());
    assert_eq!(said(&["ready"], &here).await.0, ExitCode::SUCCESS);
    let url = server.uri();
    let elsewhere = "url = 'http://127.0.0.1:1'\n";
    assert_eq!(said(&["ready", "--url", &url], elsewhere).await.0, ExitCode::SUCCESS);
    let (code, complaint) = said(&["unpause", "--reason", "over"], &here).await;
    assert!(code == ExitCode::from(3) && complaint.contains("`token_file`"), "{complaint}");
    let (code, complaint) = said(&["ready"], "adress = 1\n").await;
    assert!(code == ExitCode::from(2) && complaint.contains("`adress`"), "{complaint}");
    let new = ["token", "new", "--name", "alice", "--scope", "read"];
    assert_eq!(said(&new, "adress = 1\n").await.0, ExitCode::SUCCESS);
}

#[test]
fn every_verb_and_option_has_a_help() {
    let help = Arguments::command().render_long_help().to_string();
    for word in [
        "status",
        "ready",
        "dead",
        "token",
        "--token-file",
        "--settings-file",
        "--url",
        "--json",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
}

#[tokio::test]
async fn readiness_is_the_exit_code() {
    let (out, _, code) = ebsctl(&["ready"], "/ready", ready(200, true)).await;
    assert_eq!((out.as_str(), code), ("ready, leading\n", ExitCode::SUCCESS));
    let (out, _, code) = ebsctl(&["ready"], "/ready", ready(503, false)).await;
    assert_eq!((out.as_str(), code), ("not ready, leading\n", ExitCode::from(1)));
}

#[tokio::test]
async fn json_is_printed_unchanged() {
    let body = r#"{"now": 5,   "unknown": [1]}"#;
    let answer = ResponseTemplate::new(200).set_body_string(body);
    let (out, _, code) = ebsctl(&["status", "--json"], "/status.json", answer).await;
    assert_eq!((out.trim_end(), code), (body, ExitCode::SUCCESS));
}

#[tokio::test]
async fn an_answer_that_is_no_status_is_code_3_and_says_why() {
    for (status, body) in [(503, "{}"), (200, "<html>"), (200, "[1]"), (200, "{\"now\": \"x\"}")] {
        let answer = ResponseTemplate::new(status).set_body_string(body);
        let (out, complaints, code) = ebsctl(&["status"], "/status.json", answer).await;
        assert_eq!((out.as_str(), code), ("", ExitCode::from(3)), "{body}");
        assert!(complaints.starts_with("ebsctl: "), "{complaints}");
    }
}

#[tokio::test]
async fn a_coordinator_that_is_not_there_is_code_3() {
    // The port was free a moment ago, and nobody listens on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://127.0.0.1:{port}");
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let asked = Arguments::parse_from(["ebsctl", "--url", &url, "ready"]);
    assert_eq!(run(asked, &mut out, &mut complaints).await, ExitCode::from(3));
    assert!(String::from_utf8(complaints).unwrap().contains("no answer from"));
}

/// A file with a token, and the answer of a coordinator that checks it.
async fn asked(answer: ResponseTemplate, action: &str) -> (String, String, ExitCode) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    Mock::given(path(format!("/api/dead/b7.1.submit_update%232/{action}")))
        .and(wiremock::matchers::method("POST"))
        .and(wiremock::matchers::header("authorization", "Bearer ebs_secret"))
        .and(wiremock::matchers::body_json(serde_json::json!({"reason": "it is mended"})))
        .respond_with(answer)
        .mount(&server)
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ebs_secret\n").unwrap();
    let (url, file) = (server.uri(), file.path().to_str().unwrap().to_owned());
    let all = ["ebsctl", "--url", &url, "--token-file", &file, "dead", action];
    let more = ["b7.1.submit_update#2", "--reason", "it is mended"];
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let arguments = Arguments::parse_from(all.into_iter().chain(more));
    let code = run(arguments, &mut out, &mut complaints).await;
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), code)
}

#[tokio::test]
async fn a_decision_on_a_dead_job_is_sent_with_token_and_reason() {
    let done = serde_json::json!({"request": 4, "result": "done"});
    let (out, _, code) = asked(ResponseTemplate::new(200).set_body_json(done), "redrive").await;
    assert_eq!((out.as_str(), code), ("request 4: done\n", ExitCode::SUCCESS));
    let later = serde_json::json!({"request": 4, "result": null});
    let (out, _, code) = asked(ResponseTemplate::new(202).set_body_json(later), "give-up").await;
    assert!(out.contains("no leader has answered it yet"), "{out}");
    assert_eq!(code, ExitCode::from(1));
    let no = serde_json::json!({"error": "refused", "text": "batch 7 has ended"});
    let (out, complaints, code) =
        asked(ResponseTemplate::new(409).set_body_json(no), "redrive").await;
    assert_eq!((out.as_str(), code), ("", ExitCode::from(3)));
    assert_eq!(complaints, "ebsctl: batch 7 has ended (refused)\n");
}

#[tokio::test]
async fn a_change_without_a_token_is_not_sent() {
    let words = ["dead", "give-up", "j#1", "--reason", "r"];
    let (_, complaints, code) = ebsctl(&words, "/", ResponseTemplate::new(500)).await;
    assert!(complaints.contains("--token-file"), "{complaints}");
    assert_eq!(code, ExitCode::from(3));
}

#[tokio::test]
async fn dead_jobs_are_shown_with_their_history() {
    let list = serde_json::json!([{
        "job": "b7.1.submit_update#2", "kind": "submit_update", "batch": 7, "attempts": 5,
        "what": "make an update of 3 builds from errata-1", "since": 1_795_348_800_000_i64,
        "error": "its holder vanished in each of 5 attempts", "workers": ["worker-1", "worker-3"],
        "suffers": "group 2 of batch 7"
    }]);
    let answer = ResponseTemplate::new(200).set_body_json(list);
    let (out, _, code) = ebsctl(&["dead", "list"], "/api/dead", answer).await;
    assert_eq!(code, ExitCode::SUCCESS);
    insta::assert_snapshot!(out, @"
    b7.1.submit_update#2: make an update of 3 builds from errata-1
      since 2026-11-22T12:00:00Z, begun 5 times: its holder vanished in each of 5 attempts
      held by worker-1, worker-3
      for it suffers only: group 2 of batch 7
    ");
}

#[tokio::test]
async fn a_new_token_is_printed_with_the_line_that_lets_it_in() {
    let words =
        ["token", "new", "--name", "alice", "--scope", "operate", "--expires", "2027-01-31"];
    let (out, _, code) = ebsctl(&words, "/", ResponseTemplate::new(500)).await;
    assert_eq!(code, ExitCode::SUCCESS);
    let lines: Vec<&str> = out.lines().collect();
    let tokens: ebs_shared::token::Tokens = lines[4].parse().unwrap();
    assert_eq!(
        tokens
            .find(lines[1], ebs_shared::clock::Clock::now(&ebs_shared::clock::System))
            .unwrap()
            .name(),
        "alice"
    );
}

fn one_list(held: &serde_json::Value) -> ResponseTemplate {
    let list = serde_json::json!({"name": "eln/source", "acting": 100, "waiting": 2, "missing": 1,
        "accepted": 1_795_348_800_000_i64, "tried": 1_795_348_900_000_i64, "fault": null, "held": held});
    ResponseTemplate::new(200).set_body_json(serde_json::json!([list]))
}

fn jump() -> serde_json::Value {
    serde_json::json!({"since": 1_795_348_900_000_i64, "confirmed": false, "entering": 100, "leaving": 1,
        "enter": ["R", "zsh"], "leave": ["bash"]})
}

#[tokio::test]
async fn a_list_that_jumps_is_shown_with_what_would_change_and_what_to_do() {
    let (out, _, code) = ebsctl(&["lists", "show"], "/api/v1/lists", one_list(&jump())).await;
    assert_eq!(code, ExitCode::SUCCESS);
    let expected = "LIST        ACTING  WAITING  MISSING  AS OF                 STATE
eln/source     100        2        1  2026-11-22T12:00:00Z  held
eln/source: held since 2026-11-22T12:01:40Z: 100 names would enter, 1 would leave
  enter: R zsh and 98 more
  leave: bash
  let it with `ebsctl lists confirm eln/source --reason …`
";
    assert_eq!(out, expected);
}

/// What comes of a change that is expected at this place with this body; other answers there are, by place.
async fn changed(
    words: &[&str],
    (place, body): (&str, serde_json::Value),
    others: Option<(&str, ResponseTemplate)>,
) -> (String, String, ExitCode) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "ebs_secret\n").unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::start().await;
    if let Some((place, answer)) = others {
        Mock::given(path(place)).respond_with(answer).mount(&server).await;
    }
    let answer = serde_json::json!({"request": 7, "result": "done"});
    Mock::given(path(place))
        .and(body_json(body))
        .and(header("authorization", "Bearer ebs_secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let (url, file) = (server.uri(), file.display().to_string());
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let all = ["ebsctl", "--url", &url, "--token-file", &file];
    let all = all.into_iter().chain(words.iter().copied());
    let code = run(Arguments::parse_from(all), &mut out, &mut complaints).await;
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), code)
}

#[tokio::test]
async fn a_jump_is_confirmed_by_the_time_since_when_it_is_held() {
    let body = serde_json::json!({"reason": "meant", "since": 1_795_348_900_000_i64});
    let words = ["lists", "confirm", "eln/source", "--reason", "meant"];
    let lists = ("/api/v1/lists", one_list(&jump()));
    let asked = ("/api/v1/lists/eln/source/confirm", body);
    let (out, complaints, code) = changed(&words, asked, Some(lists)).await;
    assert_eq!((out.as_str(), complaints.as_str()), ("request 7: done\n", ""));
    assert_eq!(code, ExitCode::SUCCESS);
}

#[tokio::test]
async fn a_pause_is_asked_for_until_a_time_or_for_ever_and_ended_and_a_refresh_is_asked_for() {
    let words = ["pause", "--reason", "mass rebuild", "--until", "2026-11-22T12:01:40Z"];
    let body = serde_json::json!({"reason": "mass rebuild", "until": 1_795_348_900_000_i64});
    assert_eq!(changed(&words, ("/api/v1/pause", body), None).await.0, "request 7: done\n");
    let body = serde_json::json!({"reason": "mass rebuild", "until": null});
    assert_eq!(changed(&words[..3], ("/api/v1/pause", body), None).await.0, "request 7: done\n");
    let body = serde_json::json!({"reason": "over"});
    let words = ["unpause", "--reason", "over"];
    assert_eq!(
        changed(&words, ("/api/v1/unpause", body.clone()), None).await.0,
        "request 7: done\n"
    );
    let words = ["refresh", "--reason", "over"];
    assert_eq!(changed(&words, ("/api/v1/refresh", body), None).await.0, "request 7: done\n");
}

#[test]
fn a_span_of_a_pause_is_counted_from_now() {
    let parse = |span: &str| {
        let words = ["ebsctl", "pause", "--reason", "r", "--for", span];
        let super::Verb::Pause(pause) = Arguments::parse_from(words).verb else {
            panic!("`pause` is a pause")
        };
        pause.change(1_795_348_800_000)
    };
    assert_eq!(parse("90m").unwrap().body["until"], 1_795_354_200_000_i64);
    let fault = parse("soon").err().unwrap().to_string();
    assert!(fault.contains("`soon` is no span: write `90m`"), "{fault}");
}

#[tokio::test]
async fn a_list_that_is_not_held_or_not_there_is_not_confirmed() {
    let nothing = serde_json::Value::Null;
    for (name, why) in [
        ("eln/source", "the package list `eln/source` is not held"),
        ("eln/all", "there is no package list `eln/all`; there are: eln/source"),
    ] {
        let words = ["lists", "confirm", name, "--reason", "meant"];
        let (_, complaints, code) = ebsctl(&words, "/api/v1/lists", one_list(&nothing)).await;
        assert_eq!((complaints, code), (format!("ebsctl: {why}\n"), ExitCode::from(3)));
    }
}

fn denied() -> ResponseTemplate {
    let denial = |component: &str| {
        serde_json::json!({"component": component, "source": format!("git+https://x/{component}#1"),
            "class": "build", "text": "error: one\nerror: two", "batch": 7, "task": 99,
            "first": 1_795_348_800_000_i64, "last": 1_795_348_900_000_i64, "count": 2,
            "expires": 1_797_940_900_000_i64})
    };
    ResponseTemplate::new(200).set_body_json(serde_json::json!([denial("bash"), denial("zsh")]))
}

#[tokio::test]
async fn the_deny_list_is_a_line_each_and_one_component_is_shown_whole() {
    let (out, _, _) = ebsctl(&["deny", "list"], "/api/v1/denied", denied()).await;
    let expected = "COMPONENT  CLASS  BATCH  FAILED AT             NOT BUILT UNTIL
bash       build      7  2026-11-22T12:01:40Z  2026-12-22T12:01:40Z
zsh        build      7  2026-11-22T12:01:40Z  2026-12-22T12:01:40Z
";
    assert_eq!(out, expected);
    let bash =
        "bash: build in batch 7 at 2026-11-22T12:01:40Z, not built until 2026-12-22T12:01:40Z";
    let (out, _, _) = ebsctl(&["deny", "show", "bash"], "/api/v1/denied", denied()).await;
    let whole = format!(
        "{bash}\n  git+https://x/bash#1\n  failed in 2 batches since 2026-11-22T12:00:00Z, last in task 99\n  \
         | error: one\n  | error: two\n"
    );
    assert_eq!(out, whole);
    let words = ["deny", "show", "bash", "--json"];
    let (out, _, _) = ebsctl(&words, "/api/v1/denied", denied()).await;
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["component"]), (1, &"bash".into()));
    let (out, _, _) = ebsctl(&["deny", "list", "sed"], "/api/v1/denied", denied()).await;
    assert_eq!(out, "nothing is denied\n");
}

#[tokio::test]
async fn a_denial_that_came_over_from_another_service_names_no_batch_of_ours() {
    let row = serde_json::json!({"component": "bash", "source": "git+https://x/bash#1", "class": "imported",
        "text": "taken over", "task": null, "first": 1_795_348_800_000_i64, "last": 1_795_348_800_000_i64, "count": 1,
        "expires": 1_797_940_800_000_i64});
    let template = ResponseTemplate::new(200).set_body_json(serde_json::json!([row]));
    let (out, _, _) = ebsctl(&["deny", "list"], "/api/v1/denied", template.clone()).await;
    let line = out.lines().nth(1).unwrap_or_default();
    assert_eq!(line, "bash       imported  -      2026-11-22T12:00:00Z  2026-12-22T12:00:00Z");
    let (out, _, _) = ebsctl(&["deny", "show", "bash"], "/api/v1/denied", template.clone()).await;
    assert!(
        out.starts_with("bash: imported in the service before at 2026-11-22T12:00:00Z"),
        "{out}"
    );
    let words = ["deny", "show", "bash", "--json"];
    let (out, _, _) = ebsctl(&words, "/api/v1/denied", template).await;
    assert!(!out.contains("batch"), "{out}");
}

#[tokio::test]
async fn sources_are_taken_off_the_deny_list_by_name_by_pattern_or_all_at_once() {
    let place = "/api/v1/denied/remove";
    let words = ["deny", "remove", "--pattern", "^bash$", "--reason", "mended"];
    let body = serde_json::json!({"reason": "mended", "pattern": "^bash$", "dry_run": false});
    assert_eq!(changed(&words, (place, body), None).await.0, "request 7: done\n");
    let words = ["deny", "remove", "--source", "git+https://x/bash#1", "--reason", "mended"];
    let body =
        serde_json::json!({"reason": "mended", "source": "git+https://x/bash#1", "dry_run": false});
    assert_eq!(changed(&words, (place, body), None).await.0, "request 7: done\n");
    let both = ["ebsctl", "deny", "remove", "--source", "a", "--pattern", "b", "--reason", "c"];
    assert!(Arguments::try_parse_from(both).is_err(), "one of them");
    let words = ["deny", "remove", "--all", "--reason", "mass rebuild"];
    let body = serde_json::json!({"reason": "mass rebuild", "all": true, "dry_run": false});
    assert_eq!(changed(&words, (place, body), None).await.0, "request 7: done\n");
    for more in [&["--source", "a"][..], &["--pattern", "b"]] {
        let both = ["ebsctl", "deny", "remove", "--all", "--reason", "c"];
        let both = both.iter().chain(more);
        assert!(Arguments::try_parse_from(both).is_err(), "all, or some");
    }
}

#[tokio::test]
async fn the_batch_under_way_is_told_what_to_do_with_a_reason_and_what_would_be_done_is_sentences()
{
    let place = |action| format!("/api/v1/batches/57/{action}");
    let words = ["batch", "abort", "57", "--requeue", "--reason", "mended"];
    let body = serde_json::json!({"reason": "mended", "requeue": true, "dry_run": false});
    assert_eq!(changed(&words, (&place("abort"), body), None).await.0, "request 7: done\n");
    let body = serde_json::json!({"reason": "mended", "component": "bash", "dry_run": false});
    for action in ["drop", "fail", "detach"] {
        let words = ["batch", action, "57", "bash", "--reason", "mended"];
        let (out, ..) = changed(&words, (&place(action), body.clone()), None).await;
        assert_eq!(out, "request 7: done\n");
    }
    let would = serde_json::json!({"would": ["its task 7 is cancelled", "it ends"]});
    let would = ResponseTemplate::new(200).set_body_json(would);
    let words = ["batch", "fail", "57", "bash", "--reason", "mended", "--dry-run"];
    let nowhere = ("/nowhere", serde_json::json!({}));
    let (out, _, code) = changed(&words, nowhere, Some((&place("fail"), would))).await;
    let expected = "would: its task 7 is cancelled\nwould: it ends\n";
    assert_eq!((out.as_str(), code), (expected, ExitCode::SUCCESS));
}

#[tokio::test]
async fn a_held_group_is_retried_or_discarded_with_a_reason_and_what_would_be_done_is_a_sentence() {
    let body = serde_json::json!({"reason": "mended", "dry_run": false});
    for action in ["retry", "discard"] {
        let place = format!("/api/v1/batches/57/groups/3/{action}");
        let words = ["group", action, "57", "3", "--reason", "mended"];
        assert_eq!(changed(&words, (&place, body.clone()), None).await.0, "request 7: done\n");
    }
    let place = "/api/v1/batches/57/groups/3/discard";
    let would = ResponseTemplate::new(200).set_body_json(serde_json::json!({"would": "nothing"}));
    let words = ["group", "discard", "57", "3", "--reason", "mended", "--dry-run"];
    let nowhere = ("/nowhere", serde_json::json!({}));
    let (out, _, code) = changed(&words, nowhere, Some((place, would))).await;
    assert_eq!((out.as_str(), code), ("would: nothing\n", ExitCode::SUCCESS));
}

#[tokio::test]
async fn an_explanation_begins_with_its_sentence_and_marks_what_stands_in_the_way() {
    let body = serde_json::json!({"component": "kernel", "verdict": "kernel is not rebuilt: excluded.", "steps": [
        {"about": "list", "blocks": false, "text": "on the list eln/source"},
        {"about": "exclude", "blocks": true, "text": "excluded by the pattern `^kernel$`"},
    ]});
    let answer = ResponseTemplate::new(200).set_body_json(body);
    let place = "/api/v1/components/git+https:%2F%2Fsrc.fedoraproject.org%2Frpms%2Fkernel%230123";
    let words = ["explain", "git+https://src.fedoraproject.org/rpms/kernel#0123"];
    let (out, complaints, code) = ebsctl(&words, place, answer).await;
    let expected = "kernel is not rebuilt: excluded.\n  list     on the list eln/source\n! exclude  excluded by the pattern `^kernel$`\n";
    assert_eq!((out.as_str(), complaints.as_str()), (expected, ""));
    assert_eq!(code, ExitCode::SUCCESS);
}

#[tokio::test]
async fn the_next_batch_is_shown_slice_by_slice_with_what_is_not_seeded_or_left_out() {
    let body = serde_json::json!({
        "slices": [{"order": 10, "members": [{"component": "gcc", "nvrs": ["gcc-16-1", "gcc-16-2"], "seeded": false}]},
            {"order": 1000, "members": [{"component": "bash", "nvrs": ["bash-5-1"], "seeded": true}]}],
        "left_out": [{"component": "kernel", "why": "excluded by the pattern `^kernel$`"}],
        "pauses": ["The configuration says so."], "after": 7,
    });
    let answer = ResponseTemplate::new(200).set_body_json(body);
    let (out, _, code) = ebsctl(&["next"], "/api/v1/next", answer).await;
    let expected = "no batch begins: The configuration says so.
the next batch begins after batch 7
SLICE  COMPONENT  SEEDED  BUILDS
   10  gcc        no      gcc-16-1 gcc-16-2
 1000  bash       yes     bash-5-1
LEFT OUT  WHY
kernel    excluded by the pattern `^kernel$`
";
    assert_eq!((out.as_str(), code), (expected, ExitCode::SUCCESS));
}

#[test]
fn a_completion_script_and_a_page_for_each_verb_are_made_from_the_command_line() {
    let verb = |words: &[&str]| Arguments::parse_from(["ebsctl"].iter().chain(words)).verb;
    let super::Verb::Completion(completion) = verb(&["completion", "bash"]) else {
        panic!("`completion` is one")
    };
    let script = completion.text();
    assert!(script.contains("_ebsctl") && script.contains("explain"), "{script}");
    let folder = tempfile::TempDir::new().unwrap();
    let place = folder.path().join("man1");
    let words = ["man", "--folder", place.to_str().unwrap()];
    let super::Verb::Man(manual) = verb(&words) else { panic!("`man` is one") };
    manual.text().unwrap();
    for command in Arguments::command().get_subcommands() {
        let page = place.join(format!("ebsctl-{}.1", command.get_name()));
        assert!(page.exists(), "{}", page.display());
    }
    let super::Verb::Man(manual) = verb(&["man"]) else { panic!("`man` is one") };
    assert!(manual.text().unwrap().contains(".TH ebsctl 1"));
}

#[tokio::test]
async fn what_is_to_be_built_is_answered_name_by_name_and_the_exit_code_says_if_all_of_it_is() {
    let answer = |will: bool| {
        let names = serde_json::json!([
            {"asked": "freeipa", "component": "ipa", "nvr": "freeipa-4.12-3.fc45", "will": true, "why": "it waits for the next batch"},
            {"asked": "kernel", "component": "kernel", "nvr": null, "will": will, "why": "excluded by the pattern `^kernel$`"},
        ]);
        let body = serde_json::json!({"request": 7, "result": "done", "names": names});
        ResponseTemplate::new(200).set_body_json(body)
    };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "ebs_secret\n").unwrap();
    let file = file.display().to_string();
    let words = ["--token-file", &file, "trigger", "freeipa", "kernel", "--reason", "mended"];
    let (out, _, code) = ebsctl(&words, "/api/v1/triggers", answer(false)).await;
    let expected = "ASKED    COMPONENT  BUILD                BUILT  WHY
freeipa  ipa        freeipa-4.12-3.fc45  yes    it waits for the next batch
kernel   kernel     -                    no     excluded by the pattern `^kernel$`
request 7: done
";
    assert_eq!((out.as_str(), code), (expected, ExitCode::from(1)));
    assert_eq!(ebsctl(&words, "/api/v1/triggers", answer(true)).await.2, ExitCode::SUCCESS);
    assert!(Arguments::try_parse_from(["ebsctl", "trigger", "--reason", "r"]).is_err(), "no name");
}

#[tokio::test]
async fn all_that_failed_in_a_batch_can_be_asked_for_past_the_deny_list() {
    let words = ["trigger", "--failed-in", "9", "--force", "--dry-run", "--reason", "mended"];
    let body = serde_json::json!({"reason": "mended", "names": [], "failed_in": 9, "update": null, "side_tag": null, "force": true, "dry_run": true});
    assert_eq!(changed(&words, ("/api/v1/triggers", body), None).await.0, "request 7: done\n");
    let words = ["trigger", "bash", "--again", "--reason", "flags"];
    let body = serde_json::json!({"reason": "flags", "names": ["bash"], "failed_in": null, "update": null, "side_tag": null, "force": false, "again": true, "dry_run": false});
    assert_eq!(changed(&words, ("/api/v1/triggers", body), None).await.0, "request 7: done\n");
}

/// All verbs that have no verbs below them, each with the words that lead there and its help.
fn leaves(command: &clap::Command, words: &[String], found: &mut Vec<(String, String)>) {
    let below: Vec<_> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
    if below.is_empty() {
        found.push((words.join(" "), command.clone().render_long_help().to_string()));
    }
    for verb in below {
        let words = [words, &[verb.get_name().to_owned()]].concat();
        leaves(verb, &words, found);
    }
}

#[test]
fn the_help_of_each_verb_has_an_example_that_is_understood() {
    let mut found = Vec::new();
    leaves(&Arguments::command(), &["ebsctl".to_owned()], &mut found);
    assert!(found.len() > 20, "{found:?}");
    for (verb, help) in found {
        let examples = help.lines().filter(|line| line.starts_with(&format!("  {verb}")));
        let examples: Vec<&str> = examples.collect();
        assert!(!examples.is_empty(), "{verb} has no example: {help}");
        for example in examples {
            let understood = Arguments::try_parse_from(example.split_whitespace());
            understood.unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}
