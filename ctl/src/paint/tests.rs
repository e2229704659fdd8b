use clap::{ColorChoice, Parser as _};
use wiremock::ResponseTemplate;

use super::*;
use crate::{Arguments, tests::ebsctl};

#[test]
fn a_tone_is_an_escape_code_with_colours_and_nothing_without() {
    let text = format!("one {} three", toned(Tone::Odd, "two"));
    assert_eq!(shown(&text, false), "one two three");
    assert_eq!(shown(&text, true), "one \u{1b}[33mtwo\u{1b}[0m three");
    assert_eq!(width(&text), 13);
}

#[test]
fn escape_codes_in_texts_of_others_reach_no_terminal() {
    let text = format!("\u{1b}[31m{}\u{7}\r\n\tx", toned(Tone::Bad, "a\u{1b}[2Jb"));
    let wanted = "\u{fffd}[31ma\u{fffd}[2Jb\u{fffd}\u{fffd}\n\tx";
    assert_eq!(shown(&text, false), wanted);
    assert_eq!(shown(&text, true).matches('\u{1b}').count(), 2, "ours: on and off");
}

/// What is printed of a coordinator that is not ready, which says so in colours.
async fn printed(more: &[&str]) -> String {
    let condition = serde_json::json!({"name": "queue", "need": "leading", "fault": "\u{1b}[2J"});
    let body = serde_json::json!({"ok": false, "leading": true, "conditions": [condition]});
    let answer = ResponseTemplate::new(503).set_body_json(body);
    let words: Vec<&str> = ["ready"].iter().chain(more).copied().collect();
    ebsctl(&words, "/ready", answer).await.0
}

#[tokio::test]
async fn colours_are_there_when_they_are_forced_and_neither_in_a_pipe_nor_in_json() {
    let forced = printed(&["--color", "always"]).await;
    assert!(forced.starts_with("\u{1b}[31mnot ready\u{1b}[0m, leading\n"), "{forced:?}");
    assert!(!forced.contains("\u{1b}[2J"), "{forced:?}");
    for plain in [&["--color", "never"][..], &[], &["--json", "--color", "always"]] {
        let told = printed(plain).await;
        assert!(!told.contains('\u{1b}'), "{plain:?}: {told:?}");
    }
}

#[test]
fn a_pipe_is_no_terminal_and_a_word_stands_over_that() {
    let of = |words: &[&str]| {
        let words = ["ebsctl", "status"].iter().chain(words);
        let pipe: Vec<u8> = Vec::new();
        Arguments::parse_from(words).written_to(&pipe).color
    };
    assert_eq!(of(&[]), ColorChoice::Never);
    assert_eq!(of(&["--color", "auto"]), ColorChoice::Never);
    assert_eq!(of(&["--color", "always"]), ColorChoice::Always);
    assert_eq!(of(&["--color", "never"]), ColorChoice::Never);
}
