use std::{fs, path::PathBuf};

use super::{Posted, has_word, posted};
use crate::bodhi::api::BodhiErrorKind;

/// What a recorded answer means, in one line.
fn meaning(status: u16, recording: &str, nvrs: &[&str]) -> String {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/bodhi").join(recording);
    shown(posted(
        status,
        &fs::read(path).unwrap(),
        &nvrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
    ))
}

fn shown(posted: Posted) -> String {
    match posted {
        Posted::Made(update) => format!("made {} of {} builds", update.alias, update.builds.len()),
        Posted::Denied(_) => "denied".to_owned(),
        Posted::Failed(BodhiErrorKind::NoAnswer(why)) => format!("no answer: {why}"),
        Posted::Failed(BodhiErrorKind::Refused { complaints, builds }) => {
            format!("refused with {} complaints, naming {builds:?}", complaints.len())
        }
        Posted::Failed(kind) => kind.to_string(),
    }
}

#[test]
fn recorded_answers_mean_what_the_caller_can_do() {
    assert_eq!(
        meaning(200, "018-create-ok-5-builds.reply.json", &[]),
        "made FEDORA-2026-b7cadc139e of 5 builds"
    );
    assert_eq!(
        meaning(200, "150-create-ok-two-releases.reply.json", &["twob-1-1.fc46"]),
        "made FEDORA-2026-26a7415fcf of 1 builds"
    );
    assert_eq!(meaning(400, "025-create-bad-wrong-csrf.reply.json", &[]), "denied");
    assert_eq!(meaning(400, "024-create-bad-no-csrf.reply.json", &[]), "denied");
    assert_eq!(meaning(403, "027-create-bad-not-logged-in.reply.json", &[]), "denied");
    assert_eq!(
        meaning(400, "049-create-bad-same-side-tag.reply.json", &[]),
        "an update from this side tag exists already"
    );
    assert_eq!(
        meaning(400, "057-create-bad-koji-down-getbuild.reply.json", &[]),
        "not available: Bodhi failed to ask Koji about a build"
    );
    insta::assert_snapshot!(meaning(400, "058-create-bad-but-created.reply.json", &[]), @"no answer: Unable to create update.  [Errno 111] Connection refused");
    insta::assert_snapshot!(meaning(500, "056-create-bad-koji-down.reply.json", &[]), @"no answer: status 500, GenericError: Unable to connect to the hub");
    assert!(
        meaning(500, "160-create-crash-long-nvr.reply.txt", &[])
            .starts_with("no answer: status 500, the body `Internal")
    );
    assert!(
        meaning(500, "161-after-crash-post.reply.json", &[])
            .starts_with("no answer: status 500, PendingRollbackError")
    );
    assert_eq!(
        meaning(404, "066-unknown-path.reply.html", &[]),
        "not available: status 404, HTML in place of JSON"
    );
}

#[test]
fn a_refusal_names_the_builds_it_is_about() {
    let other = "050-create-bad-build-in-other-update.reply.json";
    assert_eq!(
        meaning(400, other, &["bash-5.3.9-2.eln150", "bash-5.3.9-2.eln15", "zsh-1-1"]),
        r#"refused with 1 complaints, naming ["bash-5.3.9-2.eln150"]"#
    );
    assert_eq!(
        meaning(
            400,
            "051-create-bad-two-builds-of-package.reply.json",
            &["dup-1-1.eln150", "x-1-1"]
        ),
        r#"refused with 1 complaints, naming ["dup-1-1.eln150"]"#
    );
    assert_eq!(
        meaning(
            403,
            "031-create-bad-other-users-side-tag.reply.json",
            &["tar-1.35-6.eln150", "target-1-1"]
        ),
        r#"refused with 1 complaints, naming ["tar-1.35-6.eln150"]"#
    );
    assert_eq!(
        meaning(400, "055-create-bad-no-release.reply.json", &["norel-1-1.eln150"]),
        r#"refused with 1 complaints, naming ["norel-1-1.eln150"]"#
    );
    assert_eq!(
        meaning(400, "046-create-bad-unknown-side-tag.reply.json", &["x-1-1"]),
        "refused with 2 complaints, naming []"
    );
}

#[test]
fn what_is_no_json_settles_nothing() {
    assert_eq!(
        shown(posted(200, b"<html>", &[])),
        "no answer: HTML in place of JSON: expected value at line 1 column 1"
    );
    assert_eq!(
        shown(posted(502, b"<html>Bad gateway", &[])),
        "no answer: status 502, HTML in place of JSON"
    );
    assert_eq!(
        shown(posted(200, br#"{"alias": "FEDORA-2"#, &[])).split(':').next(),
        Some("no answer")
    );
    assert_eq!(shown(posted(400, b"", &[])), "no answer: status 400, an empty body");
    assert_eq!(
        shown(posted(200, br#"{"updates": []}"#, &[])),
        "no answer: an empty list of updates"
    );
}

#[test]
fn an_nvr_is_found_as_a_whole_only() {
    assert!(has_word("Build does not exist: a-1-1.", "a-1-1"));
    assert!(!has_word("Update for aa-1-1 already exists", "a-1-1"));
    assert!(!has_word("Update for a-1-1.1 already exists", "a-1-1"));
}
