use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::{Arguments, run};

/// What `ebsctl` prints, its complaints, and its exit code, with this answer at this place.
async fn ebsctl(
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

#[test]
fn the_command_line_is_without_contradiction() {
    Arguments::command().debug_assert();
}

#[test]
fn every_verb_and_option_has_a_help() {
    let help = Arguments::command().render_long_help().to_string();
    for word in ["status", "ready", "--url", "--json", "Exit codes"] {
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
